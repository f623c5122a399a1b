import { z } from 'zod';

/**
 * The messages between the state machine and its functions. Each message has the name of the state
 * that sends it. The types, the failure replies, the branches and the list of kept fields are
 * derived from these schemas. Every reply has all of its fields, because the execution ends if the
 * machine reads a missing field, and no Catch can prevent that. The size of a reply does not depend
 * on the size of the library. Field names are in snake case, as is usual in the states language.
 */

export const functionNames = ['token-validator', 'media-lister', 'video-downloader', 'run-manager'] as const;
export type FunctionName = (typeof functionNames)[number];

/**
 * The deadline of a run is this many seconds after its start. The machine's time-out is half an
 * hour later.
 */
export const runSeconds = 11.5 * 3600;
/**
 * The first step of a run may take this many seconds. It watches a lease holder for a whole term,
 * unless the holder is an execution.
 */
export const beginSeconds = 180;
/** After this many slices a work line waits for the next run. */
export const maxSlices = 200;

const provider = z.enum(['gopro']);

/** The input of an execution. Every field is optional. */
export const executionInput = z.object({
  provider: provider.default('gopro'),
  /**
   * With `schedule`, failed media wait until their next attempt is due. With `manual`, this run
   * tries failed media in any case.
   */
  trigger: z.enum(['schedule', 'manual']).default('manual'),
  /** True to read every page of the listing. */
  full_listing: z.boolean().default(false),
});
export type ExecutionInput = Readonly<z.input<typeof executionInput>>;
export type RunInput = Readonly<z.output<typeof executionInput>>;

/** The execution in which the run happens. */
const execution = z.object({
  arn: z.string(),
  /** The name of the execution. It is also the correlation id and the id of the run. */
  name: z.string(),
  /** The start of the execution, in ISO 8601. */
  started_at: z.string(),
});
export type Execution = Readonly<z.infer<typeof execution>>;

/** Why a state failed, in the shape of a Catch. Both texts are empty if the state did not fail. */
export const stateError = z.object({
  /** The code of a SyncError, or the name that the platform gives to its error. */
  Error: z.string().default(''),
  /** A text for a person: what happened and what to do. Some Catches have no Cause. */
  Cause: z.string().default(''),
});
export type StateError = Readonly<z.infer<typeof stateError>>;
export const noError: StateError = { Error: '', Cause: '' };

const error = stateError.default(noError);
const count = z.int().nonnegative();
const media = z.array(z.string()).readonly();

/**
 * One line of the manifest: one large medium or several small media. Each line is one child of the
 * map.
 */
const workLine = z.object({
  /** The number of the line. The first line has the number 1. */
  line: z.int(),
  media,
});
export type WorkLine = Readonly<z.infer<typeof workLine>>;

/** The progress of a work line over its slices. */
const sliceState = z.object({
  count,
  /** The weight of the slices in a row that stored nothing. See transfer/slice.ts. */
  idle: count,
});
export type SliceState = Readonly<z.infer<typeof sliceState>>;

/**
 * All messages. A field that a reply does not set gets its default, so a failure reply has to set
 * only few fields.
 */
export const messages = {
  BeginRun: {
    request: z.object({ action: z.literal('begin'), input: z.unknown(), execution }),
    reply: z.object({
      outcome: z.enum(['granted', 'overlap', 'failed']),
      provider: z.string().default(''),
      trigger: z.string().default(''),
      full_listing: z.boolean().default(false),
      /** When the run has to end, in ISO 8601. */
      deadline: z.string().default(''),
      /**
       * The holder of the run lease. The holder is this execution, unless the outcome is
       * `overlap`.
       */
      holder: z.string().default(''),
      error,
    }),
  },
  ValidateTokens: {
    request: z.object({ provider, execution }),
    reply: z.object({
      outcome: z.enum(['valid', 'credentials-expired', 'failed']),
      /** 200 for valid credentials, 401 for refused credentials, 500 for anything else. */
      statusCode: z.int().default(500),
      valid: z.boolean().default(false),
      /** The number of days since the secret was last written. It is null if unknown. */
      cookie_age_days: z.number().nullable().default(null),
      /** The value is `none` unless the provider accepted or refused the credentials. */
      validation_method: z.enum(['api_probe', 'none']).default('none'),
      duration_seconds: z.number().default(0),
      error,
    }),
    /** The machine drops these fields. They are only for the log. */
    dropped: ['statusCode', 'valid', 'duration_seconds'],
  },
  /**
   * Does one slice of the listing. The state of the listing is stored under `runs/<execution
   * name>/`.
   */
  ListMedia: {
    request: z.object({
      provider,
      trigger: z.string(),
      full_listing: z.boolean(),
      deadline: z.string(),
      execution,
      /** How many slices the listing has had before this slice. */
      slices: count,
    }),
    reply: z.object({
      outcome: z.enum(['done', 'go-on', 'failed']),
      slices: count,
      /** The number of media that the provider shows. */
      total_found: count.default(0),
      /** The number of media in the plan of the run. */
      new_count: count.default(0),
      /** The number of originals that were archived before this run. */
      already_synced: count.default(0),
      work_lines: count.default(0),
      /** The key of the manifest in the bucket for runs. Empty until the outcome is `done`. */
      manifest_key: z.string().default(''),
      error,
    }),
  },
  /** Does one slice of one work line. */
  DownloadVideo: {
    request: z.object({
      provider,
      deadline: z.string(),
      line: workLine.extend({ media: media.refine(({ length }) => length > 0) }),
      slice: sliceState,
      /** The ARN of the child execution. It is the owner of all claims of the work line. */
      owner: z.string(),
      /** The parent execution, which is the run. */
      execution,
    }),
    reply: z.object({
      /**
       * `deferred` means that the rest of the line waits for the next run, or that another worker
       * has claimed the rest. `waiting` means that the provider does not offer all originals yet.
       */
      outcome: z.enum(['done', 'go-on', 'deferred', 'waiting', 'credentials-expired', 'failed', 'quarantined']),
      ...sliceState.shape,
      archived_files: count.default(0),
      archived_bytes: count.default(0),
      error,
    }),
    dropped: ['archived_files', 'archived_bytes'],
  },
  /** Ends a failed work line and records failures that its worker could not record. */
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
      /**
       * The failed and quarantined media of the line. The list is cut to keep the payload small.
       */
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
      cookie_age_days: z.number().nullable(),
    }),
    reply: z.object({
      /** With `notice` the run is clean, but a notification about the credentials is due. */
      outcome: z.enum(['clean', 'notice', 'partial', 'credentials-expired', 'failed']),
      /** The subject of the notification, at most 100 ASCII characters. Empty if none is due. */
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
      /** False if an earlier run has already notified about the same expired credentials. */
      notify: z.boolean().default(true),
      /**
       * The subject and the text of the notification. The state NotifyCriticalFailure reads both
       * from `$.error`, because a Catch stores its error there too.
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

/** Completes a reply with the defaults of its missing fields. */
export function replyOf<Reply extends z.ZodObject>({ reply }: { readonly reply: Reply }, given: z.input<Reply>): z.output<Reply> {
  return reply.parse(given);
}

/** Returns the names of the reply fields that the machine keeps. */
export function keptFields({ reply, dropped = [] }: Message): readonly string[] {
  return Object.keys(reply.shape).filter((field) => !dropped.includes(field));
}

/** The names of facts: values that one invocation stores in the tracker for later invocations. */
export const factNames = {
  /**
   * The fact `run.stopped.<execution name>` holds the StateError that stopped all work lines of
   * that execution.
   */
  stopped: 'run.stopped',
  /** This fact holds a record of the sent notices about credentials. */
  episode: 'credentials.episode',
} as const;
