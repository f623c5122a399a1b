/** Builds complete media and originals. A test gives only the fields that matter to the test. */
import type { FileDescription, ListedFile } from '../../src/destination/destination.ts';
import type { LeaseRecord } from '../../src/lease.ts';
import {
  alwaysRoles,
  mediumVersion,
  originalId,
  type Medium,
  type OfferedOriginal,
  type Original,
  type OriginalIdentity,
} from '../../src/media.ts';
import type { TrackedMedium, TrackedOriginal } from '../../src/tracker/tracker.ts';

export function medium(id: string, fields: Partial<Medium> = {}): Medium {
  return {
    provider: 'gopro',
    account: 'anna',
    id,
    type: 'Video',
    filename: `${id}.MP4`,
    fileExtension: 'MP4',
    sizeHintBytes: 1000,
    capturedAt: '2026-01-02T03:04:05Z',
    createdAt: '2026-01-03T03:04:05Z',
    updatedAt: '2026-01-04T03:04:05Z',
    reprocessedAt: null,
    itemCount: 1,
    cameraModel: 'HERO12 Black',
    ready: true,
    readyState: 'ready',
    ...fields,
  };
}

export function identity(mediaId: string, fields: Partial<OriginalIdentity> = {}): OriginalIdentity {
  const { role = 'source' } = fields;
  return { mediaId, role, label: role, type: 'mp4', position: 'default', itemNumber: 1, ordinal: 1, ...fields };
}

/** Makes an original. Its key contains the medium's id, the role, the number and the revision. */
export function original(mediaId: string, fields: Partial<Original> = {}): Original {
  const { role = 'source', itemNumber = 1, revision = 1 } = fields;
  const key = `gopro-videos/2026/01/${mediaId}_${role}_${itemNumber}_r${revision}.mp4`;
  return { ...identity(mediaId, fields), provider: 'gopro', account: 'anna', revision, key, ...fields };
}

export function offered(mediaId: string, fields: Partial<OfferedOriginal> = {}): OfferedOriginal {
  const url = 'https://cdn.example/file?Signature=secret';
  return { ...identity(mediaId, fields), extension: 'mp4', url, headUrl: null, ...fields };
}

/** The archive's description of an original that is the only one of its medium. */
export function description(file: Original, fields: Partial<FileDescription> = {}): FileDescription {
  return {
    original: file,
    originalName: `${file.mediaId}.MP4`,
    capturedAt: '2026-01-02T03:04:05Z',
    originalsOfMedium: 1,
    roles: alwaysRoles,
    validator: { etag: '"v1"', lastModified: null },
    mediumVersion: mediumVersion(medium(file.mediaId)),
    ...fields,
  };
}

/** A file as an archive lists it. */
export function described(file: Original, fields: Partial<FileDescription> = {}): ListedFile {
  return { key: file.key, sizeBytes: 1000, crc32: 7, description: description(file, fields), presentBytes: 1000 };
}

/** A medium that was just listed. */
export function trackedMedium(listed: Medium, fields: Partial<TrackedMedium> = {}): TrackedMedium {
  return {
    medium: listed,
    status: 'LISTED',
    resolvedRoles: [],
    unavailable: 0,
    firstSeenAt: '2026-03-01T12:00:00.000Z',
    waitingSince: null,
    statusSince: '2026-03-01T12:00:00.000Z',
    reason: null,
    failedRuns: 0,
    goneSince: null,
    absentOriginals: 0,
    denials: 0,
    acceptedAt: null,
    acceptedReason: null,
    ...fields,
  };
}

/** An original that no worker has claimed yet. */
export function trackedOriginal(file: Original, fields: Partial<TrackedOriginal> = {}): TrackedOriginal {
  return {
    id: originalId(file, file.revision),
    original: file,
    status: 'PENDING',
    mark: null,
    sizeBytes: null,
    crc32: null,
    validator: { etag: null, lastModified: null },
    claim: null,
    proof: null,
    claimPartBytes: null,
    mismatch: null,
    checkedAt: null,
    upload: null,
    attempt: 0,
    failedRuns: 0,
    errorCode: null,
    reason: null,
    failedAt: null,
    archivedAt: null,
    owner: null,
    acceptedAt: null,
    acceptedReason: null,
    statusSince: '2026-03-01T12:00:00.000Z',
    ...fields,
  };
}

/** A lease that a process of another machine holds. */
export function leaseRecord(fields: Partial<LeaseRecord> = {}): LeaseRecord {
  return {
    owner: 'process 1 on host',
    token: crypto.randomUUID(),
    fence: 1,
    renewals: 0,
    termMs: 60_000,
    released: false,
    process: { bootId: 'another boot', pidNamespace: 'pid:[1]', pid: 1, processStart: '1' },
    unprovenFence: null,
    deadline: null,
    ...fields,
  };
}
