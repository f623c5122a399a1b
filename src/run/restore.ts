import { randomUUID } from 'node:crypto';
import type { Destination } from '../destination/destination.ts';
import type { Target } from '../destination/target.ts';
import { asSyncError, SyncError } from '../errors.ts';
import type { Report, Restored, RunFinished } from '../events.ts';
import type { Clock } from '../lib/clock.ts';
import type { Digests } from '../lib/digest/index.ts';
import type { Filters } from '../plan/filter.ts';
import { summarise } from '../report/summary.ts';
import { createAccounting } from '../transfer/accounting.ts';
import { holdLease, type HeldLease } from './held-lease.ts';
import { takeLease } from './lease.ts';
import { restoreThawed } from './restore/restore-thawed.ts';
import type { LeaseSettings } from './lease-archive.ts';
import { forEachFile } from './read-archive/each-file.ts';
import { createDoneNotes } from './read-archive/select-files.ts';
import { planFiles, type PlannedFile, type RestorePlan } from './restore/plan-files.ts';
import { restoreFile, type FileOutcome } from './restore/restore-file.ts';

export interface RestorePorts {
  readonly archive: Destination;
  readonly target: Target;
  readonly digests: Digests;
  readonly clock: Clock;
  readonly report: Report;
}

export interface RestoreOptions {
  readonly lease: LeaseSettings;
  readonly filters: Filters | undefined;
  /** Keys, ids of media, and patterns. Empty: everything. */
  readonly words: readonly string[];
  /** Whether the files get the names of the camera, in one folder. */
  readonly flat: boolean;
  readonly dryRun: boolean;
  /** Whether to wait for the files that the store thaws. */
  readonly wait: boolean;
  /** How many files are restored at the same time. */
  readonly concurrency: number;
  readonly signal: AbortSignal;
}

type Counts = { -readonly [Name in keyof Restored]: Restored[Name] };

/**
 * Copies the selected files of an archive into a directory. It reads only the archive: it needs no
 * tracker and no provider. It compares each file with the archive's checksum and the provider's
 * claim, continues unfinished files of an earlier run, and never replaces a file. It ends with
 * `run.finished` and never throws.
 */
export async function restore(ports: RestorePorts, options: RestoreOptions): Promise<RunFinished> {
  const runId = randomUUID();
  const { clock, archive, target, report } = ports;
  const { dryRun } = options;
  const beganAtMs = clock.elapsed();
  const counts = noCounts(dryRun);
  let error: SyncError | undefined;
  const places = { destination: target.location, from: archive.location };
  report({ type: 'run.started', runId, kind: 'restore', provider: null, ...places, dryRun });
  try {
    if (dryRun) await restoreAll(ports, options, options.signal, counts);
    else await restoreWithLease(ports, options, counts);
  } catch (thrown) {
    error = options.signal.reason instanceof SyncError ? options.signal.reason : asSyncError(thrown);
  }
  const finished = summarise({
    runId,
    kind: 'restore',
    elapsedMs: clock.elapsed() - beganAtMs,
    restored: counts,
    differences: counts.failed + counts.missing + counts.undescribed + counts.mismatched,
    ...(error && { error }),
  });
  report(finished);
  return finished;
}

function noCounts(dryRun: boolean): Counts {
  const none = { files: 0, skipped: 0, failed: 0, superseded: 0, pending: 0, leftOut: 0 };
  return {
    dryRun,
    ...none,
    bytes: 0,
    renamed: 0,
    proven: 0,
    mismatched: 0,
    uncompared: 0,
    missing: 0,
    unknown: 0,
    undescribed: 0,
  };
}

async function restoreWithLease(ports: RestorePorts, options: RestoreOptions, counts: Counts): Promise<void> {
  const { target } = ports;
  await target.prepare();
  await using held = await leaseTarget(ports, options);
  // A run that has just ended may have removed the folder.
  await target.prepare();
  try {
    await restoreAll(ports, options, AbortSignal.any([options.signal, held.lost]), counts);
    await target.syncNames();
  } catch (thrown) {
    throw (await lossOf(held)) ?? thrown;
  }
  if (counts.failed > 0) return;
  // Only the holder of the lease knows that nobody needs the unfinished files.
  await held.confirm();
  await target.tidy();
}

/**
 * Returns LEASE_LOST if another run took over. That run may have removed the folder that this run
 * needs, so any error of this run may come from the loss.
 */
async function lossOf(held: HeldLease): Promise<SyncError | undefined> {
  const error = await held.confirm().then(() => undefined, asSyncError);
  return error?.code === 'LEASE_LOST' ? error : undefined;
}

/** Takes the lease of the directory, so that no other run writes to it. Errors: LOCKED. */
async function leaseTarget({ target, clock, report }: RestorePorts, { lease, signal }: RestoreOptions): Promise<HeldLease> {
  const place = target.location;
  const cells = [target.lease];
  const onWait = (owner: string, waitMs: number) => {
    const message = `${owner} works on ${place}; waiting up to ${Math.ceil(waitMs / 1000)} s to see whether it still does`;
    report({ type: 'warning', message });
  };
  const grant = await takeLease({ ...lease, cells, clock, signal, place, onWait });
  return holdLease({ ...grant, cells, clock, isShared: false, place });
}

async function restoreAll(ports: RestorePorts, options: RestoreOptions, signal: AbortSignal, counts: Counts): Promise<void> {
  const { clock, report } = ports;
  const plan = await planFiles(ports, options, signal);
  reportPlan(plan, ports, counts);
  const { media, bytes } = plan.selected;
  const accounting = createAccounting(clock, { media: media.length, sizeHintBytes: bytes });
  const noteDone = createDoneNotes(plan.selected.files);
  const { dryRun, concurrency } = options;
  const shared = { ...ports, accounting, dryRun, wait: options.wait, denials: { inARow: 0 }, provenSizes: [] };
  const restoreSome = async (files: readonly PlannedFile[]): Promise<PlannedFile[]> => {
    const frozen: PlannedFile[] = [];
    await forEachFile(files, { concurrency, accounting, report, signal }, async (planned, either) => {
      const outcome = await restoreFile(planned, { ...shared, signal: either });
      if (outcome.kind === 'frozen') frozen.push(planned);
      else {
        count(outcome, counts);
        noteDone(planned.file, accounting);
      }
    });
    return frozen;
  };
  const frozen = await restoreSome(plan.files);
  const failed = await restoreThawed(frozen, restoreSome, { ...ports, signal });
  counts.pending -= failed;
  counts.failed += failed;
}

function reportPlan({ selected, files, events }: RestorePlan, { report }: RestorePorts, counts: Counts): void {
  const { bytes, leftOut, unreadable, unmatched } = selected;
  counts.leftOut = leftOut;
  counts.pending = files.length;
  counts.missing = selected.missing;
  counts.unknown = selected.unknown.length;
  counts.undescribed = selected.undescribed;
  counts.renamed = files.filter(({ reason }) => reason !== undefined).length;
  counts.failed = unreadable + unmatched;
  for (const event of events) report(event);
  report({ type: 'restore.planned', files: files.length, bytes, leftOut });
}

function count(outcome: Exclude<FileOutcome, { readonly kind: 'frozen' }>, counts: Counts): void {
  if (outcome.kind === 'planned') return;
  counts.pending -= 1;
  counts[outcome.kind === 'restored' ? 'files' : outcome.kind] += 1;
  if (outcome.kind !== 'restored') return;
  counts.bytes += outcome.sizeBytes;
  if (!outcome.isCompared) counts.uncompared += 1;
  if (outcome.proof === 'proven') counts.proven += 1;
  if (outcome.isMismatched) counts.mismatched += 1;
}
