import { isGone, lostWithoutRecord, type Mark } from '../../media.ts';
import type { MediumRecord, OriginalRecord } from './fields.ts';
import { isDisputed } from './proof.ts';
import type { Revised } from './records.ts';

/** Rules about archived files that are lost or disputed, and about what a person may accept. */

/** Fields of a record without an acceptance. */
export const unaccepted = { acceptedAt: null, acceptedReason: null } as const;

type Reachable = Pick<MediumRecord, 'status' | 'goneSince' | 'denials'>;
type Medium = Pick<MediumRecord, 'reason' | 'absentOriginals' | 'acceptedAt' | 'acceptedReason'> & Reachable;
type Archived = Pick<OriginalRecord, 'status' | 'wasArchived' | 'errorCode'> & Revised;
type Original = Pick<OriginalRecord, 'mark' | 'proof' | 'claim' | 'reason' | 'acceptedAt' | 'acceptedReason'> & Archived;

/** Whether the medium is gone, or the provider lists it but denied it at least twice in a row. */
function isUnreachable(medium: Reachable): boolean {
  return isGone(medium) || medium.denials > 1;
}

/**
 * Whether no run can fetch a file again that was archived. Either its medium is unreachable or no
 * longer offers the original, or the provider now has other content, which is archived as a later
 * revision.
 */
export function isLost(medium: Reachable, original: Archived): boolean {
  if (isUnreachable(medium)) return original.isMarked || isAbsent(original);
  return original.isMarked && (original.isReplaced || original.errorCode === 'NOT_OFFERED');
}

/** Whether the archive lost the file with its description, and no run has archived it again. */
function isAbsent(original: Archived): boolean {
  return original.wasArchived && isUnarchived(original);
}

export function isUnarchived({ status, isSuperseded }: Pick<Archived, 'status' | 'isSuperseded'>): boolean {
  return status !== 'COMPLETED' && !isSuperseded;
}

/** What is wrong with a lost file. The text is stored with an acceptance, so it never changes. */
function findingOf(mark: Mark | null): string {
  if (mark === 'SUSPECT') return 'is not what the provider says that it is';
  return mark === 'DAMAGED' ? 'is damaged' : 'is missing';
}

/**
 * What a person may accept about an original; undefined if there is nothing. No run works on a
 * QUARANTINED medium, so all its originals that need work can be accepted.
 */
export function acceptable(medium: Medium, original: Original): string | undefined {
  if (isLost(medium, original)) {
    return `the archived file ${findingOf(original.mark)}, and the provider no longer has it`;
  }
  if (isDisputed(original)) return `the same bytes came twice, and the provider's claim ${original.claim} contradicts them`;
  if (medium.status === 'QUARANTINED') {
    return original.isMarked || isUnarchived(original) ? (medium.reason ?? '') : undefined;
  }
  const isQuarantined = original.status === 'QUARANTINED' && !original.isSuperseded;
  return isQuarantined ? (original.reason ?? '') : undefined;
}

/**
 * Whether an original already says what is wrong with its FAILED, QUARANTINED or SOURCE_DELETED
 * medium, so that the medium itself does not count.
 */
export function saysWhatIsWrong(medium: Medium, original: Original): boolean {
  if (medium.status !== 'FAILED' && medium.status !== 'QUARANTINED' && medium.status !== 'SOURCE_DELETED') return false;
  if (isDisputed(original)) return false;
  if (isAccepted(medium, original)) return isUnreachable(medium) || original.acceptedReason === medium.reason;
  const hasFailed = original.status === 'FAILED' || original.status === 'QUARANTINED' || original.status === medium.status;
  return original.isMarked || isLost(medium, original) || (isUnarchived(original) && hasFailed);
}

/** What a person may accept about a medium as a whole; undefined if there is nothing. */
export function acceptableMedium(medium: Medium): string | undefined {
  if (medium.status === 'QUARANTINED') return medium.reason ?? '';
  const lost = lostWithoutRecord(medium);
  return lost > 0 ? `${lost} of its files are not in the archive, and the provider no longer has them` : undefined;
}

/** Whether an acceptance still holds. It ends when its reason changes. */
export function isAccepted(medium: Medium, original: Original): boolean {
  return original.acceptedAt !== null && original.acceptedReason === acceptable(medium, original);
}

export function isMediumAccepted(medium: Medium): boolean {
  return medium.acceptedAt !== null && medium.acceptedReason === acceptableMedium(medium);
}
