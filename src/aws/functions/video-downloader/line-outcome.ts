import type { MediumStatus, OriginalStatus } from '../../../media.ts';
import type { TrackedMedium, TrackedOriginal } from '../../../tracker/tracker.ts';
import { noFailure, type Failure, type TransferReply } from '../../contract.ts';
import type { LineRow } from '../../work-line.ts';

/** How a work line stands, judged by what the tracker holds of its media. Pure. */

/** A reason that a person reads, cut where it would make the payload grow. */
const longestCause = 300;

/**
 * `go-on` while the slice ended before the work did; then the worst that happened to any of the media. `deferred`: something is left although there was
 * time, because another worker holds it.
 */
export function lineOutcome(
  rows: readonly LineRow[],
  { isOver }: { readonly isOver: boolean },
): Pick<TransferReply, 'outcome' | 'error'> {
  const all = rows.flatMap(({ tracked, originals }) => [tracked, ...originals]);
  const having = (...statuses: readonly (OriginalStatus | MediumStatus)[]) =>
    all.filter(({ status }) => statuses.includes(status));
  const left = having('PENDING', 'IN_PROGRESS', 'LISTED');
  if (isOver && left.length > 0) return { outcome: 'go-on', error: noFailure };
  const [quarantined] = having('QUARANTINED');
  if (quarantined) return { outcome: 'quarantined', error: failureOf(quarantined) };
  const [failed] = having('FAILED');
  if (failed) return { outcome: 'failed', error: failureOf(failed) };
  if (left.length > 0) return { outcome: 'deferred', error: noFailure };
  const isWaiting = rows.length > 0 && rows.every(({ tracked }) => tracked.status === 'WAITING');
  return { outcome: isWaiting ? 'waiting' : 'done', error: noFailure };
}

function failureOf(row: TrackedMedium | TrackedOriginal): Failure {
  const what = 'id' in row ? row.original.key : row.medium.filename || row.medium.id;
  const code = 'errorCode' in row ? row.errorCode : null;
  return { Error: code ?? row.status, Cause: `${what}: ${row.reason ?? row.status}`.slice(0, longestCause) };
}
