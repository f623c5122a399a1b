import { SyncError } from '../../../errors.ts';
import { isoTime } from '../../../lib/clock.ts';
import type { Failure, Tracker } from '../../../tracker/tracker.ts';
import type { ReplyOf, RequestOf } from '../../contract.ts';
import { joinLease } from '../../platform/execution-lease.ts';
import type { Invocation } from '../../platform/invocation.ts';
import { readLine } from '../../work-line.ts';
import { readCaught, reasonOf, shortened } from './caught.ts';
import { failureOf, isReplied, isUnreached, lostWork, type LostWork } from './lost-work.ts';

/** How long a claim of this function is valid, in ms. Recording a whole line takes less time. */
const leaseMs = 60_000;
/** The maximum size in bytes of the list of ids in a reply, as JSON in UTF-8. */
const maxIdBytes = 900;
const maxCauseLength = 300;

/**
 * Ends a work line that failed. A worker that replied has recorded everything itself. If a worker
 * ended without a reply, its lost work is recorded as failed, with the error as the reason. If the
 * call did not reach a worker, no status changes. Archived originals and originals that another
 * worker has claimed do not change. A repeated call changes nothing more. Errors: those of the
 * archive and of the tracker.
 */
export async function recordWorkerFailure(
  request: RequestOf<'MarkVideoFailed'>,
  invocation: Invocation,
): Promise<ReplyOf<'MarkVideoFailed'>> {
  const { environment, log } = invocation;
  const { roles, quarantineAfter } = environment;
  const { line, execution, owner } = request;
  const tracker = await invocation.openTracker(request.provider);
  await joinLease(tracker, execution);
  const caught = readCaught(request.error);
  const reason = reasonOf(caught);
  const runStartedAt = isoTime(Date.parse(execution.started_at));
  const replied = isReplied(request.error);

  const rows = await readLine(line, tracker, roles);
  const lost = replied || isUnreached(request.error) ? [] : lostWork(rows, { runStartedAt, roles });
  const failure: Failure = { code: 'WORKER_LOST', reason: `${reason} (in the run ${execution.name})`, quarantineAfter };
  for (const work of lost) await recordLost(work, failure, owner, tracker);
  const failures = (lost.length > 0 ? await readLine(line, tracker, roles) : rows).map((row) => ({
    mediaId: row.tracked.medium.id,
    ...failureOf(row, runStartedAt),
  }));
  const media = failures.filter(({ failed }) => failed).map(({ mediaId }) => mediaId);
  const quarantined = failures.filter((medium) => medium.quarantined).length;
  if (!replied) log.error(`a worker ended without a reply: ${reason}`, { line: line.line, media: media.length });
  const error = {
    Error: replied ? request.error.Error : caught.name,
    Cause: shortened(replied ? caught.detail : reason, maxCauseLength),
  };
  return { outcome: quarantined > 0 ? 'quarantined' : 'failed', media: cut(media), quarantined, error };
}

async function recordLost(
  { row, medium, originals }: LostWork,
  failure: Failure,
  owner: string,
  tracker: Tracker,
): Promise<void> {
  if (medium) await tracker.failMedium(row.tracked.medium.id, failure);
  for (const { id } of originals) {
    const claim = await tracker.claim(id, owner, leaseMs);
    if (!claim) continue;
    await tracker.fail(claim, failure).catch((error: unknown) => {
      // Another worker has claimed the original in the meantime. The other worker decides its
      // status.
      if (!(error instanceof SyncError) || error.code !== 'LEASE_LOST') throw error;
    });
  }
}

/** Returns the first ids, as many as fit into a small payload. */
function cut(media: readonly string[]): readonly string[] {
  let bytes = 0;
  return media.filter((mediaId) => (bytes += Buffer.byteLength(JSON.stringify(mediaId)) + 1) <= maxIdBytes);
}
