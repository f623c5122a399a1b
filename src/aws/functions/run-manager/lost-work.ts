import type { Role } from '../../../media.ts';
import type { TrackedOriginal } from '../../../tracker/tracker.ts';
import { errorKinds } from '../../../errors.ts';
import type { Failure } from '../../contract.ts';
import type { LineRow } from '../../work-line.ts';

/** What a worker that ended without a word left unsaid of a medium. Pure. */

/**
 * Whether the worker itself told how it ended, by a code of ours or a status. What the platform raises, and a fault of ours that nobody caught, ends a
 * worker before it could record anything.
 */
export function isTold({ Error }: Failure): boolean {
  return Error === '' || Error === 'FAILED' || Error === 'QUARANTINED' || (Error !== 'BUG' && Object.hasOwn(errorKinds, Error));
}

/** The call did not reach a worker, or its answer was not understood: the media are what they were. */
const unreached = [
  'Lambda.ClientExecutionTimeoutException',
  'Lambda.ServiceException',
  'Lambda.AWSLambdaException',
  'Lambda.SdkClientException',
  'Lambda.TooManyRequestsException',
  'Lambda.ResourceNotReadyException',
  'Lambda.ResourceConflictException',
  'Lambda.ResourceNotFoundException',
  'Lambda.AccessDeniedException',
  'Lambda.EC2ThrottledException',
  'Lambda.EC2UnexpectedException',
  'Lambda.ENINotReadyException',
  'CloudSync.UnknownOutcome',
];

export function isUnreached({ Error }: Failure): boolean {
  return unreached.includes(Error);
}

/**
 * What a line that lost its worker lost: only what the worker held when it ended. The others were not begun, and are not to be quarantined for a neighbour;
 * where it held nothing, any of them may be what ends workers.
 */
export function lostBy(
  rows: readonly LineRow[],
  run: MarkingRun,
): readonly { readonly row: LineRow; readonly lost: Unrecorded }[] {
  const all = rows.map((row) => ({ row, lost: unrecorded(row, run) }));
  const held = all.map(({ row, lost }) => ({
    row,
    lost: { medium: false, originals: lost.originals.filter(({ status }) => status === 'IN_PROGRESS') },
  }));
  const isHeld = held.some(({ lost }) => lost.originals.length > 0);
  return isHeld || rows.some((row) => isMarked(row, run)) ? held : all;
}

/** This step has recorded something of it before. */
function isMarked({ tracked, originals }: LineRow, { run }: MarkingRun): boolean {
  return [tracked, ...originals].some(({ reason }) => reason?.endsWith(markOf(run)));
}

export interface Unrecorded {
  /** The medium was not resolved, or not for all that is asked for: it fails as a whole. */
  readonly medium: boolean;
  /** To be claimed and failed; what another worker holds refuses the claim. */
  readonly originals: readonly TrackedOriginal[];
}

/** What of a run decides what it has recorded. */
interface MarkingRun {
  /** Name of the execution. */
  readonly run: string;
  /** ISO 8601. */
  readonly runStartedAt: string;
  readonly roles: readonly Role[];
}

export function unrecorded({ tracked, originals }: LineRow, { run, runStartedAt, roles }: MarkingRun): Unrecorded {
  const { status, statusSince, resolvedRoles, goneSince, reason } = tracked;
  if (goneSince !== null) return { medium: false, originals: [] };
  const isUnresolved = status === 'RESOLVED' && !roles.every((role) => resolvedRoles.includes(role));
  // Failed in an earlier run and not in this one: a medium that ends its worker each time must come to be quarantined.
  const isFailedBefore = status === 'FAILED' && statusSince < runStartedAt && !reason?.endsWith(markOf(run));
  return {
    medium: status === 'LISTED' || isUnresolved || isFailedBefore,
    originals: originals.filter((original) => original.status === 'PENDING' || original.status === 'IN_PROGRESS'),
  };
}

/** Ends a reason that was recorded here: it tells a step that is repeated what it has done, and a person where to look. */
export function markOf(run: string): string {
  return ` (in the run ${run})`;
}

interface Broken {
  readonly failed: boolean;
  /** By this run. */
  readonly quarantined: boolean;
}

/** How a medium stands when everything of it is recorded. */
export function brokenOf({ tracked, originals }: LineRow, runStartedAt: string): Broken {
  const all = [tracked, ...originals];
  return {
    failed: all.some(({ status }) => status === 'FAILED' || status === 'QUARANTINED'),
    quarantined: all.some(({ status, statusSince }) => status === 'QUARANTINED' && statusSince >= runStartedAt),
  };
}
