import { needsRepair, type Role } from '../../../media.ts';
import { awaitingRepair } from '../../../plan/plan.ts';
import type { TrackedOriginal } from '../../../tracker/tracker.ts';
import { errorKinds } from '../../../errors.ts';
import type { StateError } from '../../contract.ts';
import { lambdaRefused, lambdaUnavailable, unknownOutcomeError } from '../../platform-errors.ts';
import type { LineRow } from '../../work-line.ts';

/** Finds the work that a failed worker did not record. No I/O. */

/**
 * True if the error comes from a reply of the worker. The name of such an error is empty, a status,
 * or one of our error codes. An error of the platform or a BUG ends a worker before it can record
 * anything.
 */
export function isReplied({ Error }: StateError): boolean {
  return Error === '' || Error === 'FAILED' || Error === 'QUARANTINED' || (Error !== 'BUG' && Object.hasOwn(errorKinds, Error));
}

const unreached: readonly string[] = [...lambdaUnavailable, ...lambdaRefused, unknownOutcomeError];

/**
 * True if the call did not reach a worker, or if the machine does not know the outcome in the
 * reply. In both cases no work counts as lost.
 */
export function isUnreached({ Error }: StateError): boolean {
  return unreached.includes(Error);
}

/** The facts about a run that are needed to find its lost work. */
interface RunFacts {
  /** When the run started, in ISO 8601. */
  readonly runStartedAt: string;
  readonly roles: readonly Role[];
}

export interface LostWork {
  readonly row: LineRow;
  /** True if the medium itself fails, because not all of its originals are known. */
  readonly medium: boolean;
  /**
   * The lost originals. The caller records each one as failed, unless another worker has claimed
   * it.
   */
  readonly originals: readonly TrackedOriginal[];
}

/**
 * Returns the work that a line lost when its worker ended. If the worker had claimed originals,
 * only these originals are lost. Other media must not be quarantined, because the worker had not
 * begun them. If the worker had claimed no original, any medium may have ended the worker, and all
 * open work is lost.
 */
export function lostWork(rows: readonly LineRow[], run: RunFacts): readonly LostWork[] {
  const open = rows.map((row) => openWork(row, run));
  const held = open.map(({ row, originals }) => ({
    row,
    medium: false,
    originals: originals.filter(isHeld),
  }));
  const heldAny = held.some(({ originals }) => originals.length > 0) || rows.some((row) => isRecorded(row, run));
  return heldAny ? held : open;
}

/** True if a worker has claimed the original, also if the claim is for the repair of its file. */
function isHeld({ status, owner }: TrackedOriginal): boolean {
  return status === 'IN_PROGRESS' || (status === 'COMPLETED' && owner !== null);
}

/**
 * True if an earlier call of this step recorded a lost original of the medium in the same run. A
 * repeated call must then not count other open work as lost.
 */
function isRecorded({ originals }: LineRow, { runStartedAt }: RunFacts): boolean {
  return originals.some(
    ({ errorCode, failedAt, statusSince }) => errorCode === 'WORKER_LOST' && (failedAt ?? statusSince) >= runStartedAt,
  );
}

export function openWork(row: LineRow, { runStartedAt, roles }: RunFacts): LostWork {
  const { status, statusSince, resolvedRoles, goneSince } = row.tracked;
  if (goneSince !== null) return { row, medium: false, originals: [] };
  const isUnresolved = status === 'RESOLVED' && !roles.every((role) => resolvedRoles.includes(role));
  // A medium that ends its worker in every run must be quarantined at last. For this reason a
  // medium that failed in an earlier run fails once more in this run.
  const isFailedBefore = status === 'FAILED' && statusSince < runStartedAt;
  const repairs = awaitingRepair(row.originals).filter(({ failedAt }) => failedAt === null || failedAt < runStartedAt);
  return {
    row,
    medium: status === 'LISTED' || isUnresolved || isFailedBefore,
    originals: [...row.originals.filter(isUnfinished), ...(status === 'RESOLVED' ? repairs : [])],
  };
}

function isUnfinished({ status }: TrackedOriginal): boolean {
  return status === 'PENDING' || status === 'IN_PROGRESS';
}

interface MediumFailure {
  readonly failed: boolean;
  /** True if the medium or one of its originals was quarantined in this run. */
  readonly quarantined: boolean;
}

/**
 * Returns whether a medium or one of its originals failed. Call this function only after the lost
 * work is recorded.
 */
export function failureOf({ tracked, originals }: LineRow, runStartedAt: string): MediumFailure {
  const all = [tracked, ...originals];
  const hasFailedRepair = originals.some(
    ({ mark, failedAt }) => needsRepair(mark) && failedAt !== null && failedAt >= runStartedAt,
  );
  return {
    failed: hasFailedRepair || all.some(({ status }) => status === 'FAILED' || status === 'QUARANTINED'),
    quarantined: all.some(({ status, statusSince }) => status === 'QUARANTINED' && statusSince >= runStartedAt),
  };
}
