import { isoTime } from '../../../lib/clock.ts';
import { needsRepair, type Role } from '../../../media.ts';
import { plan } from '../../../plan/plan.ts';
import { asSyncError } from '../../../errors.ts';
import type { Tracker, TrackedMedium } from '../../../tracker/tracker.ts';
import { createSlice, type Slice } from '../../../transfer/slice.ts';
import { transfer } from '../../../transfer/transfer.ts';
import { maxSlices, messages, replyOf, type ReplyOf, type RequestOf } from '../../contract.ts';
import { joinArchive } from '../../platform/execution-lease.ts';
import type { Invocation } from '../../platform/invocation.ts';
import type { Metrics } from '../../platform/metrics.ts';
import { readStopped, writeStopped } from '../../run-stopped.ts';
import { stateErrorOf } from '../../state-error.ts';
import { readLine, type LineRow } from '../../work-line.ts';
import { lineOutcome } from './line-outcome.ts';

/**
 * A claim lasts this many ms longer than the invocation, so that no claim expires while the worker
 * records a result.
 */
const leaseMarginMs = 60_000;

type Request = RequestOf<'DownloadVideo'>;
type Reply = ReplyOf<'DownloadVideo'>;

/**
 * Does one slice of one work line. Parts that an earlier slice or a killed invocation stored are
 * not fetched again. An error that stops a run also stops the other lines of the execution. Errors:
 * those of opening the archive and the tracker, and BUG.
 */
export async function transferLine(request: Request, invocation: Invocation): Promise<Reply> {
  const { count, idle } = request.slice;
  const progress = { count: count + 1, idle };
  const untilDeadlineMs = Date.parse(request.deadline) - invocation.clock.now();
  if (count >= maxSlices || untilDeadlineMs <= 0) return replyOf(messages.DownloadVideo, { ...progress, outcome: 'deferred' });
  const tracker = await invocation.openTracker(request.provider);
  const { name } = invocation.execution;
  const stopped = await readStopped(tracker, name);
  if (stopped) return replyOf(messages.DownloadVideo, { ...progress, outcome: outcomeOfStop(stopped.Error) });
  try {
    return { ...progress, ...(await transferInSlice(request, untilDeadlineMs, tracker, invocation)) };
  } catch (thrown) {
    const error = asSyncError(thrown);
    // A BUG stops only this line. The machine catches the BUG and records the line as failed.
    if (error.decision !== 'stop' || error.code === 'BUG') throw error;
    // A run that lost its lease has ended, so nobody needs the reason any more.
    if (error.code !== 'LEASE_LOST') await writeStopped(tracker, name, stateErrorOf(error, invocation.environment));
    return replyOf(messages.DownloadVideo, { ...progress, outcome: outcomeOfStop(error.code) });
  }
}

/**
 * Returns the outcome of a stopped line. No original failed, so the rest of the line stays PENDING.
 * The summary of the run gives the reason.
 */
function outcomeOfStop(code: string): Reply['outcome'] {
  return code === 'CREDENTIALS_EXPIRED' ? 'credentials-expired' : 'deferred';
}

async function transferInSlice(
  request: Request,
  untilDeadlineMs: number,
  tracker: Tracker,
  invocation: Invocation,
): Promise<Omit<Reply, 'count'>> {
  const { clock, environment, metrics } = invocation;
  const ownMs = Math.min(invocation.remainingMs(), environment.sliceMs ?? Infinity);
  const isLast = untilDeadlineMs <= ownMs;
  const idleBefore = request.slice.idle;
  const slice = createSlice({ budgetMs: Math.min(ownMs, untilDeadlineMs), idleBefore, isLast, clock });
  const before = await readLine(request.line, tracker, environment.roles);
  const startedAtMs = clock.elapsed();
  const { totals, error } = await transferOpen(request, before, slice, tracker, invocation);
  measure(totals.fetchedBytes, Math.max(1, clock.elapsed() - startedAtMs) / 1000, metrics);
  if (error) throw error;
  const after = await readLine(request.line, tracker, environment.roles);
  const { outcome, error: failure } = lineOutcome(after, {
    isOver: slice.isOver() || slice.signal.aborted,
    runStartedAt: isoTime(Date.parse(request.execution.started_at)),
  });
  return {
    outcome: isLast && outcome === 'go-on' ? 'deferred' : outcome,
    idle: slice.idleWeight(),
    archived_files: totals.archivedFiles,
    archived_bytes: totals.archivedBytes,
    error: failure,
  };
}

async function transferOpen(request: Request, line: readonly LineRow[], slice: Slice, tracker: Tracker, invocation: Invocation) {
  const { destination, http, digests, clock, report, environment } = invocation;
  const { roles, concurrency, quarantineAfter, stallMs, plainHttp } = environment;
  await using archive = await joinArchive({ destination, tracker }, request.execution, clock);
  const runStartedAt = isoTime(Date.parse(request.execution.started_at));
  const open = line.filter((row) => isOpen(row, roles)).map(({ tracked }) => tracked);
  const work = await plan(each(open), { covers: () => true, roles });
  const { source } = await invocation.openSource(request.provider);
  const ports = { source, destination: archive.destination, tracker, http, digests, clock, report };
  return await transfer(work, ports, {
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
    signal: archive.lost,
  });
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

/**
 * Returns whether a slice has work for a medium. Without work, no request for the medium is sent to
 * the provider.
 */
function isOpen({ tracked, originals }: LineRow, roles: readonly Role[]): boolean {
  if (tracked.status !== 'RESOLVED') return ['LISTED', 'WAITING', 'FAILED'].includes(tracked.status);
  const isResolved = roles.every((role) => tracked.resolvedRoles.includes(role));
  return (
    !isResolved ||
    originals.some(({ status, mark }) => ['PENDING', 'IN_PROGRESS', 'FAILED'].includes(status) || needsRepair(mark))
  );
}
