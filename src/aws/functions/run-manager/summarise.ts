import { SyncError } from '../../../errors.ts';
import { isoTime } from '../../../lib/clock.ts';
import type { Role, Tally } from '../../../media.ts';
import type { RunFinished } from '../../../events.ts';
import { summarise as summariseFacts, type RunFacts } from '../../../report/summary.ts';
import { settleDisputes, unsettledSince } from '../../../run/disputes.ts';
import { suspectEarlyFiles } from '../../../run/late-evidence.ts';
import { releaseCells } from '../../../run/held-lease.ts';
import { leaseCells } from '../../../run/lease-cells.ts';
import type { Listing } from '../../../run/listing.ts';
import { nameLostFiles } from '../../../run/losses.ts';
import type { Tracker } from '../../../tracker/tracker.ts';
import { messages, replyOf, type ReplyOf, type RequestOf } from '../../contract.ts';
import { joinLease } from '../../platform/execution-lease.ts';
import type { Invocation } from '../../platform/invocation.ts';
import { runFiles } from '../../names.ts';
import { deserialise } from '../media-lister/listing-state.ts';
import { readStopped } from '../../run-stopped.ts';
import { stateErrorOf } from '../../state-error.ts';
import { readCaught } from './caught.ts';
import { dueNotices } from './credential-notices.ts';
import { noResults, readResults, type Results } from './results.ts';
import { countsLine, noticeSentences, noticeText, partialText, type Place } from './texts.ts';

type Request = RequestOf<'GenerateSummary'>;
type Reply = ReplyOf<'GenerateSummary'>;

/**
 * Summarises a run with counts from the tracker. A run without an error releases its lease here. A
 * run with an error releases its lease in `end`. A repeated call gives the same reply. Errors:
 * those of the archive and of the tracker; LEASE_LOST.
 */
export async function summarise(request: Request, invocation: Invocation): Promise<Reply> {
  const { environment, execution, clock, metrics, report } = invocation;
  const tracker = await invocation.openTracker(request.provider);
  const lease = await joinLease(tracker, execution, { orReleased: true });
  const { tally, facts, results } = await readFacts(request, tracker, invocation);
  const { destination } = invocation;
  if (!facts.error && tally.lost > 0) await nameLostFiles({ destination, tracker, report }, environment);
  const finished = summariseFacts(facts);
  const failedFiles = finished.files.failed + finished.files.quarantined + finished.files.lost;
  await tracker.finishRun(execution.name, finished.outcome, JSON.stringify(finished));
  report(finished);
  metrics.add('VideosSynced', finished.files.archived);
  metrics.add('VideosProven', finished.files.proven);
  metrics.add('SyncFailures', failedFiles);
  metrics.add('DisputedFiles', tally.proofs.disputed > 0 ? await countDisputed(tracker, environment.roles) : 0);

  const counts = { archived_files: finished.files.archived, failed_files: failedFiles };
  if (facts.error) {
    const { Error, Cause } = stateErrorOf(facts.error, environment);
    const outcome = finished.outcome === 'expired' ? 'credentials-expired' : 'failed';
    const error = { Error, Cause: `${Cause} ${countsLine(finished)}` };
    return replyOf(messages.GenerateSummary, { ...counts, outcome, error });
  }
  const { stage, secret } = environment;
  const place: Place = { stage, secret, provider: request.provider, run: execution.name };
  const text = await textOf(request, finished, results, { tracker, place, nowMs: clock.now() });
  await releaseCells(leaseCells({ destination, tracker }), lease);
  return replyOf(messages.GenerateSummary, { ...counts, ...text });
}

/** Counts the disputed files that nobody has accepted. */
async function countDisputed(tracker: Tracker, roles: readonly Role[]): Promise<number> {
  let disputed = 0;
  for await (const { originals } of tracker.rows(['proof:disputed'])) {
    const open = originals.filter(({ proof, mark, acceptedAt }) => proof === 'disputed' && mark === null && acceptedAt === null);
    disputed += open.filter(({ original }) => roles.includes(original.role)).length;
  }
  return disputed;
}

async function readFacts(
  request: Request,
  tracker: Tracker,
  { environment: { roles }, execution, clock, destination, report, runs }: Invocation,
): Promise<{ readonly tally: Tally; readonly facts: RunFacts; readonly results: Results }> {
  const before = await tracker.tally(roles);
  const kept = await runs.read(runFiles.listing);
  const { listing, recovered } = kept === undefined ? { listing: null, recovered: 0 } : deserialise(kept);
  const runStartedAt = isoTime(Date.parse(execution.started_at));
  const hasDisputes = before.proofs.disputed > 0;
  const disputedSince = hasDisputes ? await unsettledSince({ tracker }, { runId: execution.name, runStartedAt }) : runStartedAt;
  // Most nights bring nothing new. Then the rows of the ledger are not read a second time.
  const hasResults = request.new_count + recovered + brokenIn(before) > 0 || disputedSince < runStartedAt;
  const mayDispute = hasResults && hasDisputes;
  const ports = { destination, tracker, clock, report };
  const disputedFiles = mayDispute ? await settleDisputes(ports, { since: disputedSince }) : 0;
  const suspects = hasResults ? await suspectEarlyFiles(ports, { runStartedAt }) : 0;
  const tally = mayDispute || suspects > 0 ? await tracker.tally(roles) : before;
  const results = hasResults ? await readResults(tracker, { roles, runStartedAt, disputedSince, nowMs: clock.now() }) : noResults;
  const { problems: _, ...archived } = results;
  const left = leftIn(tally) + (request.new_count > 0 ? await unresolved(tracker, roles) : 0);
  const error = (await stoppedBy(tracker, execution.name)) ?? listing?.contradiction ?? undefined;
  const facts: RunFacts = {
    runId: execution.name,
    elapsedMs: clock.now() - Date.parse(execution.started_at),
    tally,
    ...(listing && { listing: countsOf(listing) }),
    transferred: { ...archived, disputedFiles, fetchedBytes: 0, mediaRequests: 0, untriedOriginals: left },
    ...(error && { error }),
  };
  return { tally, facts, results };
}

function countsOf({ listed, added, changed, gone }: Listing): NonNullable<RunFacts['listing']> {
  return { listed, added, changed, gone };
}

function brokenIn({ originals, media, marked, lost }: Tally): number {
  return originals.FAILED + originals.QUARANTINED + media.FAILED + media.QUARANTINED + marked + lost;
}

/**
 * Counts the work that is left for a later run, because the deadline was reached or because another
 * worker has claimed the work.
 */
function leftIn({ originals, media }: Tally): number {
  return originals.PENDING + originals.IN_PROGRESS + media.LISTED;
}

/**
 * Counts the media that are not resolved for all roles yet. `leftIn` counts their known originals.
 */
async function unresolved(tracker: Tracker, roles: readonly Role[]): Promise<number> {
  let media = 0;
  for await (const { status, resolvedRoles } of tracker.openMedia(roles)) {
    if (status === 'RESOLVED' && !roles.every((role) => resolvedRoles.includes(role))) media += 1;
  }
  return media;
}

/** Returns the error that stopped all work lines of this execution, if there is one. */
async function stoppedBy(tracker: Tracker, execution: string): Promise<SyncError | undefined> {
  const stopped = await readStopped(tracker, execution);
  if (!stopped) return undefined;
  const { code = 'BUG', detail, what } = readCaught(stopped);
  return new SyncError(code, detail === '' ? what : detail);
}

async function textOf(
  request: Request,
  finished: RunFinished,
  { problems }: Results,
  { tracker, place, nowMs }: { readonly tracker: Tracker; readonly place: Place; readonly nowMs: number },
): Promise<Pick<Reply, 'outcome' | 'subject' | 'message'>> {
  const ageDays = request.cookie_age_days;
  const { notices } = await dueNotices({ kind: 'valid', ageDays }, { nowMs, run: place.run }, tracker);
  if (finished.outcome === 'partial') {
    return { outcome: 'partial', ...partialText(finished, problems, noticeSentences(notices, ageDays, place), place) };
  }
  if (notices.length === 0) return { outcome: 'clean', subject: '', message: '' };
  return { outcome: 'notice', ...noticeText(notices, finished, ageDays, place) };
}
