import { isoTime, type Clock } from '../../../lib/clock.ts';
import type { Provider, Role } from '../../../media.ts';
import { plan } from '../../../plan/plan.ts';
import { asSyncError, SyncError } from '../../../errors.ts';
import type { Tracker, TrackedMedium } from '../../../tracker/tracker.ts';
import { createSlice, type Slice } from '../../../transfer/slice.ts';
import { transferSlice } from '../../../transfer/transfer-slice.ts';
import { mostSlices, noFailure, type Execution, type TransferReply, type TransferRequest } from '../../contract.ts';
import { leaseLeftMs } from '../../platform/execution-lease.ts';
import type { Invocation, Metrics } from '../../platform/invocation.ts';
import { readStopped, writeStopped } from '../../run-stopped.ts';
import { readLine, type LineRow } from '../../work-line.ts';
import { lineOutcome } from './line-outcome.ts';

/** How much longer than an invocation its claims hold, so that none runs out while it is still being recorded. In ms. */
const leaseMarginMs = 60_000;

/** How often a worker looks whether its run still holds the lease. In ms. */
const leaseCheckMs = 20_000;

type Request = TransferRequest & { readonly provider: Provider };

/**
 * One slice of one work line. What an earlier slice, or an invocation that was killed, has stored is not fetched again. An error that would stop
 * a run stops the other lines of the execution too. Errors: those of opening the archive and the tracker; BUG.
 */
export async function transferLine(request: Request, invocation: Invocation): Promise<TransferReply> {
  const { count, idle } = request.slice;
  const reply = { count: count + 1, idle, archived_files: 0, archived_bytes: 0, error: noFailure };
  const untilDeadlineMs = Date.parse(request.deadline) - invocation.clock.now();
  if (count >= mostSlices || untilDeadlineMs <= 0) return { ...reply, outcome: 'deferred' };
  const tracker = await invocation.openTracker(request.provider);
  const { name } = invocation.execution;
  const stopped = await readStopped(tracker, name);
  if (stopped) return { ...reply, outcome: outcomeOfStop(stopped.Error) };
  try {
    return { ...reply, ...(await transferInSlice(request, untilDeadlineMs, tracker, invocation)) };
  } catch (thrown) {
    const error = asSyncError(thrown);
    // A fault of ours concerns this line only: the machine catches it and marks the line.
    if (error.decision !== 'stop' || error.code === 'BUG') throw error;
    // Of a run that has lost its lease nobody wants to hear any more.
    if (error.code !== 'LOCKED') await writeStopped(tracker, name, error);
    return { ...reply, outcome: outcomeOfStop(error.code) };
  }
}

/** Nobody's failure: what is left of the line stays PENDING, and the run says why. */
function outcomeOfStop(code: string): TransferReply['outcome'] {
  return code === 'CREDENTIALS_EXPIRED' ? 'credentials-expired' : 'deferred';
}

async function transferInSlice(
  request: Request,
  untilDeadlineMs: number,
  tracker: Tracker,
  invocation: Invocation,
): Promise<Omit<TransferReply, 'count'>> {
  const { clock, environment, metrics } = invocation;
  const ownMs = Math.min(invocation.remainingMs(), environment.sliceMs ?? Infinity);
  // A slice that the run's deadline cuts off may be too short for anything; that is not held against its originals.
  const isLast = untilDeadlineMs <= ownMs;
  const idleBefore = isLast ? 0 : request.slice.idle;
  const slice = createSlice({ budgetMs: Math.min(ownMs, untilDeadlineMs), idleBefore, clock });
  const before = await readLine(request.line, tracker, environment.roles);
  const startedAtMs = clock.elapsed();
  const { moved, error } = await transferOpen(request, before, slice, tracker, invocation);
  measure(moved.fetchedBytes, Math.max(1, clock.elapsed() - startedAtMs) / 1000, metrics);
  if (error) throw error;
  const after = await readLine(request.line, tracker, environment.roles);
  const { outcome, error: failure } = lineOutcome(after, { isOver: slice.isOver() || slice.signal.aborted });
  return {
    outcome: isLast && outcome === 'go-on' ? 'deferred' : outcome,
    idle: slice.idle(),
    archived_files: moved.archivedFiles,
    archived_bytes: moved.archivedBytes,
    error: failure,
  };
}

async function transferOpen(request: Request, line: readonly LineRow[], slice: Slice, tracker: Tracker, invocation: Invocation) {
  const { destination, http, clock, report, environment } = invocation;
  const { roles, concurrency, quarantineAfter, stallMs, plainHttp } = environment;
  const runStartedAt = isoTime(Date.parse(request.execution.started_at));
  const open = line.filter((row) => isOpen(row, roles)).map(({ tracked }) => tracked);
  const work = await plan(each(open), { covers: () => true, roles });
  const { source } = await invocation.openSource(request.provider);
  using lease = watchLease(tracker, request.execution, clock);
  const ports = { source, destination, tracker, http, clock, report };
  return await transferSlice(work, ports, {
    owner: request.owner,
    leaseMs: invocation.remainingMs() + leaseMarginMs,
    runStartedAt,
    roles,
    concurrency,
    bandwidth: [],
    quarantineAfter,
    stallMs,
    plainHttp,
    recovered: [],
    slice,
    signal: lease.lost,
  });
}

/** A worker of a run that was aborted may live on for minutes: it stops when another run has taken the lease, so that the two do not get in each other's way. */
function watchLease(tracker: Tracker, { arn, started_at }: Execution, clock: Clock): { readonly lost: AbortSignal } & Disposable {
  const lost = new AbortController();
  const look = async () => {
    if (await tracker.renewRunLease(arn, leaseLeftMs(started_at, clock.now()))) return;
    lost.abort(new SyncError('LOCKED', 'another run has taken this archive over'));
  };
  const looking = setInterval(() => void look().catch(() => {}), leaseCheckMs);
  void look().catch(() => {});
  return { lost: lost.signal, [Symbol.dispose]: () => clearInterval(looking) };
}

function measure(bytes: number, seconds: number, metrics: Metrics): void {
  if (bytes === 0) return;
  metrics.add('BytesTransferred', bytes);
  metrics.add('TransferDuration', seconds);
  metrics.add('TransferThroughput', (bytes * 8) / 1e6 / seconds);
}

async function* each(media: readonly TrackedMedium[]): AsyncGenerator<TrackedMedium> {
  yield* media;
}

/** Whether a medium of a line still has something for a slice to do; one that is done costs the provider no request. */
function isOpen({ tracked, originals }: LineRow, roles: readonly Role[]): boolean {
  if (tracked.status !== 'RESOLVED') return ['LISTED', 'WAITING', 'FAILED'].includes(tracked.status);
  const isResolved = roles.every((role) => tracked.resolvedRoles.includes(role));
  return (
    !isResolved || originals.some(({ status, mark }) => ['PENDING', 'IN_PROGRESS', 'FAILED'].includes(status) || mark !== null)
  );
}
