import type { FileDescription, StoredFile } from '../destination/destination.ts';
import type { Event } from '../events.ts';
import { crc32Hex } from '../lib/crc32.ts';
import { shortened } from '../lib/text.ts';
import { mediumVersion, originalId, type Medium, type Original, type Proof, type Role, type Validator } from '../media.ts';
import { latestRevisions } from '../plan/plan.ts';
import type { TrackedOriginal } from '../tracker/tracker.ts';

/** All known types and models are shorter. The metadata of an S3 object has little room. */
const maxFactLength = 32;

/** The originals of a medium, in the roles that were requested when it was resolved. */
export interface MediumSet {
  readonly medium: Medium;
  readonly roles: readonly Role[];
  readonly originals: number;
}

/**
 * Counts the originals in `rows` and the unavailable originals. All revisions of an original count
 * once.
 */
export function mediumSet(
  medium: Medium,
  roles: readonly Role[],
  rows: readonly TrackedOriginal[],
  unavailable: number,
): MediumSet {
  const inRoles = rows.filter((row) => roles.includes(row.original.role));
  return { medium, roles, originals: latestRevisions(inRoles).size + unavailable };
}

/**
 * The description of a file in the archive. `validator` belongs to the content that was fetched.
 */
export function describeFile(original: Original, set: MediumSet, validator: Validator): FileDescription {
  const { type, cameraModel } = set.medium;
  return {
    original,
    originalName: set.medium.filename,
    capturedAt: set.medium.capturedAt,
    ...(type !== '' && { mediumType: shortened(type, maxFactLength) }),
    ...(cameraModel !== null && cameraModel !== '' && { camera: shortened(cameraModel, maxFactLength) }),
    originalsOfMedium: set.originals,
    roles: set.roles,
    validator,
    mediumVersion: mediumVersion(set.medium),
  };
}

/** The event for an original that is now in the archive. */
export function archivedEvent(
  original: Original,
  { key, sizeBytes, crc32 }: StoredFile,
  { location, proof }: { readonly location: string; readonly proof: Proof },
): Event {
  const { mediaId, revision } = original;
  const id = originalId(original, revision);
  return {
    type: 'file.archived',
    id,
    mediaId,
    key,
    path: `${location}/${key}`,
    sizeBytes,
    crc32: crc32Hex(crc32 ?? 0),
    revision,
    proof,
  };
}
