import { lostWithoutRecord, type MediumStatus, type OriginalStatus, type Proof, type Role, type Tally } from '../../media.ts';
import type { MediumRecord, OriginalRecord } from './fields.ts';
import { isAccepted, isLost, isMediumAccepted, isUnarchived, saysWhatIsWrong } from './evidence.ts';
import { isResolvedFor } from './medium.ts';
import { isDisputed, proofOf } from './proof.ts';
import { withRevisions, type Revised } from './records.ts';

/** Counts media and originals by the rules of `Tally`. */

type Writable<Counts> = { -readonly [Name in keyof Counts]: Counts[Name] extends number ? number : Writable<Counts[Name]> };
export type Counts = Writable<Tally>;

/** Media with equal values in these fields are counted as one group. `correct` adjusts the sums. */
export const groupedMedium = ['status', 'goneSince', 'resolvedRoles', 'originalRoles', 'unavailable'] as const;
const accepting = ['reason', 'acceptedAt', 'acceptedReason'] as const;
/** Fields that decide how a medium counts. */
export const countedMedium = [...groupedMedium, 'absentOriginals', 'denials', ...accepting] as const;
const content = ['sizeBytes', 'crc32', 'etag', 'claim', 'proof'] as const;
const archiving = ['wasArchived', 'archivedAt', 'checkedAt', 'errorCode'] as const;
/** Fields that decide how an original counts. */
export const countedOriginal = ['id', 'revision', 'role', 'status', 'mark', ...content, ...archiving, ...accepting] as const;

type GroupedMedium = Pick<MediumRecord, (typeof groupedMedium)[number]>;
type CountedMedium = Pick<MediumRecord, (typeof countedMedium)[number]>;
type CountedOriginal = Pick<OriginalRecord, (typeof countedOriginal)[number]>;

interface CountedGroup {
  readonly medium: CountedMedium;
  readonly originals: readonly CountedOriginal[];
}

export function zero(): Counts {
  const media: Record<MediumStatus, number> = {
    LISTED: 0,
    WAITING: 0,
    RESOLVED: 0,
    FAILED: 0,
    QUARANTINED: 0,
    SOURCE_DELETED: 0,
  };
  const originals: Record<OriginalStatus, number> = {
    PENDING: 0,
    IN_PROGRESS: 0,
    COMPLETED: 0,
    FAILED: 0,
    QUARANTINED: 0,
    SOURCE_DELETED: 0,
  };
  const proofs: Record<Proof, number> = { proven: 0, none: 0, unchecked: 0, disputed: 0 };
  const archived = { archivedBytes: 0, proofs, oldestReadAt: null, neverRead: 0 };
  return { media, mediaComplete: 0, originals, waiting: 0, ...archived, unsound: 0, marked: 0, lost: 0, accepted: 0 };
}

/** Archived originals without a mark. They have the same proof. */
export interface Unmarked {
  readonly proof: Proof | null;
  readonly originals: number;
  readonly bytes: number;
  readonly oldestReadAt: string | null;
  readonly neverRead: number;
}

/** Counts one medium with its originals. */
export function count(counts: Counts, group: CountedGroup, roles: readonly Role[]): void {
  addMedia(counts, group.medium, 1, roles);
  for (const original of withRevisions(group.originals)) {
    if (!roles.includes(original.role)) continue;
    addOriginals(counts, original, 1);
    if (original.status === 'COMPLETED' && original.mark === null) addUnmarked(counts, unmarked(original));
  }
  correct(counts, group, roles);
}

/**
 * Counts `media` equal media, and assumes that their originals are archived. A whole medium without
 * originals in `roles` is not counted.
 */
export function addMedia(counts: Counts, medium: GroupedMedium, media: number, roles: readonly Role[]): void {
  const hasOriginals = medium.originalRoles.some((role) => roles.includes(role));
  if (isWhole(medium, roles)) {
    if (!hasOriginals) return;
    counts.mediaComplete += media;
  }
  counts.media[medium.status] += media;
  if (medium.status === 'WAITING') counts.waiting += media * Math.max(1, medium.unavailable);
}

/** Counts `originals` equal originals. A superseded revision counts only if it is archived. */
export function addOriginals(
  counts: Counts,
  { status, isSuperseded }: { readonly status: OriginalStatus; readonly isSuperseded: boolean },
  originals: number,
): void {
  if (!isSuperseded || status === 'COMPLETED') counts.originals[status] += originals;
}

function unmarked(original: CountedOriginal): Unmarked {
  const oldestReadAt = original.checkedAt ?? original.archivedAt;
  const neverRead = oldestReadAt === null ? 1 : 0;
  return { proof: proofOf(original), originals: 1, bytes: original.sizeBytes ?? 0, oldestReadAt, neverRead };
}

export function addUnmarked(counts: Counts, { proof, originals, bytes, oldestReadAt, neverRead }: Unmarked): void {
  counts.archivedBytes += bytes;
  counts.proofs[proof ?? 'none'] += originals;
  counts.neverRead += neverRead;
  if (oldestReadAt !== null && oldestReadAt < (counts.oldestReadAt ?? '~')) counts.oldestReadAt = oldestReadAt;
}

/**
 * Corrects the counts of a medium, because `addMedia` assumes that all its originals are archived
 * and nothing is accepted. An accepted or lost original counts only as accepted or lost. A medium
 * does not count if one of its originals says what is wrong.
 */
export function correct(counts: Counts, { medium, originals }: CountedGroup, roles: readonly Role[]): void {
  let isIncomplete = false;
  let repeatsItsOriginals = false;
  for (const original of withRevisions(originals)) {
    if (!roles.includes(original.role)) continue;
    isIncomplete ||= isUnarchived(original) || original.isMarked;
    repeatsItsOriginals ||= saysWhatIsWrong(medium, original);
    const exception = exceptionOf(medium, original);
    if (exception) {
      counts.originals[original.status] -= 1;
      counts[exception] += 1;
      continue;
    }
    if (original.status === 'COMPLETED' && original.mark !== null) counts.unsound += 1;
    if (original.isMarked) counts.marked += 1;
  }
  if (isIncomplete && isWhole(medium, roles)) counts.mediaComplete -= 1;
  correctMedium(counts, medium, repeatsItsOriginals);
}

/** A disputed file is archived, also if a person accepted it. */
function exceptionOf(medium: CountedMedium, original: CountedOriginal & Revised): 'accepted' | 'lost' | undefined {
  if (isDisputed(original)) return undefined;
  if (isAccepted(medium, original)) return 'accepted';
  return isLost(medium, original) ? 'lost' : undefined;
}

function correctMedium(counts: Counts, medium: CountedMedium, repeatsItsOriginals: boolean): void {
  const lost = lostWithoutRecord(medium);
  const isMediumItself = !repeatsItsOriginals && lost === 0;
  const isExcepted = isMediumAccepted(medium);
  counts[isExcepted ? 'accepted' : 'lost'] += lost;
  if (isMediumItself && !isExcepted) return;
  counts.media[medium.status] -= 1;
  if (isMediumItself) counts.accepted += 1;
  else counts.media.RESOLVED += 1;
}

/** True if the medium is RESOLVED, and is gone or was resolved for all of `roles`. */
function isWhole(medium: GroupedMedium, roles: readonly Role[]): boolean {
  return medium.status === 'RESOLVED' && (medium.goneSince !== null || isResolvedFor(medium, roles));
}
