import type { Role } from '../../../media.ts';
import type { TrackedOriginal } from '../../../tracker/tracker.ts';
import { errorKinds } from '../../../errors.ts';
import type { StateError } from '../../contract.ts';
import { lambdaRefused, lambdaUnavailable, unknownOutcomeError } from '../../platform-errors.ts';
import type { LineRow } from '../../work-line.ts';

/** The work that a failed worker did not record. No I/O. */

/**
 * Whether the worker itself replied with the error, by one of our codes or a status. An error of
 * the platform or a BUG ends a worker before it can record anything.
 */
export function isReplied({ Error }: StateError): boolean {
  return Error === '' || Error === 'FAILED' || Error === 'QUARANTINED' || (Error !== 'BUG' && Object.hasOwn(errorKinds, Error));
}

const unreached: readonly string[] = [...lambdaUnavailable, ...lambdaRefused, unknownOutcomeError];

/** The call did not reach a worker, or the reply was not understood. The media are unchanged. */
export function isUnreached({ Error }: StateError): boolean {
  return unreached.includes(Error);
}

/** The facts of a run that decide which work was lost. */
interface RunFacts {
  /** ISO 8601. */
  readonly runStartedAt: string;
  readonly roles: readonly Role[];
}

export interface LostWork {
  readonly row: LineRow;
  /** True when the medium is not resolved for all roles, so it fails as a whole. */
  readonly medium: boolean;
  /** The originals to claim and fail. A claim of another worker prevents that. */
  readonly originals: readonly TrackedOriginal[];
}

/**
 * The work that a line lost with its worker: the originals that the worker had claimed. Other media
 * were not begun, and must not be quarantined because of a neighbour. If the worker had claimed no
 * original, any medium may have ended it.
 */
export function lostWork(rows: readonly LineRow[], run: RunFacts): readonly LostWork[] {
  const open = rows.map((row) => openWork(row, run));
  const held = open.map(({ row, originals }) => ({
    row,
    medium: false,
    originals: originals.filter(({ status }) => status === 'IN_PROGRESS'),
  }));
  const heldAny = held.some(({ originals }) => originals.length > 0) || rows.some((row) => isRecorded(row, run));
  return heldAny ? held : open;
}

/**
 * True if this step has already recorded a lost original in this run, so the worker had claimed it.
 */
function isRecorded({ originals }: LineRow, { runStartedAt }: RunFacts): boolean {
  return originals.some(({ errorCode, statusSince }) => errorCode === 'WORKER_LOST' && statusSince >= runStartedAt);
}

export function openWork(row: LineRow, { runStartedAt, roles }: RunFacts): LostWork {
  const { status, statusSince, resolvedRoles, goneSince } = row.tracked;
  if (goneSince !== null) return { row, medium: false, originals: [] };
  const isUnresolved = status === 'RESOLVED' && !roles.every((role) => resolvedRoles.includes(role));
  // A medium that ends its worker in each run must be quarantined in the end, so it fails once a
  // run.
  const isFailedBefore = status === 'FAILED' && statusSince < runStartedAt;
  return {
    row,
    medium: status === 'LISTED' || isUnresolved || isFailedBefore,
    originals: row.originals.filter((original) => original.status === 'PENDING' || original.status === 'IN_PROGRESS'),
  };
}

interface MediumFailure {
  readonly failed: boolean;
  /** Whether the medium was quarantined in this run. */
  readonly quarantined: boolean;
}

/** Whether a medium or one of its originals failed, after everything is recorded. */
export function failureOf({ tracked, originals }: LineRow, runStartedAt: string): MediumFailure {
  const all = [tracked, ...originals];
  return {
    failed: all.some(({ status }) => status === 'FAILED' || status === 'QUARANTINED'),
    quarantined: all.some(({ status, statusSince }) => status === 'QUARANTINED' && statusSince >= runStartedAt),
  };
}
