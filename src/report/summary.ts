import type { RunKind, Tally } from '../media.ts';
import type { SyncError } from '../errors.ts';
import type { Outcome, RunFinished } from '../events.ts';

/**
 * What is known of a run at its end. A field is absent if the run ended before the field was set.
 */
export interface RunFacts {
  readonly runId: string;
  /** Default: `sync`. */
  readonly kind?: RunKind;
  readonly elapsedMs: number;
  readonly tally?: Tally;
  readonly listing?: { readonly listed: number; readonly added: number; readonly changed: number; readonly gone: number };
  readonly transferred?: {
    readonly archivedFiles: number;
    readonly provenFiles?: number;
    readonly disputedFiles?: number;
    readonly archivedBytes: number;
    readonly fetchedBytes: number;
    readonly mediaRequests: number;
    readonly untriedOriginals: number;
  };
  readonly apiRequests?: number;
  /** Default: those of `transferred`. */
  readonly mediaRequests?: number;
  readonly filters?: NonNullable<RunFinished['filters']>;
  readonly verified?: NonNullable<RunFinished['verified']>;
  /** What the rolling check of a sync found. */
  readonly rolling?: { readonly counts: NonNullable<RunFinished['rolling']>; readonly differences: number };
  readonly restored?: NonNullable<RunFinished['restored']>;
  readonly copied?: NonNullable<RunFinished['copied']>;
  readonly thawed?: NonNullable<RunFinished['thawed']>;
  /**
   * How many findings of `verify` need a repair or the decision of a person, or how many files
   * `restore`, `copy` or `thaw` could not deal with.
   */
  readonly differences?: number;
  /** The error that ended the run early, or that makes a finished run count as failed. */
  readonly error?: SyncError;
}

/**
 * The exit code of the error, if there is one. Otherwise 1 if a file failed, is lost, or was found
 * damaged or missing, otherwise 0. What a person has accepted does not count.
 */
export function exitCodeOf(facts: RunFacts): number {
  if (facts.error) return facts.error.exitCode;
  const { tally } = facts;
  const failed = tally ? tally.originals.FAILED + tally.originals.QUARANTINED + tally.media.FAILED + tally.media.QUARANTINED : 0;
  const lost = (tally?.marked ?? 0) + (tally?.lost ?? 0);
  const disputed = facts.transferred?.disputedFiles ?? 0;
  const untried = facts.transferred?.untriedOriginals ?? 0;
  const differences = (facts.differences ?? 0) + (facts.rolling?.differences ?? 0);
  return failed + lost + untried + disputed + differences > 0 ? 1 : 0;
}

const outcomes: Readonly<Record<number, Outcome>> = {
  0: 'clean',
  1: 'partial',
  3: 'expired',
  4: 'locked',
  130: 'interrupted',
  143: 'interrupted',
};

/** Makes the last event of a run. It counts statuses in the tracker, not attempts. */
export function summarise(facts: RunFacts): RunFinished {
  const { transferred, error, verified, rolling, restored, copied, thawed, filters } = facts;
  const exitCode = exitCodeOf(facts);
  return {
    type: 'run.finished',
    runId: facts.runId,
    kind: facts.kind ?? 'sync',
    outcome: outcomes[exitCode] ?? 'failed',
    exitCode,
    elapsedMs: Math.round(facts.elapsedMs),
    media: mediaCounts(facts),
    files: fileCounts(facts),
    ...(filters ? { filters } : {}),
    bytes: { archived: transferred?.archivedBytes ?? 0, fetched: transferred?.fetchedBytes ?? 0 },
    requests: { api: facts.apiRequests ?? 0, media: facts.mediaRequests ?? transferred?.mediaRequests ?? 0 },
    ...(verified ? { verified } : {}),
    ...(rolling ? { rolling: rolling.counts } : {}),
    ...(restored ? { restored } : {}),
    ...(copied ? { copied } : {}),
    ...(thawed ? { thawed } : {}),
    ...(error ? { error: describeError(error) } : {}),
  };
}

function mediaCounts({ listing, tally }: RunFacts): RunFinished['media'] {
  const media = tally?.media;
  return {
    listed: listing?.listed ?? 0,
    added: listing?.added ?? 0,
    changed: listing?.changed ?? 0,
    gone: listing?.gone ?? 0,
    complete: tally?.mediaComplete ?? 0,
    waiting: media?.WAITING ?? 0,
    failed: media?.FAILED ?? 0,
    quarantined: media?.QUARANTINED ?? 0,
    sourceDeleted: media?.SOURCE_DELETED ?? 0,
  };
}

function fileCounts({ tally, transferred }: RunFacts): RunFinished['files'] {
  const originals = tally?.originals;
  const media = tally?.media;
  const marked = tally?.marked ?? 0;
  const archived = transferred?.archivedFiles ?? 0;
  return {
    archived,
    proven: transferred?.provenFiles ?? 0,
    disputed: transferred?.disputedFiles ?? 0,
    // A marked file is COMPLETED in the tracker, but counts as failed until it is fetched again.
    skipped: Math.max(0, (originals?.COMPLETED ?? 0) - archived - marked),
    // A medium that failed as a whole has no originals to count, so it counts as one failed file.
    failed: (originals?.FAILED ?? 0) + (media?.FAILED ?? 0) + marked,
    waiting: tally?.waiting ?? 0,
    sourceDeleted: (originals?.SOURCE_DELETED ?? 0) + (media?.SOURCE_DELETED ?? 0),
    quarantined: (originals?.QUARANTINED ?? 0) + (media?.QUARANTINED ?? 0),
    lost: tally?.lost ?? 0,
    accepted: tally?.accepted ?? 0,
    pending: (originals?.PENDING ?? 0) + (originals?.IN_PROGRESS ?? 0) + (media?.LISTED ?? 0),
  };
}

function describeError({ code, message, hint }: SyncError): NonNullable<RunFinished['error']> {
  return { code, message, ...(hint === undefined ? {} : { hint }) };
}

/** What a run has archived so far. */
interface Archived {
  readonly files: number;
  readonly proven: number;
  readonly bytes: number;
}

/**
 * The last event of a run that ended before it could count, for example because the archive is
 * locked. `archived` is what the run had archived until then.
 */
export function finishedEarly(
  error: SyncError,
  run: { readonly runId: string; readonly kind: RunKind; readonly archived: Archived },
): RunFinished {
  const { runId, kind, archived } = run;
  const { files: archivedFiles, proven: provenFiles, bytes: archivedBytes } = archived;
  const nothing = { fetchedBytes: 0, mediaRequests: 0, untriedOriginals: 0 };
  const transferred = { archivedFiles, provenFiles, archivedBytes, ...nothing };
  return summarise({ runId, kind, elapsedMs: 0, transferred, error });
}
