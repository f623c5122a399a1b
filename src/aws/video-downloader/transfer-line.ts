import { isoTime } from '../../lib/clock.ts';
import type { Provider, Role } from '../../media.ts';
import { plan } from '../../plan/plan.ts';
import type { SyncError } from '../../errors.ts';
import type { Tracker, TrackedMedium } from '../../tracker/tracker.ts';
import { createSlice, type Slice } from '../../transfer/slice.ts';
import { transferSlice } from '../../transfer/transfer-slice.ts';
import { factNames, mostSlices, noFailure, type RunStopped, type TransferReply, type TransferRequest } from '../contract.ts';
import { failureOfError } from '../failure.ts';
import type { Invocation, Metrics } from '../invocation.ts';
import { lineOutcome, type LineRow } from './line-outcome.ts';

/** How much longer than an invocation its claims hold, so that none runs out while it is still being recorded. In ms. */
const leaseMarginMs = 60_000;

/**
 * One slice of one work line. What an earlier slice, or an invocation that was killed, has stored is not fetched again. An error that would stop
 * a run stops the other lines of the execution too. Errors: those of the archive and of the tracker.
 */
export async function transferLine(
  request: TransferRequest & { readonly provider: Provider },
  invocation: Invocation,
): Promise<TransferReply> {
  const { clock, environment, execution } = invocation;
  const { count, idle } = request.slice;
  const reply = { count: count + 1, idle, archived_files: 0, archived_bytes: 0, error: noFailure };
  const untilDeadlineMs = Date.parse(request.deadline) - clock.now();
  if (count >= mostSlices || untilDeadlineMs <= 0) return { ...reply, outcome: 'deferred' };
  const tracker = await invocation.openTracker(request.provider);
  const stopped = await stoppedBefore(tracker, execution.name);
  if (stopped) return { ...reply, ...stopped };

  const budgetMs = Math.min(invocation.remainingMs(), environment.sliceMs ?? Infinity, untilDeadlineMs);
  const slice = createSlice({ budgetMs, idleBefore: idle, clock });
  const before = await readLine(request, tracker, environment.roles);
  const startedAtMs = clock.elapsed();
  const { moved, error } = await transferOpen(request, before, slice, tracker, invocation);
  measure(moved.fetchedBytes, Math.max(1, clock.elapsed() - startedAtMs) / 1000, invocation.metrics);
  const archived = { idle: slice.idle(), archived_files: moved.archivedFiles, archived_bytes: moved.archivedBytes };
  // A fault of ours concerns this line only: the machine catches it and marks the line.
  if (error?.code === 'BUG') throw error;
  if (error) return { ...reply, ...archived, ...(await stopOthers(tracker, execution.name, error)) };
  const after = await readLine(request, tracker, environment.roles);
  const isOver = slice.isOver() || slice.signal.aborted;
  return { ...reply, ...archived, ...lineOutcome(after, { isOver }) };
}

async function transferOpen(
  request: TransferRequest & { readonly provider: Provider },
  line: readonly LineRow[],
  slice: Slice,
  tracker: Tracker,
  invocation: Invocation,
) {
  const { destination, http, clock, report, environment } = invocation;
  const { roles, concurrency, quarantineAfter, stallMs, plainHttp } = environment;
  const runStartedAt = isoTime(Date.parse(request.execution.started_at));
  const open = line.filter((row) => isOpen(row, roles)).map(({ tracked }) => tracked);
  const work = await plan(each(open), { covers: () => true, roles });
  const { source } = await invocation.openSource(request.provider);
  const ports = { source, destination, tracker, http, clock, report };
  return transferSlice(work, ports, {
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
    signal: new AbortController().signal,
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

/** Whether a medium of a line still has something for a slice to do; one that is done costs the provider no request. */
function isOpen({ tracked, originals }: LineRow, roles: readonly Role[]): boolean {
  if (tracked.status !== 'RESOLVED') return ['LISTED', 'WAITING', 'FAILED'].includes(tracked.status);
  const isResolved = roles.every((role) => tracked.resolvedRoles.includes(role));
  return (
    !isResolved || originals.some(({ status, mark }) => ['PENDING', 'IN_PROGRESS', 'FAILED'].includes(status) || mark !== null)
  );
}

async function readLine({ line }: TransferRequest, tracker: Tracker, roles: readonly Role[]): Promise<readonly LineRow[]> {
  const rows: LineRow[] = [];
  for (const mediaId of line.media) {
    const tracked = await tracker.medium(mediaId);
    if (!tracked) continue;
    const originals = (await tracker.originals(mediaId)).filter(({ original }) => roles.includes(original.role));
    rows.push({ tracked, originals });
  }
  return rows;
}

type Ending = Pick<TransferReply, 'outcome' | 'error'>;

/** Whether another line has stopped this execution. */
async function stoppedBefore(tracker: Tracker, execution: string): Promise<Ending | undefined> {
  const fact = await tracker.getFact(factNames.stopped);
  const stopped = fact === undefined ? undefined : (JSON.parse(fact) as RunStopped);
  return stopped?.execution === execution ? endingOf(stopped.error.Error) : undefined;
}

async function stopOthers(tracker: Tracker, execution: string, error: SyncError): Promise<Ending> {
  const stopped: RunStopped = { execution, error: failureOfError(error) };
  await tracker.setFact(factNames.stopped, JSON.stringify(stopped));
  return endingOf(error.code);
}

/** Nobody's failure: what is left of the line stays PENDING, and the run says why. */
function endingOf(code: string): Ending {
  return { outcome: code === 'CREDENTIALS_EXPIRED' ? 'credentials-expired' : 'deferred', error: noFailure };
}
