import { z } from 'zod';

/**
 * The messages between the state machine and its functions, by the state that sends them. Types,
 * failure replies, branches and the fields that the machine keeps derive from these schemas.
 * Every reply has all of its fields, because a missing path ends an execution without a catch.
 * No reply grows with the library. Names are in snake case, as the states language has them.
 */

export const functionNames = ['token-validator', 'media-lister', 'video-downloader', 'run-manager'] as const;
export type FunctionName = (typeof functionNames)[number];

/**
 * A run ends this long after its start, in seconds; the machine's time-out is half an hour later.
 */
export const runSeconds = 11.5 * 3600;
/** After this many slices a work line waits for the next run. */
export const maxSlices = 200;

const provider = z.enum(['gopro']);

/** What an execution is started with; every field may be missing. */
export const executionInput = z.object({
  provider: provider.default('gopro'),
  /** `schedule`: failed media wait for their next attempt. `manual`: all are tried. */
  trigger: z.enum(['schedule', 'manual']).default('manual'),
  /** Read every page of the listing. */
  full_listing: z.boolean().default(false),
});
export type ExecutionInput = Readonly<z.input<typeof executionInput>>;
export type RunInput = Readonly<z.output<typeof executionInput>>;

/** The execution of a run. */
const execution = z.object({
  arn: z.string(),
  /** Correlation id and id of the run. */
  name: z.string(),
  /** ISO 8601. */
  started_at: z.string(),
});
export type Execution = Readonly<z.infer<typeof execution>>;

/** Why a state failed, in the shape of a Catch; both texts are empty when it did not. */
export const stateError = z.object({
  /** A SyncError's code, or the platform's name for an error. */
  Error: z.string().default(''),
  /** For a person: what happened and what to do. Not every Catch has one. */
  Cause: z.string().default(''),
});
export type StateError = Readonly<z.infer<typeof stateError>>;
export const noError: StateError = { Error: '', Cause: '' };

const error = stateError.default(noError);
const count = z.int().nonnegative();
const media = z.array(z.string()).readonly();

/** One line of the manifest and one child of the map: one large medium or a group of small ones. */
const workLine = z.object({
  /** From 1. */
  line: z.int(),
  media,
});
export type WorkLine = Readonly<z.infer<typeof workLine>>;

/** How far a work line is. */
const sliceState = z.object({
  count,
  /** Slices in a row that brought no new byte. */
  idle: count,
});
export type SliceState = Readonly<z.infer<typeof sliceState>>;

/** A default is a field's value in a reply that does not set it, such as one to a failure. */
export const messages = {
  BeginRun: {
    request: z.object({ action: z.literal('begin'), input: z.unknown(), execution }),
    reply: z.object({
      outcome: z.enum(['granted', 'overlap', 'failed']),
      provider: z.string().default(''),
      trigger: z.string().default(''),
      full_listing: z.boolean().default(false),
      /** When the run ends; ISO 8601. */
      deadline: z.string().default(''),
      /** Who holds the lease: this execution, or with `overlap` another holder. */
      holder: z.string().default(''),
      error,
    }),
  },
  ValidateTokens: {
    request: z.object({ provider, execution }),
    reply: z.object({
      outcome: z.enum(['valid', 'credentials-expired', 'failed']),
      /** 200, 401, or 500 for anything else. */
      statusCode: z.int().default(500),
      valid: z.boolean().default(false),
      /** Since the secret was last written; null if unknown. */
      cookie_age_days: z.number().nullable().default(null),
      /** `none`: there was nothing to ask with. */
      validation_method: z.enum(['api_probe', 'none']).default('none'),
      duration_seconds: z.number().default(0),
      error,
    }),
    /** Fields for the log only. */
    dropped: ['statusCode', 'valid', 'duration_seconds'],
  },
  /** One slice of the listing; its state lies under `runs/<execution name>/`. */
  ListMedia: {
    request: z.object({
      provider,
      trigger: z.string(),
      full_listing: z.boolean(),
      deadline: z.string(),
      execution,
      /** Slices before this one. */
      slices: count,
    }),
    reply: z.object({
      outcome: z.enum(['done', 'go-on', 'failed']),
      slices: count,
      /** Media that the provider shows. */
      total_found: count.default(0),
      /** Media to work on. */
      new_count: count.default(0),
      /** Originals archived before this run. */
      already_synced: count.default(0),
      work_lines: count.default(0),
      /** In the bucket for runs; empty until `done`. */
      manifest_key: z.string().default(''),
      error,
    }),
  },
  /** One slice of one work line. */
  DownloadVideo: {
    request: z.object({
      provider,
      deadline: z.string(),
      line: workLine.extend({ media: media.refine(({ length }) => length > 0) }),
      slice: sliceState,
      /** ARN of the child execution: the owner of the claims. */
      owner: z.string(),
      /** The parent. */
      execution,
    }),
    reply: z.object({
      /** `deferred`: the deadline or another worker. `waiting`: the provider offers nothing yet. */
      outcome: z.enum(['done', 'go-on', 'deferred', 'waiting', 'credentials-expired', 'failed', 'quarantined']),
      ...sliceState.shape,
      archived_files: count.default(0),
      archived_bytes: count.default(0),
      error,
    }),
    dropped: ['archived_files', 'archived_bytes'],
  },
  /** Records what a failed worker left unrecorded. */
  MarkVideoFailed: {
    request: z.object({
      action: z.literal('mark-failed'),
      provider,
      line: workLine,
      owner: z.string(),
      execution,
      error: stateError,
    }),
    reply: z.object({
      outcome: z.enum(['failed', 'quarantined']),
      /** Failed and quarantined media of the line, cut where the payload would grow. */
      media: media.default([]),
      quarantined: count.default(0),
      error,
    }),
  },
  GenerateSummary: {
    request: z.object({
      action: z.literal('summarise'),
      provider,
      execution,
      total_found: z.int(),
      new_count: z.int(),
      already_synced: z.int(),
      cookie_age_days: z.number().nullable(),
    }),
    reply: z.object({
      /** `notice`: clean, and there is something to say. */
      outcome: z.enum(['clean', 'notice', 'partial', 'credentials-expired', 'failed']),
      /** Of the notification, if one is due; at most 100 ASCII characters. */
      subject: z.string().default(''),
      message: z.string().default(''),
      archived_files: count.default(0),
      failed_files: count.default(0),
      error,
    }),
  },
  /** Ends a run early. Any state may lead here, so only the execution and the error are known. */
  EndRun: {
    request: z.object({ action: z.literal('end'), input: z.unknown(), execution, error: stateError }),
    reply: z.object({
      /** False if this episode of expired credentials was notified before. */
      notify: z.boolean().default(true),
      /**
       * Subject and text of the notification. NotifyCriticalFailure reads this path after a Catch
       * too.
       */
      error,
    }),
  },
} as const satisfies Readonly<Record<string, Message>>;

export interface Message {
  readonly request: z.ZodObject;
  readonly reply: z.ZodObject;
  readonly dropped?: readonly string[];
}

type Messages = typeof messages;
export type AskingState = keyof Messages;
export type RequestOf<State extends AskingState> = Readonly<z.infer<Messages[State]['request']>>;
export type ReplyOf<State extends AskingState> = Readonly<z.infer<Messages[State]['reply']>>;

/** A reply in which all fields that are not given have their defaults. */
export function replyOf<Reply extends z.ZodObject>({ reply }: { readonly reply: Reply }, given: z.input<Reply>): z.output<Reply> {
  return reply.parse(given);
}

/** The fields of a reply that the machine keeps. */
export function keptFields({ reply, dropped = [] }: Message): readonly string[] {
  return Object.keys(reply.shape).filter((field) => !dropped.includes(field));
}

/** Facts that functions leave in the tracker for each other. */
export const factNames = {
  /** Followed by an execution's name: the StateError that stopped all its lines. */
  stopped: 'run.stopped',
  /** The notified episode of expired credentials. */
  episode: 'credentials.episode',
} as const;
