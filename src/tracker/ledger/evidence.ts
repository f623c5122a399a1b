import { isGone } from '../../media.ts';
import type { MediumRecord, OriginalRecord } from './fields.ts';
import type { Revised } from './records.ts';

/** Rules about archived files that are lost, and about what a person may accept. */

/** Fields of a record without an acceptance. */
export const unaccepted = { acceptedAt: null, acceptedReason: null } as const;

type Medium = Pick<MediumRecord, 'status' | 'goneSince' | 'reason' | 'absentOriginals' | 'acceptedAt' | 'acceptedReason'>;
type Archived = Pick<OriginalRecord, 'status' | 'wasArchived'> & Revised;
type Original = Pick<OriginalRecord, 'mark' | 'reason' | 'acceptedAt' | 'acceptedReason'> & Archived;

/**
 * Whether no run can fetch a file again that was archived. Either its medium is gone, or the
 * provider now has other content, which is archived as a later revision.
 */
export function isLost(medium: Pick<MediumRecord, 'status' | 'goneSince'>, original: Archived): boolean {
  if (isGone(medium)) return original.isMarked || isAbsent(original);
  return original.isMarked && original.isReplaced;
}

/** Whether the archive lost the file with its description, and no run has archived it again. */
function isAbsent({ wasArchived, status, isSuperseded }: Archived): boolean {
  return wasArchived && status !== 'COMPLETED' && !isSuperseded;
}

/** How many originals of a medium are lost and have no record, because no resolve has shown them. */
export function lostWithoutRecord(medium: Pick<MediumRecord, 'status' | 'goneSince' | 'absentOriginals'>): number {
  return isGone(medium) ? medium.absentOriginals : 0;
}

/** What a person may accept about an original; undefined if there is nothing. */
export function acceptable(medium: Medium, original: Original): string | undefined {
  if (isLost(medium, original)) {
    return `the archived file is ${original.mark === 'DAMAGED' ? 'damaged' : 'missing'}, and the provider no longer has it`;
  }
  const isQuarantined = original.status === 'QUARANTINED' && !original.isSuperseded;
  return isQuarantined ? (original.reason ?? '') : undefined;
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
