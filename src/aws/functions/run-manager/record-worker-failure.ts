import { SyncError } from '../../../errors.ts';
import { isoTime } from '../../../lib/clock.ts';
import type { Provider } from '../../../media.ts';
import type { Failure as TrackedFailure, Tracker } from '../../../tracker/tracker.ts';
import type { Failure, MarkReply, MarkRequest } from '../../contract.ts';
import type { Invocation } from '../../platform/invocation.ts';
import { readLine, type LineRow } from '../../work-line.ts';
import { readFailure, reasonOf, shortened } from './caught.ts';
import { brokenOf, isTold, isUnreached, lostBy, markOf, type Unrecorded } from './lost-work.ts';

/** Longer than recording a line takes. */
const leaseMs = 60_000;
/** What the ids in a reply take at most, as JSON in UTF-8. */
const mostIdBytes = 900;
const longestCause = 300;

/**
 * Ends a work line that failed: what its worker recorded is only told; what a worker left open that ended without a word fails with that as the reason.
 * What is archived, or held by another worker, stays as it is. Repeated, it changes nothing more. Errors: those of the archive and of the tracker.
 */
export async function markFailed(
  request: MarkRequest & { readonly provider: Provider },
  invocation: Invocation,
): Promise<MarkReply> {
  const { environment, log } = invocation;
  const tracker = await invocation.openTracker(request.provider);
  const caught = readFailure(request.error);
  const reason = reasonOf(caught);
  const { roles, quarantineAfter } = environment;
  const run = request.execution.name;
  const failure: TrackedFailure = { code: 'WORKER_LOST', reason: reason + markOf(run), quarantineAfter };
  const runStartedAt = isoTime(Date.parse(request.execution.started_at));
  const told = isTold(request.error);
  const media: string[] = [];
  let quarantined = 0;

  const rows = await readLine(request.line, tracker, roles);
  const lost = told || isUnreached(request.error) ? [] : lostBy(rows, { run, runStartedAt, roles });
  for (const { row, lost: unsaid } of lost) await record(unsaid, row, failure, request.owner, tracker);
  for (const row of lost.length > 0 ? await readLine(request.line, tracker, roles) : rows) {
    const broken = brokenOf(row, runStartedAt);
    if (broken.failed) media.push(row.tracked.medium.id);
    if (broken.quarantined) quarantined += 1;
  }
  if (!told) log.error(`a worker ended without a word: ${reason}`, { line: request.line.line, media: media.length });
  const error: Failure = {
    Error: told ? request.error.Error : caught.name,
    Cause: shortened(told ? caught.detail : reason, longestCause),
  };
  return { outcome: quarantined > 0 ? 'quarantined' : 'failed', media: cut(media), quarantined, error };
}

async function record(
  { medium, originals }: Unrecorded,
  { tracked }: LineRow,
  failure: TrackedFailure,
  owner: string,
  tracker: Tracker,
): Promise<void> {
  if (medium) await tracker.failMedium(tracked.medium.id, failure);
  for (const { id } of originals) {
    const claim = await tracker.claim(id, owner, leaseMs);
    if (!claim) continue;
    await tracker.fail(claim, failure).catch((error: unknown) => {
      // Another worker took it up in between.
      if (!(error instanceof SyncError) || error.code !== 'LEASE_LOST') throw error;
    });
  }
}

/** As many as fit into a small payload. */
function cut(media: readonly string[]): readonly string[] {
  let bytes = 0;
  return media.filter((mediaId) => (bytes += Buffer.byteLength(JSON.stringify(mediaId)) + 1) <= mostIdBytes);
}
