/**
 * What the state machine and its functions say to each other. The machine's Choice states are built from these lists, so that an outcome or a
 * field exists once. Every reply has all of its fields on every branch, because a path that is missing ends an execution without a catch; and no
 * reply grows with the library. Snake case, as the states language and the seed of this engine have it.
 */

export const functionNames = ['token-validator', 'media-lister', 'video-downloader', 'run-manager'] as const;
export type FunctionName = (typeof functionNames)[number];

/** The namespace of all metrics. */
export const metricNamespace = 'GoProSync';

/** A run ends this long after it began, whatever is left: the next one goes on. In seconds; the machine itself is stopped half an hour later. */
export const runSeconds = 11.5 * 3600;
/** Slices of one work line, after which it goes back to the map and to the next run. */
export const mostSlices = 200;

/** Which execution asks. `name` is the correlation id and the run's id. */
export interface Execution {
  readonly arn: string;
  readonly name: string;
  /** ISO 8601. */
  readonly started_at: string;
}

/** Why something failed, in the shape in which a Catch tells it too; both empty when nothing did. */
export interface Failure {
  /** A SyncError's code, or the platform's name for an error. */
  readonly Error: string;
  /** For a person: what happened and what to do. */
  readonly Cause: string;
}

export const noFailure: Failure = { Error: '', Cause: '' };

/** The input of an execution; every field may be missing. */
export interface ExecutionInput {
  readonly provider?: 'gopro';
  /** `schedule`: failed media wait for their next attempt. `manual` (the default): all are tried. */
  readonly trigger?: 'schedule' | 'manual';
  /** Read every page of the listing. */
  readonly full_listing?: boolean;
}

export const beginOutcomes = ['granted', 'overlap', 'failed'] as const;
export const validationOutcomes = ['valid', 'credentials-expired', 'failed'] as const;
export const listingOutcomes = ['done', 'go-on', 'failed'] as const;
/** `deferred`: the run's deadline, or another worker; `waiting`: the provider has nothing to offer yet. */
export const transferOutcomes = ['done', 'go-on', 'deferred', 'waiting', 'credentials-expired', 'failed', 'quarantined'] as const;
export const markOutcomes = ['failed', 'quarantined'] as const;
/** `notice`: clean, and there is something to say. */
export const summaryOutcomes = ['clean', 'notice', 'partial', 'credentials-expired', 'failed'] as const;

/** run-manager, BeginRun. */
export interface BeginRequest {
  readonly action: 'begin';
  /** Whatever the execution was started with. */
  readonly input: unknown;
  readonly execution: Execution;
}

export interface BeginReply {
  readonly outcome: (typeof beginOutcomes)[number];
  readonly provider: string;
  readonly trigger: string;
  readonly full_listing: boolean;
  /** When the run ends; ISO 8601. */
  readonly deadline: string;
  /** Who holds the lease; ours, or with `overlap` another's. */
  readonly holder: string;
  readonly error: Failure;
}

/** token-validator, ValidateTokens. */
export interface ValidateRequest {
  readonly provider: string;
  readonly execution: Execution;
}

export interface ValidateReply {
  readonly outcome: (typeof validationOutcomes)[number];
  /** 200, 401, or 500 for anything else. */
  readonly statusCode: number;
  readonly valid: boolean;
  /** Since the secret was last written; null where it does not tell. */
  readonly cookie_age_days: number | null;
  /** How it was found out: `api_probe`, or `none` when there was nothing to ask with. */
  readonly validation_method: 'api_probe' | 'none';
  readonly duration_seconds: number;
  readonly error: Failure;
}

/** media-lister, ListMedia: one slice of the listing; its state lies under `runs/<execution name>/`. */
export interface ListRequest {
  readonly provider: string;
  readonly trigger: string;
  readonly full_listing: boolean;
  readonly deadline: string;
  readonly execution: Execution;
  /** Slices so far: 0 at first. */
  readonly slices: number;
}

export interface ListReply {
  readonly outcome: (typeof listingOutcomes)[number];
  readonly slices: number;
  /** Media that the provider shows. */
  readonly total_found: number;
  /** Media to work on. */
  readonly new_count: number;
  /** Originals archived before this run. */
  readonly already_synced: number;
  readonly work_lines: number;
  /** Key of the manifest in the runs bucket; empty until `done`. */
  readonly manifest_key: string;
  readonly error: Failure;
}

/** One line of the manifest, and one child of the map: one large medium or a group of small ones. */
export interface WorkLine {
  /** From 1. */
  readonly line: number;
  readonly media: readonly string[];
}

/** Where a work line stands between its slices. */
export interface SliceState {
  readonly count: number;
  /** Slices in a row that brought no new byte. */
  readonly idle: number;
}

/** video-downloader, DownloadVideo: one slice of one work line. */
export interface TransferRequest {
  readonly provider: string;
  readonly deadline: string;
  readonly line: WorkLine;
  readonly slice: SliceState;
  /** ARN of the child execution: the owner of the claims. */
  readonly owner: string;
  /** The parent. */
  readonly execution: Execution;
}

export interface TransferReply extends SliceState {
  readonly outcome: (typeof transferOutcomes)[number];
  readonly archived_files: number;
  readonly archived_bytes: number;
  readonly error: Failure;
}

/** run-manager, MarkVideoFailed: what a caught error left unrecorded is recorded. */
export interface MarkRequest {
  readonly action: 'mark-failed';
  readonly provider: string;
  readonly line: WorkLine;
  readonly owner: string;
  readonly execution: Execution;
  readonly error: Failure;
}

export interface MarkReply {
  readonly outcome: (typeof markOutcomes)[number];
  /** Failed and quarantined media of the line; cut where the payload would grow. */
  readonly media: readonly string[];
  readonly quarantined: number;
  readonly error: Failure;
}

/** run-manager, GenerateSummary. */
export interface SummariseRequest {
  readonly action: 'summarise';
  readonly provider: string;
  readonly execution: Execution;
  readonly total_found: number;
  readonly new_count: number;
  readonly already_synced: number;
  readonly cookie_age_days: number | null;
}

export interface SummariseReply {
  readonly outcome: (typeof summaryOutcomes)[number];
  /** Of the notification, if one is due; at most 100 ASCII characters. */
  readonly subject: string;
  readonly message: string;
  readonly archived_files: number;
  readonly failed_files: number;
  readonly error: Failure;
}

/** run-manager, EndRun: a run that ends early. It is reached from any state, so it reads nothing but the execution and the error. */
export interface EndRequest {
  readonly action: 'end';
  /** What the execution was started with. */
  readonly input: unknown;
  readonly execution: Execution;
  readonly error: Failure;
}

export interface EndReply {
  /** False while the same episode of expired credentials was notified of already. */
  readonly notify: boolean;
  /** Subject and text of the notification, in the shape of an error, so that NotifyCriticalFailure reads one path also after a Catch. */
  readonly error: Failure;
}

export type RunManagerRequest = BeginRequest | MarkRequest | SummariseRequest | EndRequest;

/** Environment of the functions; the stack sets it and `environment.ts` reads it. */
export const environmentNames = {
  table: 'CLOUD_SYNC_TABLE',
  archiveBucket: 'CLOUD_SYNC_ARCHIVE_BUCKET',
  runsBucket: 'CLOUD_SYNC_RUNS_BUCKET',
  secret: 'CLOUD_SYNC_SECRET',
  /** dev, staging, prod. */
  stage: 'CLOUD_SYNC_STAGE',
  /** Roles beyond the originals: `edits,sidecars` or empty. */
  include: 'CLOUD_SYNC_INCLUDE',
  quarantineAfter: 'CLOUD_SYNC_QUARANTINE_AFTER',
  /** Parts in flight in one invocation of video-downloader. */
  concurrency: 'CLOUD_SYNC_CONCURRENCY',
  gopro: 'CLOUD_SYNC_GOPRO_API_URL',
  goproRps: 'CLOUD_SYNC_GOPRO_API_RPS',
  /** For an archive in another store than AWS's S3. */
  s3Endpoint: 'CLOUD_SYNC_S3_ENDPOINT',
  stallTimeoutMs: 'CLOUD_SYNC_STALL_TIMEOUT_MS',
  /** Seconds of a slice, less than the function's time-out; for tests of slices. */
  sliceSeconds: 'CLOUD_SYNC_SLICE_SECONDS',
} as const;

/** Small facts that functions leave in the tracker for each other. */
export const factNames = {
  /** Before the name of an execution: what stopped the transfer of all its lines, such as credentials that expired, as a `Failure`. */
  stopped: 'run.stopped',
  /** Of which episode of expired credentials a person was told. */
  episode: 'credentials.episode',
} as const;
