import { mediumVersion, originalId, type Medium, type Original } from '../../media.ts';
import type { TrackedMedium, TrackedOriginal } from '../tracker.ts';
import {
  identityFields,
  initialValues,
  listedFields,
  mediumFields,
  originalFields,
  type Fields,
  type MediumRecord,
  type OriginalRecord,
  type RecordOf,
} from './fields.ts';

/** Records of media and originals: how they begin, and how the port shows them. */

/** A medium with every revision of its originals, in the order in which they were recorded. */
export interface Group<Of = OriginalRecord> {
  readonly medium: MediumRecord;
  readonly originals: readonly Of[];
}

const initialMedium = initialValues(mediumFields);
const initialOriginal = initialValues(originalFields);

/** A medium on its first day. */
export function newMedium(medium: Medium, now: string): MediumRecord {
  const listed = { ...initialMedium, ...medium, version: mediumVersion(medium), statusSince: now, firstSeenAt: now };
  if (medium.ready) return { ...listed, status: 'LISTED' };
  return { ...listed, status: 'WAITING', reason: notReady(medium.readyState), waitingSince: now };
}

export function notReady(readyState: string): string {
  return `the provider says "${readyState}"`;
}

/** An original on its first day. */
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

/** Since when it is in its status. One that was listed between two waits waited all the time. */
export function sinceOf({ status, statusSince, waitingSince }: MediumRecord): string {
  return (status === 'WAITING' ? waitingSince : null) ?? statusSince;
}

export function toMedium(record: MediumRecord): Medium {
  return pick(record, listedFields);
}

export function toTrackedMedium(record: MediumRecord): TrackedMedium {
  return {
    medium: toMedium(record),
    status: record.status,
    resolvedRoles: record.resolvedRoles,
    unavailable: record.unavailable,
    firstSeenAt: record.firstSeenAt,
    statusSince: sinceOf(record),
    reason: record.reason,
    failedRuns: record.failedRuns,
    goneSince: record.goneSince,
  };
}

export function toTrackedOriginal(record: OriginalRecord): TrackedOriginal {
  return {
    id: record.id,
    original: { ...pick(record, identityFields), mediaId: mediaIdOf(record.id) },
    status: record.status,
    mark: record.mark,
    sizeBytes: record.sizeBytes,
    crc32: record.crc32,
    validator: { etag: record.etag, lastModified: record.lastModified },
    upload: record.upload,
    attempt: record.attempt,
    failedRuns: record.failedRuns,
    errorCode: record.errorCode,
    reason: record.reason,
    statusSince: record.statusSince,
  };
}

function pick<Some extends Fields>(record: RecordOf<Some>, fields: Some): RecordOf<Some> {
  const picked: Record<string, unknown> = {};
  for (const name in fields) picked[name] = record[name];
  return picked as RecordOf<Some>;
}
