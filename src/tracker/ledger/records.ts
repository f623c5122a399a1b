import { mediumVersion, needsRepair, originalId, type Medium, type Original } from '../../media.ts';
import { decodeClaim, encodeClaim, parseEtag } from '../../proof/claim.ts';
import type { TrackedMedium, TrackedOriginal } from '../tracker.ts';
import {
  identityFields,
  initialValues,
  listedFields,
  mediumFields,
  namesOf,
  originalFields,
  type MediumRecord,
  type OriginalRecord,
} from './fields.ts';
import { proofOf } from './proof.ts';

/** The first records of media and originals, and how the port shows records. */

/** A medium with every revision of its originals, in the order in which they were recorded. */
export interface Group<Of = OriginalRecord> {
  readonly medium: MediumRecord;
  readonly originals: readonly Of[];
}

const initialMedium = initialValues(mediumFields);
const initialOriginal = initialValues(originalFields);

/** The first record of a medium. */
export function newMedium(medium: Medium, now: string): MediumRecord {
  const listed = { ...initialMedium, ...medium, version: mediumVersion(medium), statusSince: now, firstSeenAt: now };
  if (medium.ready) return { ...listed, status: 'LISTED' };
  return { ...listed, status: 'WAITING', reason: notReady(medium.readyState), waitingSince: now };
}

export function notReady(readyState: string): string {
  return `the provider says "${readyState}"`;
}

/** The first record of an original. */
export function newOriginal(original: Original, now: string): OriginalRecord {
  const { mediaId: _, ...identity } = original;
  const id = originalId(original, original.revision);
  return { ...initialOriginal, ...identity, id, status: 'PENDING', statusSince: now };
}

/** The id of the medium that an original's id names. */
export function mediaIdOf(originalId: string): string {
  return decodeURIComponent(originalId.slice(0, originalId.indexOf('#')));
}

/** The id of an original's first revision. */
export function identityOf({ id, revision }: Pick<OriginalRecord, 'id' | 'revision'>): string {
  return revision === 1 ? id : id.slice(0, -`#r${revision}`.length);
}

/**
 * The time when the status began. A medium that was LISTED between two waits counts as waiting
 * since the first one.
 */
export function sinceOf({ status, statusSince, waitingSince }: MediumRecord): string {
  return (status === 'WAITING' ? waitingSince : null) ?? statusSince;
}

export const listedNames = namesOf(listedFields);
const identityNames = namesOf(identityFields);
const mediumNames = [
  'status',
  'resolvedRoles',
  'unavailable',
  'firstSeenAt',
  'waitingSince',
  'reason',
  'failedRuns',
  'goneSince',
] as const;
const acceptanceNames = ['acceptedAt', 'acceptedReason'] as const;
const contentNames = ['sizeBytes', 'crc32', 'mark', 'upload'] as const;
const evidenceNames = ['claim', 'claimPartBytes', 'mismatch', 'checkedAt'] as const;
const progressNames = [
  'id',
  'status',
  'statusSince',
  'owner',
  'attempt',
  'failedRuns',
  'failedAt',
  'archivedAt',
  'errorCode',
  'reason',
] as const;

export function toMedium(record: MediumRecord): Medium {
  return pick(record, listedNames);
}

export function toTrackedMedium(record: MediumRecord): TrackedMedium {
  return {
    ...pick(record, mediumNames),
    ...pick(record, acceptanceNames),
    medium: toMedium(record),
    statusSince: sinceOf(record),
    absentOriginals: record.absentOriginals,
    denials: record.denials,
  };
}

export function toTrackedOriginal(record: OriginalRecord): TrackedOriginal {
  return {
    ...pick(record, contentNames),
    ...pick(record, evidenceNames),
    proof: proofOf(record),
    ...pick(record, progressNames),
    ...pick(record, acceptanceNames),
    original: { ...pick(record, identityNames), mediaId: mediaIdOf(record.id) },
    validator: pick(record, ['etag', 'lastModified']),
  };
}

function pick<Record, Name extends keyof Record>(record: Record, names: readonly Name[]): Pick<Record, Name> {
  const picked: Partial<Pick<Record, Name>> = {};
  for (const name of names) picked[name] = record[name];
  return picked as Pick<Record, Name>;
}

/** The effect of later revisions of an original on the earlier ones. */
export interface Revised {
  /** A later revision exists. */
  readonly isSuperseded: boolean;
  /** A later revision is archived. */
  readonly isReplaced: boolean;
  /**
   * True if the original has a mark that counts. A mark does not count if a later revision archives
   * what the file should hold. The marks DAMAGED and SUSPECT do not count either if no later
   * revision is archived and one is FAILED or QUARANTINED, because that revision counts.
   */
  readonly isMarked: boolean;
}

type Revision = Pick<OriginalRecord, 'id' | 'revision' | 'status' | 'mark' | 'sizeBytes' | 'crc32' | 'etag' | 'claim' | 'proof'>;

/**
 * Whether a later revision archives what an earlier, marked one should hold. Other content of the
 * source never supersedes a file. What a file should hold is what its claim says, so other bytes
 * that are proven by the same claim supersede it. Equal bytes supersede a damaged file.
 */
export function supersedes(later: Revision, earlier: Revision): boolean {
  if (later.revision <= earlier.revision || later.status !== 'COMPLETED') return false;
  const hasSameBytes = later.sizeBytes === earlier.sizeBytes && later.crc32 === earlier.crc32;
  if (earlier.mark === 'DAMAGED' && hasSameBytes) return true;
  if (!needsRepair(earlier.mark) || later.mark === 'SUSPECT') return false;
  const isProven = later.proof === 'proven';
  if (hasSameClaim(later, earlier)) return isProven || earlier.mark === 'SUSPECT';
  return earlier.mark === 'SUSPECT' && hasSameBytes && isProven;
}

/** If the provider was never asked for the claim of the earlier one, its ETag may be the claim. */
function hasSameClaim(later: Revision, earlier: Revision): boolean {
  const claim = earlier.claim ?? encodeClaim(parseEtag(earlier.etag));
  return decodeClaim(later.claim) !== null && later.claim === claim;
}

export function withRevisions<Original extends Revision>(originals: readonly Original[]): readonly (Original & Revised)[] {
  const revisions = originals.some(({ revision }) => revision > 1) ? Map.groupBy(originals, identityOf) : undefined;
  return originals.map((original) => {
    const all = revisions?.get(identityOf(original)) ?? [];
    const later = all.filter(({ revision }) => revision > original.revision);
    const archived = later.filter(({ status }) => status === 'COMPLETED');
    const isReplaced = archived.length > 0;
    const hasFailed = later.some(({ status }) => status === 'FAILED' || status === 'QUARANTINED');
    const isExcused = isReplaced
      ? archived.some((other) => supersedes(other, original))
      : hasFailed && original.mark !== 'MISSING';
    const isMarked = needsRepair(original.mark) && !isExcused;
    return { ...original, isSuperseded: later.length > 0, isReplaced, isMarked };
  });
}
