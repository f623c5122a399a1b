import { randomUUID } from 'node:crypto';
import type { Destination } from '../destination/destination.ts';
import type { FrozenFile, Thawing, ThawWish } from '../destination/thawing.ts';
import { asSyncError, SyncError } from '../errors.ts';
import type { Report, RunFinished, Thawed } from '../events.ts';
import type { Clock } from '../lib/clock.ts';
import { forEachLimited } from '../lib/for-each.ts';
import type { ArchivedFile } from '../plan/restore/archived-files.ts';
import type { Wanted } from '../plan/restore/selection.ts';
import { summarise } from '../report/summary.ts';
import { selectFromArchive } from './read-archive/select-files.ts';
import { planThaw, type ThawPlan } from './thaw/plan-thaw.ts';

export interface ThawPorts {
  readonly archive: Destination;
  readonly thawing: Thawing;
  readonly clock: Clock;
  readonly report: Report;
  /** Asks a person whether to spend the money. Called only if there is something to ask for. */
  readonly confirm: (plan: ThawPlan) => Promise<boolean>;
}

export interface ThawOptions extends Wanted, ThawWish {
  readonly dryRun: boolean;
  readonly signal: AbortSignal;
}

type Counts = { -readonly [Name in keyof Thawed]: Thawed[Name] };

/** S3 takes 1,000 of these requests a second. */
const requestsInFlight = 16;

/**
 * Asks the store to thaw the selected files that are in archive classes. It shows first what that
 * takes, and asks for nothing without a yes. It ends with `run.finished` and never throws.
 */
export async function thaw(ports: ThawPorts, options: ThawOptions): Promise<RunFinished> {
  const runId = randomUUID();
  const { clock, archive, report } = ports;
  const { dryRun, signal } = options;
  const beganAtMs = clock.elapsed();
  const none = { asked: 0, thawing: 0, thawed: 0, failed: 0, pending: 0, leftOut: 0, bytes: 0, usd: 0, hours: 0 };
  const counts: Counts = { dryRun, ...none };
  let error: SyncError | undefined;
  report({ type: 'run.started', runId, kind: 'thaw', provider: null, destination: archive.location, dryRun });
  try {
    await planAndAsk(ports, options, counts);
  } catch (thrown) {
    error = signal.reason instanceof SyncError ? signal.reason : asSyncError(thrown);
  }
  const elapsedMs = clock.elapsed() - beganAtMs;
  const finished = summarise({
    runId,
    kind: 'thaw',
    elapsedMs,
    thawed: counts,
    differences: counts.failed,
    ...(error && { error }),
  });
  report(finished);
  return finished;
}

async function planAndAsk(ports: ThawPorts, options: ThawOptions, counts: Counts): Promise<void> {
  const { archive, thawing, report } = ports;
  const selected = await selectFromArchive(archive, options);
  for (const event of selected.events) if (event.type === 'file.failed' || event.type === 'warning') report(event);
  const cold = await coldFiles(thawing, selected.files, options.signal);
  const plan = planThaw(cold.keys(), thawing, options);
  counts.leftOut = selected.leftOut;
  counts.failed = selected.unmatched + selected.unreadable;
  counts.thawing = plan.thawing;
  counts.thawed = plan.thawed;
  const { frozen, ...shown } = plan;
  counts.pending = frozen.length;
  report({ type: 'thaw.planned', tier: options.tier, days: options.days, prices: thawing.prices, ...shown });
  if (options.dryRun || frozen.length === 0 || !(await ports.confirm(plan))) return;
  await forEachLimited(frozen, requestsInFlight, async (file) => {
    options.signal.throwIfAborted();
    await askFor(file, cold.get(file)!, ports, options, counts);
  });
}

/** The selected files that are in archive classes now. */
async function coldFiles(
  thawing: Thawing,
  files: readonly ArchivedFile[],
  signal: AbortSignal,
): Promise<ReadonlyMap<FrozenFile, ArchivedFile>> {
  const selected = new Map(files.map((file) => [file.key, file]));
  const cold = new Map<FrozenFile, ArchivedFile>();
  for await (const frozen of thawing.frozen(signal, selected)) {
    const file = selected.get(frozen.key);
    if (file) cold.set(frozen, file);
  }
  return cold;
}

async function askFor(
  frozen: FrozenFile,
  { id, medium }: ArchivedFile,
  { archive, thawing, report }: ThawPorts,
  wish: ThawWish,
  counts: Counts,
): Promise<void> {
  const { key, sizeBytes, storageClass } = frozen;
  try {
    const answer = await thawing.thaw(frozen, wish);
    counts.pending -= 1;
    counts[answer] += 1;
    if (answer !== 'asked') return;
    const { usd = 0, hours = 0 } = thawing.terms(frozen, wish) ?? {};
    counts.bytes += sizeBytes;
    counts.usd += usd;
    counts.hours = Math.max(counts.hours, hours);
    const about = { id, mediaId: medium.id, key, path: `${archive.location}/${key}` };
    report({ type: 'file.thawing', ...about, storageClass, sizeBytes, hours });
  } catch (thrown) {
    const error = asSyncError(thrown);
    if (error.decision === 'stop') throw error;
    counts.pending -= 1;
    counts.failed += 1;
    const { code, message: reason, hint } = error;
    const about = { id, mediaId: medium.id, key, status: 'FAILED', code, reason } as const;
    report({ type: 'file.failed', ...about, ...(hint !== undefined && { hint }) });
  }
}
