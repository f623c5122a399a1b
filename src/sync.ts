import { randomUUID } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { asSyncError, SyncError } from './errors.ts';
import type { Event, Report, RunFinished } from './events.ts';
import { isoTime } from './lib/clock.ts';
import { countFiltered, type FilterCount } from './plan/filter-count.ts';
import { covers, type Filters } from './plan/filter.ts';
import { plan, type Plan } from './plan/plan.ts';
import { summarise, type RunFacts } from './report/summary.ts';
import { leaseArchive, type LeasedArchive, type LeaseSettings } from './run/lease-archive.ts';
import { settleDisputes, unsettledSince } from './run/disputes.ts';
import { suspectEarlyFiles } from './run/late-evidence.ts';
import { list } from './run/listing.ts';
import { reportLosses } from './run/losses.ts';
import { recover } from './run/recover.ts';
import { checkAgain } from './run/verify/rolling-check.ts';
import type { TransferPorts, TransferSettings } from './transfer/context.ts';
import { unlimited } from './transfer/slice.ts';
import { transfer } from './transfer/transfer.ts';

/** What a run works with, such as the source, the destination and the tracker. */
export interface Ports extends TransferPorts {
  /** Returns how many requests the source has made so far. */
  readonly apiRequests: () => number;
}

/** What a person chose for a run. `signal` is aborted with INTERRUPTED or TERMINATED. */
export interface SyncOptions extends Omit<TransferSettings, 'owner' | 'leaseMs' | 'runStartedAt' | 'recovered' | 'slice'> {
  readonly lease: LeaseSettings;
  /** What selects media. Undefined selects all media. */
  readonly filters: Filters | undefined;
  readonly fullListing: boolean;
  /** Whether the run only lists and plans. */
  readonly dryRun: boolean;
  /** If set, the run reads archived files again, so that no byte stays unread for more days. */
  readonly rollingDays: number | undefined;
}

/**
 * One run: validate → list → plan → transfer → summarise.
 * It reports everything that it does. The last event is `run.finished`, which is also returned. It
 * never throws. If an error ended the run early, `run.finished` contains that error. Progress is
 * kept even if the run is killed.
 */
export async function sync(ports: Ports, options: SyncOptions): Promise<RunFinished> {
  const runId = randomUUID();
  const runStartedAt = isoTime(ports.clock.now());
  const beganAtMs = ports.clock.elapsed();
  const { source, destination, tracker, report } = ports;
  const { dryRun, roles, filters } = options;
  let facts: Facts = {};
  let leased: LeasedArchive | undefined;
  const held = new AsyncDisposableStack();

  const kind = dryRun ? 'dry-run' : 'sync';
  report({ type: 'run.started', runId, kind, provider: source.provider, destination: destination.location, dryRun });
  try {
    leased = held.use(await leaseArchive(ports, options.lease, { exclusive: !dryRun, signal: options.signal }));
    const leasedPorts = { ...ports, destination: leased.destination };
    const signal = AbortSignal.any([options.signal, leased.lost]);
    await tracker.beginRun(runId, 'sync');

    await source.validate(signal);
    report({ type: 'credentials.valid', account: source.account });

    const recovered = await recover(leasedPorts, { publish: !dryRun });
    const listing = await list({ ...ports, runId, full: options.fullListing, signal });
    facts = { listing };

    const work = await plan(tracker.openMedia(roles), { covers: covers(filters ?? {}), roles });
    report(planEvent(work));

    if (dryRun) await reportPlan(work, report);
    else {
      const leaseMs = options.lease.termMs;
      const settings = { ...options, owner: runId, leaseMs, runStartedAt, recovered, slice: unlimited, signal };
      const { totals, error } = await transfer(work, leasedPorts, settings);
      facts = { ...facts, transferred: totals };
      const since = await unsettledSince(ports, { runId, runStartedAt });
      const mayDispute = totals.disputedFiles > 0 || since < runStartedAt;
      const disputedFiles = mayDispute ? await settleDisputes(leasedPorts, { since }) : 0;
      facts = { ...facts, transferred: { ...totals, disputedFiles } };
      if (ports.digests && totals.archivedFiles > totals.provenFiles) await suspectEarlyFiles(leasedPorts, { runStartedAt });
      if (error) throw error;
    }
    if (listing.contradiction) facts = { ...facts, error: listing.contradiction };
  } catch (thrown) {
    facts = { ...facts, error: interruption(options.signal) ?? asSyncError(thrown) };
  }
  if (leased && !dryRun) facts = { ...facts, ...(await readAgain(ports, options, leased, facts)) };
  return summariseRun(ports, options, { ...facts, runId, elapsedMs: ports.clock.elapsed() - beganAtMs }, held);
}

type Facts = Omit<RunFacts, 'runId' | 'elapsedMs'>;

/**
 * Reads archived files again, also if an error ended the run early, because a disk can change a
 * byte whether or not the cloud answers. Reads nothing after an interruption and without a lease.
 * The error of the run counts, and not a later error.
 */
async function readAgain(
  ports: Ports,
  { rollingDays, signal: interrupted }: SyncOptions,
  { destination, lost }: LeasedArchive,
  { error }: Facts,
): Promise<Pick<Facts, 'rolling' | 'error'>> {
  const signal = AbortSignal.any([interrupted, lost]);
  if (signal.aborted || error?.code === 'LEASE_LOST') return {};
  try {
    return await checkAgain({ ...ports, destination }, rollingDays, signal);
  } catch (thrown) {
    return { error: interruption(interrupted) ?? error ?? asSyncError(thrown) };
  }
}

function planEvent({ items, waiting, leftOut, sizeHintBytes }: Plan): Event {
  return { type: 'plan.finished', media: items.length, waiting, leftOut, sizeHintBytes };
}

async function reportPlan(work: Plan, report: Report): Promise<void> {
  for (const [index, { mediaId, name, itemCount, sizeHintBytes, why }] of work.items.entries()) {
    // The pause gives the reporter time to print before the next event.
    if (index % 500 === 499) await nextTurn();
    report({ type: 'medium.planned', mediaId, name, items: itemCount, sizeHintBytes, waiting: why === 'waiting' });
  }
}

/** An interruption counts as the reason why a run ended, even if another error came after it. */
function interruption(signal: AbortSignal): SyncError | undefined {
  return signal.aborted && signal.reason instanceof SyncError ? signal.reason : undefined;
}

/**
 * Records the end of the run before it releases the lease. After the release, a later run may have
 * a higher fence, and the tracker would refuse the write.
 */
async function summariseRun(
  ports: Ports,
  options: SyncOptions,
  facts: RunFacts,
  held: AsyncDisposableStack,
): Promise<RunFinished> {
  const counted = facts.error?.code === 'LOCKED' ? facts : { ...facts, ...(await tallyOf(ports, options, facts)) };
  const kind = options.dryRun ? 'dry-run' : 'sync';
  const finished = summarise({ ...counted, kind, apiRequests: ports.apiRequests() });
  if (finished.outcome !== 'locked')
    await ports.tracker.finishRun(facts.runId, finished.outcome, JSON.stringify(finished)).catch(() => {});
  await held.disposeAsync();
  ports.report(finished);
  return finished;
}

/**
 * Counts the statuses at the end, and names lost files. If that fails, the run counts as failed.
 */
async function tallyOf(
  ports: Ports,
  { roles, filters, dryRun }: SyncOptions,
  facts: RunFacts,
): Promise<Pick<RunFacts, 'tally' | 'filters' | 'error'>> {
  try {
    const counter = filters && countFiltered(filters);
    const tally = await ports.tracker.tally(roles, counter && ((medium, isGone) => counter.note(medium, isGone)));
    const losses = { roles, covers: covers(filters ?? {}), dryRun, proves: ports.digests !== undefined };
    if (!facts.error) await reportLosses(ports, tally, losses);
    const filtered = counter?.count();
    if (filtered && !facts.error) warnOfNoneSelected(filtered, ports.report);
    return { tally, ...(filtered && { filters: filtered }) };
  } catch (thrown) {
    return { error: facts.error ?? asSyncError(thrown) };
  }
}

function warnOfNoneSelected({ selected, leftOut, unmatched }: FilterCount, report: Report): void {
  if (selected > 0 || leftOut === 0) return;
  const message = `the filters select none of the ${leftOut} media of the library`;
  const reason =
    unmatched.length > 0 ? unmatched.join('; ') : 'each filter matches some media, but no medium matches all filters';
  report({ type: 'warning', message: `${message}: ${reason}`, hint: 'Correct or leave out a filter.' });
}
