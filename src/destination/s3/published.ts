import { SyncError } from '../../errors.ts';
import { describedClaimOf, isSameOriginal } from '../description.ts';
import type { ContentFacts, FileDescription, StoredFile } from '../destination.ts';
import type { Bucket } from './bucket.ts';
import type { Capabilities } from './probe/capabilities.ts';
import { isSameTag } from './entity-tag.ts';
import { lookUntilSeen, unseen } from './late-objects.ts';
import { head, readThrough, type Found } from './objects.ts';
import { noteUsable } from './unusable-keys.ts';
import { descriptionIn, readRecord, verdictOf, writeRecord } from './bookkeeping/records.ts';

/** One file that is being published. */
export interface Publication {
  readonly bucket: Bucket;
  readonly capabilities: Capabilities;
  readonly file: FileDescription;
  readonly whole: ContentFacts;
  /**
   * Whether the store refuses bytes that differ from the sent checksum, so that the checksum in
   * HEAD is the one that was sent.
   */
  readonly isVerified: boolean;
  /** The claim that the metadata of the upload states. null if it states none. */
  readonly objectClaim: string | null;
  /** Whether an earlier check found the key taken. Then nothing is sent before another check. */
  readonly isTaken: boolean;
  /** Called if the store refused the file because its key is taken. */
  readonly onTaken: () => void;
}

/**
 * Returns the file at the key if it has the sent bytes and is not described as another original.
 * Returns undefined if the key is free, and otherwise throws KEY_TAKEN.
 */
export async function findPublished(publication: Publication): Promise<StoredFile | undefined> {
  const { bucket, file, whole } = publication;
  const { key } = file.original;
  const found = await head(bucket, key);
  if (!found) return undefined;
  if (found.sizeBytes === whole.sizeBytes && (await hasSentBytes(publication, found))) return { key, ...whole };
  throw keyTaken(bucket, key);
}

/** The error if another file has the key. */
export function keyTaken({ location }: Bucket, key: string): SyncError {
  const hint = 'The other file was not replaced. The new file can be archived under the next revision.';
  return new SyncError('KEY_TAKEN', `${location}/${key} holds another file`, { hint });
}

/**
 * Whether the object is this file with the sent bytes. The store's checksum counts only if the
 * store verifies checksums; otherwise the bytes are read. A record notes a new result.
 */
async function hasSentBytes(publication: Publication, found: Found): Promise<boolean> {
  const { bucket, file, whole, isVerified } = publication;
  const { key } = file.original;
  const record = await readRecord(bucket, key);
  const verdict = record && verdictOf(record, found.etag);
  if (record === 'unreadable' || verdict === 'spoilt') return false;
  const description = descriptionIn(key, found, record);
  if (description && !isSameOriginal(description.original, file.original)) return false;
  const known = verdict === 'verified' ? record?.crc32 : isVerified && !record ? found.crc32 : null;
  const crc32 = known ?? (await readThrough(bucket, key))?.crc32;
  const isSent = crc32 === whole.crc32;
  const isProven = verdict === 'verified' || (known !== null && known !== undefined && found.description);
  if (isSent && !isProven)
    await writeRecord(publication, file, { etag: found.etag, ...whole, verified: true, objectClaim: claimIn(found) });
  if (!isSent && record && verdict === 'unproven' && crc32 !== undefined && crc32 !== record.crc32)
    await writeRecord(publication, file, { ...record, etag: found.etag, objectClaim: claimIn(found) });
  return isSent;
}

function claimIn({ description }: Found): string | null {
  return description ? describedClaimOf(description) : null;
}

/**
 * Compares the stored file with the sent file. The stored bytes are read unless the store verifies
 * checksums and shows one. `etag` is the entity tag that the store gave the file. Errors:
 * UNREADABLE if the store does not show the file.
 */
export async function readBack(publication: Publication, etag: string): Promise<StoredFile> {
  const { bucket, file, whole } = publication;
  const { key } = file.original;
  const seen = await lookUntilSeen(bucket, async () => {
    const look = await lookAtPublished(publication);
    // An object with another entity tag may be the one that was at the key before.
    return look && (look.isSound || etag === '' || isSameTag(look.found.etag, etag)) ? look : undefined;
  });
  const { found, isSound, isShown } = seen ?? (await lookAtPublished(publication)) ?? {};
  if (!found) throw unseen(bucket, key);
  noteUsable(bucket);
  if (!isSound || !isShown) {
    const facts = { etag: found.etag, ...whole, verified: isSound === true, objectClaim: claimIn(found) };
    await writeRecord(publication, file, facts);
  }
  if (isSound) return { key, ...whole };
  throw new SyncError(
    'CHECKSUM_MISMATCH',
    `${bucket.location}/${key} differs from what was sent, although the store reported success`,
    {
      hint: 'The damaged file stays but does not count; the next attempt uses the next revision.',
    },
  );
}

interface Look {
  readonly found: Found;
  /** Whether the store has exactly the sent bytes. */
  readonly isSound: boolean;
  /** Whether HEAD proves that, so that no record is needed. */
  readonly isShown: boolean;
}

async function lookAtPublished({ bucket, file, whole, isVerified }: Publication): Promise<Look | undefined> {
  const { key } = file.original;
  const found = await head(bucket, key);
  if (!found) return undefined;
  const shown = isVerified ? found.crc32 : null;
  const stored = shown === null ? await readThrough(bucket, key) : { sizeBytes: found.sizeBytes, crc32: shown };
  if (!stored) return undefined;
  const isSound = stored.sizeBytes === whole.sizeBytes && stored.crc32 === whole.crc32 && found.sizeBytes === whole.sizeBytes;
  return { found, isSound, isShown: shown !== null };
}
