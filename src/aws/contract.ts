import { z } from 'zod';

/**
 * The messages between the state machine and its functions, by the state that sends them. Types,
 * failure replies, branches and the fields that the machine keeps follow from these schemas. Every
 * reply has all of its fields, because a missing path ends an execution without a catch. No reply
 * grows with the library. Names are in snake case, as is usual in the states language.
 */

export const functionNames = ['token-validator', 'media-lister', 'video-downloader', 'run-manager'] as const;
export type FunctionName = (typeof functionNames)[number];

/** A run ends so many seconds after its start. The machine's time-out is half an hour later. */
export const runSeconds = 11.5 * 3600;
/** After this many slices a work line waits for the next run. */
export const maxSlices = 200;

const provider = z.enum(['gopro']);

/** The input of an execution. Every field is optional. */
export const executionInput = z.object({
  provider: provider.default('gopro'),
  /** `schedule`: failed media wait for their next attempt. `manual`: all media are tried. */
  trigger: z.enum(['schedule', 'manual']).default('manual'),
  /** Read every page of the listing. */
  full_listing: z.boolean().default(false),
});
export type ExecutionInput = Readonly<z.input<typeof executionInput>>;
export type RunInput = Readonly<z.output<typeof executionInput>>;

/** The execution of a run. */
const execution = z.object({
  arn: z.string(),
  /** The correlation id, and the id of the run. */
  name: z.string(),
  /** ISO 8601. */
  started_at: z.string(),
});
export type Execution = Readonly<z.infer<typeof execution>>;

/** Why a state failed, in the shape of a Catch. Both texts are empty when it did not fail. */
export const stateError = z.object({
  /** The code of a SyncError, or the platform's name for an error. */
  Error: z.string().default(''),
  /** What happened and what to do, for a person. Some Catches have no Cause. */
  Cause: z.string().default(''),
});
export type StateError = Readonly<z.infer<typeof stateError>>;
export const noError: StateError = { Error: '', Cause: '' };

const error = stateError.default(noError);
const count = z.int().nonnegative();
const media = z.array(z.string()).readonly();

/** One line of the manifest, and one child of the map: one large medium or several small ones. */
const workLine = z.object({
  /** Counts from 1. */
  line: z.int(),
  media,
});
export type WorkLine = Readonly<z.infer<typeof workLine>>;

/** The progress of a work line. */
const sliceState = z.object({
  count,
  /** How many slices in a row brought no new byte. */
  idle: count,
});
export type SliceState = Readonly<z.infer<typeof sliceState>>;

/**
 * All messages. A default is the value of a field that a reply does not set, such as a failure
 * reply.
 */
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
      /** The holder of the lease: this execution, or another holder if the outcome is `overlap`. */
      holder: z.string().default(''),
      error,
    }),
  },
  ValidateTokens: {
    request: z.object({ provider, execution }),
    reply: z.object({
      outcome: z.enum(['valid', 'credentials-expired', 'failed']),
      /** 200 or 401; 500 for anything else. */
      statusCode: z.int().default(500),
      valid: z.boolean().default(false),
      /** The days since the secret was last written; null if unknown. */
      cookie_age_days: z.number().nullable().default(null),
      /** `none`: there are no credentials to validate. */
      validation_method: z.enum(['api_probe', 'none']).default('none'),
      duration_seconds: z.number().default(0),
      error,
    }),
    /** Fields for the log only. */
    dropped: ['statusCode', 'valid', 'duration_seconds'],
  },
  /** One slice of the listing. Its state is stored under `runs/<execution name>/`. */
  ListMedia: {
    request: z.object({
      provider,
      trigger: z.string(),
      full_listing: z.boolean(),
      deadline: z.string(),
      execution,
      /** How many slices came before this one. */
      slices: count,
    }),
    reply: z.object({
      outcome: z.enum(['done', 'go-on', 'failed']),
      slices: count,
      /** Media that the provider shows. */
      total_found: count.default(0),
      /** Media to work on. */
      new_count: count.default(0),
      /** Originals that were archived before this run. */
      already_synced: count.default(0),
      work_lines: count.default(0),
      /** The key in the bucket for runs. Empty until the outcome is `done`. */
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
      /** The ARN of the child execution, which owns the claims. */
      owner: z.string(),
      /** The parent execution. */
      execution,
    }),
    reply: z.object({
      /**
       * `deferred`: the deadline was reached, or another worker has the rest. `waiting`: the
       * provider does not offer all originals yet.
       */
      outcome: z.enum(['done', 'go-on', 'deferred', 'waiting', 'credentials-expired', 'failed', 'quarantined']),
      ...sliceState.shape,
      archived_files: count.default(0),
      archived_bytes: count.default(0),
      error,
    }),
    dropped: ['archived_files', 'archived_bytes'],
  },
  /** Records the work that a failed worker did not record. */
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
      /** Failed and quarantined media of the line. The list is cut to keep the payload small. */
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
      /** `notice`: the run is clean, and a notification is due. */
      outcome: z.enum(['clean', 'notice', 'partial', 'credentials-expired', 'failed']),
      /** The subject of the notification, if one is due: at most 100 ASCII characters. */
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
      /** False if this period of expired credentials was notified before. */
      notify: z.boolean().default(true),
      /**
       * The subject and text of the notification. NotifyCriticalFailure also reads this path after
       * a Catch.
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

/** A reply whose missing fields have their defaults. */
export function replyOf<Reply extends z.ZodObject>({ reply }: { readonly reply: Reply }, given: z.input<Reply>): z.output<Reply> {
  return reply.parse(given);
}

/** The fields of a reply that the machine keeps. */
export function keptFields({ reply, dropped = [] }: Message): readonly string[] {
  return Object.keys(reply.shape).filter((field) => !dropped.includes(field));
}

/** Facts that functions store in the tracker for each other. */
export const factNames = {
  /** The name of the execution follows. The value is the StateError that stopped all its lines. */
  stopped: 'run.stopped',
  /** The latest notified period of expired credentials. */
  episode: 'credentials.episode',
} as const;
