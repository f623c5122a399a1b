import type { MediumStatus, OriginalStatus } from '../../../media.ts';
import { awaitingRepair } from '../../../plan/plan.ts';
import type { TrackedMedium, TrackedOriginal } from '../../../tracker/tracker.ts';
import { noError, type ReplyOf, type StateError } from '../../contract.ts';
import type { LineRow } from '../../work-line.ts';

/** Decides the outcome of a work line from the tracker's rows of its media. No I/O. */

/** The `Cause` of an error is cut to this length to keep the payload small. */
const maxCauseLength = 300;

/**
 * Returns `go-on` if the slice ended before the work was done, otherwise the worst outcome of any
 * medium. `deferred` means that another worker has claimed the rest. A damaged file counts as open
 * work until its repair fails in this run, which began at `runStartedAt` (ISO 8601).
 */
export function lineOutcome(
  rows: readonly LineRow[],
  { isOver, runStartedAt }: { readonly isOver: boolean; readonly runStartedAt: string },
): Pick<ReplyOf<'DownloadVideo'>, 'outcome' | 'error'> {
  const all = rows.flatMap(({ tracked, originals }) => [tracked, ...originals]);
  const having = (...statuses: readonly (OriginalStatus | MediumStatus)[]) =>
    all.filter(({ status }) => statuses.includes(status));
  const repairs = rows.filter(({ tracked }) => isFetched(tracked)).flatMap(({ originals }) => awaitingRepair(originals));
  const hasFailed = ({ failedAt }: TrackedOriginal) => failedAt !== null && failedAt >= runStartedAt;
  const left = [...having('PENDING', 'IN_PROGRESS', 'LISTED'), ...repairs.filter((row) => !hasFailed(row))];
  if (isOver && left.length > 0) return { outcome: 'go-on', error: noError };
  const [quarantined] = having('QUARANTINED');
  if (quarantined) return { outcome: 'quarantined', error: errorOf(quarantined) };
  const [failed] = [...having('FAILED'), ...repairs.filter(hasFailed)];
  if (failed) return { outcome: 'failed', error: errorOf(failed) };
  if (left.length > 0) return { outcome: 'deferred', error: noError };
  const isWaiting = rows.length > 0 && rows.every(({ tracked }) => tracked.status === 'WAITING');
  return { outcome: isWaiting ? 'waiting' : 'done', error: noError };
}

/** Whether a run can still fetch the known files of a medium. */
function isFetched({ status, goneSince }: TrackedMedium): boolean {
  return status === 'RESOLVED' && goneSince === null;
}

function errorOf(row: TrackedMedium | TrackedOriginal): StateError {
  const what = 'id' in row ? row.original.key : row.medium.filename || row.medium.id;
  const code = 'errorCode' in row ? row.errorCode : null;
  return { Error: code ?? row.status, Cause: `${what}: ${row.reason ?? row.status}`.slice(0, maxCauseLength) };
}
