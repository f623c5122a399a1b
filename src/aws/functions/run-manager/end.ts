import { SyncError } from '../../../errors.ts';
import type { LeaseRecord } from '../../../lease.ts';
import { isoTime } from '../../../lib/clock.ts';
import { summarise as summariseFacts, type RunFacts } from '../../../report/summary.ts';
import type { Provider } from '../../../media.ts';
import { releaseCells } from '../../../run/held-lease.ts';
import { leaseCells } from '../../../run/lease-cells.ts';
import type { Tracker } from '../../../tracker/tracker.ts';
import type { ReplyOf, RequestOf, StateError } from '../../contract.ts';
import { joinLease } from '../../platform/execution-lease.ts';
import type { Invocation } from '../../platform/invocation.ts';
import { runFiles } from '../../names.ts';
import { readCaught, type Caught } from './caught.ts';
import { dueNotices } from './credential-notices.ts';
import { parseInput } from './input.ts';
import { noResults, readResults, type Results } from './results.ts';
import { expiryText, failureText, archiveLine, type Notification, type Place } from './texts.ts';

/**
 * `finish` looks for its run among this many of the latest runs. At most a few runs are newer,
 * because `joinLease` has just found that no newer run took the lease.
 */
const maxNewerRuns = 20;

/**
 * Ends a run early: records its end, releases its lease and writes the notification. It works even
 * if the input is unreadable, or if the table or the archive is missing. If another run has the
 * lease, it only writes the notification. A repeated call gives the same reply. It never throws a
 * SyncError.
 */
export async function end({ input, error, execution }: RequestOf<'EndRun'>, invocation: Invocation): Promise<ReplyOf<'EndRun'>> {
  const { environment, clock, metrics } = invocation;
  const caught = readCaught(error);
  const isExpired = caught.code === 'CREDENTIALS_EXPIRED';
  const provider = providerOf(input);
  const { stage, secret } = environment;
  const place: Place = { stage, secret, provider: provider ?? 'gopro', run: execution.name };
  // Expired credentials have their own notification and do not count as a failure.
  if (!isExpired) metrics.add('SyncFailures', 1);

  const tracker = provider && (await attempt(invocation, 'the tracker cannot be opened', () => invocation.openTracker(provider)));
  const lease =
    tracker &&
    (await attempt(invocation, 'the run is not ended in the tracker', () => joinLease(tracker, execution, { orReleased: true })));
  const also =
    lease &&
    (await attempt(invocation, 'the run cannot be ended in the tracker', () => finish(caught, { tracker, lease }, invocation)));
  if (!isExpired) return { notify: true, error: asError(failureText(caught, also, place)) };
  const decision =
    tracker &&
    (await attempt(invocation, 'the earlier notices cannot be read', () =>
      dueNotices({ kind: 'expired' }, { nowMs: clock.now(), run: execution.name }, tracker),
    ));
  const since = decision?.notices.includes('still-expired') ? decision.episodes.expired?.since : undefined;
  return { notify: decision === undefined || decision.notices.length > 0, error: asError(expiryText(since, place)) };
}

function asError({ subject, message }: Notification): StateError {
  return { Error: subject, Cause: message };
}

/**
 * Returns the provider of the run. Returns undefined if the input is wrong, because then no run
 * began.
 */
function providerOf(input: unknown): Provider | undefined {
  try {
    return parseInput(input).provider;
  } catch {
    return undefined;
  }
}

/**
 * Runs `act`. If `act` fails, the error is logged and the caller continues, because the
 * notification about the failed run must still be sent.
 */
async function attempt<Result>({ log }: Invocation, trouble: string, act: () => Promise<Result>): Promise<Result | undefined> {
  try {
    return await act();
  } catch (error) {
    log.error(trouble, { error: error instanceof Error ? error.message : String(error) });
    return undefined;
  }
}

/** Reads the results of the run. A run that did not begin its listing has archived nothing. */
async function resultsOf(tracker: Tracker, { environment: { roles }, execution, clock, runs }: Invocation): Promise<Results> {
  if ((await runs.read(runFiles.listing)) === undefined) return noResults;
  return readResults(tracker, { roles, runStartedAt: isoTime(Date.parse(execution.started_at)), nowMs: clock.now() });
}

/**
 * Records the end of the run, if the run began and has not ended yet, and releases its lease.
 * Returns a line about the archive, or undefined if there was nothing to record.
 */
async function finish(
  { code = 'WORKER_LOST', name, what, detail }: Caught,
  { tracker, lease }: { readonly tracker: Tracker; readonly lease: LeaseRecord },
  invocation: Invocation,
): Promise<string | undefined> {
  const { environment, execution, clock, metrics, report, destination } = invocation;
  const run = (await tracker.runs(maxNewerRuns)).find(({ id }) => id === execution.name);
  let line: string | undefined;
  if (run && run.finishedAt === null) {
    const { problems: _, ...archived } =
      (await attempt(invocation, 'the archived files cannot be counted', () => resultsOf(tracker, invocation))) ?? noResults;
    if (archived.archivedFiles > 0) metrics.add('VideosSynced', archived.archivedFiles);
    if (archived.provenFiles > 0) metrics.add('VideosProven', archived.provenFiles);
    const facts: RunFacts = {
      runId: execution.name,
      elapsedMs: clock.now() - Date.parse(execution.started_at),
      tally: await tracker.tally(environment.roles),
      transferred: { ...archived, fetchedBytes: 0, mediaRequests: 0, untriedOriginals: 0 },
      error: new SyncError(code, detail === '' ? `${what} (${name})` : detail),
    };
    const counted = summariseFacts(facts);
    // An error of the platform has the code WORKER_LOST, for which `summariseFacts` returns the
    // outcome `partial`. But this run has failed.
    const finished = counted.outcome === 'expired' ? counted : { ...counted, outcome: 'failed' as const };
    await tracker.finishRun(execution.name, finished.outcome, JSON.stringify(finished));
    report(finished);
    line = archiveLine(finished);
  }
  await releaseCells(leaseCells({ destination, tracker }), lease);
  return line;
}
