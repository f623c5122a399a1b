import { randomUUID } from 'node:crypto';
import type { Destination } from '../destination/destination.ts';
import { asSyncError, SyncError } from '../errors.ts';
import type { Copied, Report, RunFinished } from '../events.ts';
import type { Clock } from '../lib/clock.ts';
import type { Filters } from '../plan/filter.ts';
import { summarise, type RunFacts } from '../report/summary.ts';
import type { Tracker } from '../tracker/tracker.ts';
import { createAccounting } from '../transfer/accounting.ts';
import { createPartSlots } from '../transfer/media-host/limits.ts';
import { leaseArchive, type LeaseSettings } from './lease-archive.ts';
import { copyFile, type CopyOutcome } from './copy/copy-file.ts';
import { expectFiles } from './copy/expect-files.ts';
import { planCopy, type CopyPlan, type PlannedCopy } from './copy/plan-copy.ts';
import { forEachFile } from './read-archive/each-file.ts';
import { createDoneNotes } from './read-archive/select-files.ts';
import { recover } from './recover.ts';

export interface CopyPorts {
  /** The archive that is only read. */
  readonly archive: Destination;
  /** The archive that gets the files. */
  readonly destination: Destination;
  /** The tracker of the archive that gets the files. */
  readonly tracker: Tracker;
  readonly clock: Clock;
  readonly report: Report;
}

export interface CopyOptions {
  readonly lease: LeaseSettings;
  readonly filters: Filters | undefined;
  /** Keys, ids of media, and patterns. Empty: everything. */
  readonly words: readonly string[];
  readonly dryRun: boolean;
  /** How many parts of all files together are copied at the same time. */
  readonly concurrency: number;
  readonly signal: AbortSignal;
}

type Counts = { -readonly [Name in keyof Copied]: Copied[Name] };

/**
 * Copies what a second archive lacks of a first one, with descriptions and proofs. It compares each
 * file with the first archive's checksum. The second archive has its own id, its own tracker and
 * its own lease, so afterwards it needs the first one for nothing. A killed copy continues where it
 * was. It ends with `run.finished` and never throws.
 */
export async function copy(ports: CopyPorts, options: CopyOptions): Promise<RunFinished> {
  const runId = randomUUID();
  const { clock, archive, destination, tracker, report } = ports;
  const { dryRun } = options;
  const beganAtMs = clock.elapsed();
  const counts = noCounts(dryRun);
  let facts: Pick<RunFacts, 'transferred' | 'error'> = {};
  const places = { destination: destination.location, from: archive.location };
  report({ type: 'run.started', runId, kind: 'copy', provider: null, ...places, dryRun });
  await using held = new AsyncDisposableStack();
  try {
    const leased = held.use(await leaseArchive(ports, options.lease, { exclusive: !dryRun, signal: options.signal }));
    const signal = AbortSignal.any([options.signal, leased.lost]);
    await tracker.beginRun(runId, 'copy');
    const leasedPorts = { ...ports, destination: leased.destination };
    await recover(leasedPorts, { publish: !dryRun });
    facts = { transferred: await copyAll(leasedPorts, { ...options, signal, runId }, counts) };
  } catch (thrown) {
    facts = { ...facts, error: options.signal.reason instanceof SyncError ? options.signal.reason : asSyncError(thrown) };
  }
  const elapsedMs = clock.elapsed() - beganAtMs;
  const differences = counts.failed + counts.missing + counts.undescribed;
  const finished = summarise({ runId, kind: 'copy', elapsedMs, copied: counts, differences, ...facts });
  if (finished.outcome !== 'locked') await tracker.finishRun(runId, finished.outcome, JSON.stringify(finished)).catch(() => {});
  await held.disposeAsync();
  report(finished);
  return finished;
}

function noCounts(dryRun: boolean): Counts {
  const none = { files: 0, skipped: 0, failed: 0, superseded: 0, pending: 0, leftOut: 0 };
  return { dryRun, ...none, bytes: 0, repaired: 0, renamed: 0, proven: 0, missing: 0, unknown: 0, undescribed: 0 };
}

async function copyAll(
  ports: CopyPorts,
  options: CopyOptions & { readonly runId: string },
  counts: Counts,
): Promise<NonNullable<RunFacts['transferred']>> {
  const { clock, report } = ports;
  const { dryRun, concurrency, runId, signal } = options;
  const plan = await planCopy(ports, options);
  reportPlan(plan, ports, counts);
  if (!dryRun)
    await expectFiles(
      plan.copies.filter(({ isReplaced }) => !isReplaced),
      ports,
    );
  const files = plan.copies.map(({ file }) => file);
  const media = new Set(files.map(({ medium }) => medium));
  const accounting = createAccounting(clock, { media: media.size, sizeHintBytes: plan.bytes });
  const noteDone = createDoneNotes(files);
  let order = 0;
  const lease = { runId, leaseMs: options.lease.termMs, nextOrder: () => order++ };
  const shared = { ...ports, ...lease, accounting, slots: createPartSlots(concurrency), dryRun, denials: { inARow: 0 } };
  await forEachFile(plan.copies, { concurrency, accounting, report, signal }, async (planned, either) => {
    count(await copyFile(planned, { ...shared, signal: either }), planned, counts);
    noteDone(planned.file, accounting);
  });
  return accounting.totals();
}

function reportPlan({ selected, copies, bytes, skipped, undescribed }: CopyPlan, { report, archive }: CopyPorts, counts: Counts) {
  const { leftOut, unreadable, unmatched } = selected;
  counts.leftOut = leftOut;
  counts.skipped = skipped;
  counts.pending = copies.length;
  counts.missing = selected.missing;
  counts.unknown = selected.unknown.length;
  counts.undescribed = selected.undescribed + undescribed.length;
  counts.failed = unreadable + unmatched;
  for (const event of selected.events) report(event);
  for (const { key } of undescribed) report({ type: 'file.unknown', key, path: `${archive.location}/${key}` });
  report({ type: 'copy.planned', files: copies.length, bytes, skipped, leftOut });
}

function count(outcome: CopyOutcome, { file, isRepair }: PlannedCopy, counts: Counts): void {
  if (outcome.kind === 'planned') return;
  counts.pending -= 1;
  counts[outcome.kind === 'copied' ? 'files' : outcome.kind] += 1;
  if (outcome.kind !== 'copied') return;
  counts.bytes += outcome.sizeBytes;
  if (outcome.proof === 'proven') counts.proven += 1;
  if (isRepair) counts.repaired += 1;
  if (outcome.key !== file.key) counts.renamed += 1;
}
