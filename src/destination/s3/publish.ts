import { GetObjectTaggingCommand, PutObjectTaggingCommand } from '@aws-sdk/client-s3';
import { SyncError } from '../../errors.ts';
import { isSameOriginal } from '../description.ts';
import type { ContentFacts, FileDescription, Part, StoredFile } from '../destination.ts';
import { tagsOf } from './attributes.ts';
import { ask, type Bucket } from './bucket.ts';
import type { CapabilityMemory } from './capabilities.ts';
import { isUndecided, refusalOf } from './errors.ts';
import { abortUpload, completeUpload } from './multipart.ts';
import { head, readThrough, type Found } from './objects.ts';
import { readRecord, withRecord, writeRecord } from './records.ts';
import type { HeldPut } from './single-put.ts';
import type { MultipartUpload } from './upload-id.ts';

/** One file that is being published. */
export interface Publication {
  readonly bucket: Bucket;
  readonly memory: CapabilityMemory;
  readonly file: FileDescription;
  readonly whole: ContentFacts;
  /** Called if the store refused the file because its key is taken. */
  readonly onTaken: () => void;
}

/** Error codes which say that the store did not receive exactly the bytes that we sent. */
const mismatchCodes = new Set([
  'BadDigest',
  'InvalidDigest',
  'IncompleteBody',
  'InvalidPart',
  'InvalidPartOrder',
  'InvalidRequest',
  'EntityTooSmall',
  'XAmzContentSHA256Mismatch',
  'MalformedTrailerError',
]);

/**
 * Publishes a file with a single PUT. `put` is undefined if the process that held the file in
 * memory has ended.
 */
export async function publishPut(publication: Publication, put: HeldPut | undefined): Promise<StoredFile> {
  const { bucket, memory, file } = publication;
  const { conditionalWrites } = await memory.get();
  if (!put || conditionalWrites !== 'honoured') {
    const found = await findPublished(publication);
    if (found) return found;
    if (!put)
      throw new SyncError(
        'UPLOAD_LOST',
        `${bucket.location}: the upload of ${file.original.key} ended with the process that began it`,
      );
  }
  try {
    await put.publish();
  } catch (error) {
    if (refusalOf(error)?.status === 501) memory.doubt();
    const found = await resolveFailedPublish(publication, error);
    if (found) return found;
    throw asUploadLost(publication, error);
  }
  return readBack(publication);
}

/**
 * Converts an error that is worth another attempt into UPLOAD_LOST. A PUT has no parts to resume,
 * so the next attempt starts at the first byte.
 */
function asUploadLost({ bucket, file }: Publication, error: unknown): unknown {
  if (!(error instanceof SyncError) || error.decision !== 'retry') return error;
  const { retryAfterMs } = error;
  return new SyncError('UPLOAD_LOST', `${bucket.location}: ${file.original.key} was not stored: ${error.message}`, {
    cause: error.cause,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}

/**
 * Publishes a multipart upload. The key is checked first, because some stores honour conditions
 * only for PutObject.
 */
export async function publishMultipart(
  publication: Publication,
  upload: MultipartUpload,
  parts: readonly Part[],
): Promise<StoredFile> {
  const { bucket, memory } = publication;
  const present = await findPublished(publication);
  if (present) {
    await abortUpload(bucket, upload);
    return present;
  }
  try {
    await complete(publication, upload, parts);
  } catch (error) {
    const stored = await resolveFailedPublish(publication, error);
    if (stored) return stored;
    if (isMismatch(error)) await abortUpload(bucket, upload);
    throw error;
  }
  const { file, found } = await readBackFound(publication);
  const { fullObjectCrc32 } = await memory.get();
  if (upload.checksum === 'full' && fullObjectCrc32 === null) await memory.learn({ fullObjectCrc32: found.crc32 !== null });
  await restoreTags(publication, found);
  return file;
}

/**
 * Completes an upload with every check that the store supports, and remembers which checks it does
 * not support.
 */
async function complete({ memory, whole, bucket }: Publication, upload: MultipartUpload, parts: readonly Part[]): Promise<void> {
  const { conditionalWrites, fullObjectCrc32 } = await memory.get();
  const conditions = conditionalWrites === 'honoured' ? [true, false] : [false];
  const checksums = upload.checksum === 'full' && fullObjectCrc32 !== false ? [whole.crc32, null] : [null];
  const ways = conditions.flatMap((onlyIfAbsent) => checksums.map((crc32) => ({ onlyIfAbsent, crc32 })));
  for (const way of ways) {
    try {
      await completeUpload(bucket, upload, parts, { ...way, sizeBytes: whole.sizeBytes });
      if (way.crc32 === null && checksums.length > 1) await memory.learn({ fullObjectCrc32: false });
      if (!way.onlyIfAbsent && conditions.length > 1) await memory.learn({ conditionalWrites: 'rejected' });
      return;
    } catch (error) {
      const refusal = refusalOf(error);
      const unknownChecksum = way.crc32 !== null && refusal?.code === 'InvalidRequest';
      if (way === ways.at(-1) || !(refusal?.status === 501 || unknownChecksum)) throw error;
    }
  }
}

/**
 * Checks whether a file was published although the call ended with an error. Returns the file if it
 * is at the key, and otherwise undefined. Throws UPLOAD_LOST if the upload must start again, and
 * CHECKSUM_MISMATCH if the store received other bytes.
 */
async function resolveFailedPublish(publication: Publication, error: unknown): Promise<StoredFile | undefined> {
  const { bucket, file } = publication;
  const status = refusalOf(error)?.status;
  if (status === 412) publication.onTaken();
  if (status === 412 || status === 404 || isUndecided(error)) {
    const found = await findPublished(publication);
    if (found || isUndecided(error)) return found;
  }
  if (status === 412 || status === 404 || status === 409) {
    throw new SyncError('UPLOAD_LOST', `${bucket.location}: the upload of ${file.original.key} must start again`, {
      cause: refusalOf(error),
    });
  }
  if (isMismatch(error))
    throw new SyncError('CHECKSUM_MISMATCH', error instanceof Error ? error.message : String(error), { cause: refusalOf(error) });
  return undefined;
}

function isMismatch(error: unknown): boolean {
  const refusal = refusalOf(error);
  return refusal?.status === 400 && mismatchCodes.has(refusal.code);
}

/**
 * Returns the file at the key if it has the sent bytes and is not described as another original.
 * Returns undefined if the key is free, and otherwise throws KEY_TAKEN. If the object shows no
 * checksum or no description, our record supplies them.
 */
async function findPublished({ bucket, file, whole }: Publication): Promise<StoredFile | undefined> {
  const { key } = file.original;
  const found = await head(bucket, key);
  if (!found) return undefined;
  const record = found.sizeBytes === whole.sizeBytes ? await readRecord(bucket, key, found.etag) : undefined;
  const described = withRecord(key, found, record);
  const ours = described.description === undefined || isSameOriginal(described.description.original, file.original);
  if (ours && found.sizeBytes === whole.sizeBytes && record?.verified !== false) {
    const crc32 = described.crc32 ?? (await readThrough(bucket, key))?.crc32;
    if (crc32 === whole.crc32) {
      if (described.crc32 === null || !described.description)
        await writeRecord(bucket, file, { etag: found.etag, ...whole, verified: true });
      return { key, ...whole };
    }
  }
  const hint = 'The other file was not replaced. The new file can be archived under the next revision.';
  throw new SyncError('KEY_TAKEN', `${bucket.location}/${key} holds another file`, { hint });
}

/**
 * Compares the stored file with the sent file. If the store shows no checksum, the bytes are read.
 */
async function readBack(publication: Publication): Promise<StoredFile> {
  return (await readBackFound(publication)).file;
}

async function readBackFound({
  bucket,
  file,
  whole,
}: Publication): Promise<{ readonly file: StoredFile; readonly found: Found }> {
  const { key } = file.original;
  const found = await head(bucket, key);
  if (!found) throw new SyncError('UPLOAD_LOST', `${bucket.location}/${key} is not there after it was stored`);
  const stored = found.crc32 === null ? await readThrough(bucket, key) : { key, sizeBytes: found.sizeBytes, crc32: found.crc32 };
  const verified = stored?.sizeBytes === whole.sizeBytes && stored.crc32 === whole.crc32 && found.sizeBytes === whole.sizeBytes;
  if (!verified || found.crc32 === null) await writeRecord(bucket, file, { etag: found.etag, ...whole, verified });
  if (verified) return { file: { key, ...whole }, found };
  throw new SyncError(
    'CHECKSUM_MISMATCH',
    `${bucket.location}/${key} differs from what was sent, although the store reported success`,
    {
      hint: 'The damaged file stays but does not count; the next attempt uses the next revision.',
    },
  );
}

/**
 * Writes the tags again, because some stores drop the tags of multipart uploads. A problem with
 * tags never fails the transfer.
 */
async function restoreTags({ bucket, memory, file }: Publication, found: Found): Promise<void> {
  const { tags } = await memory.get();
  if (tags === 'atCreate' || tags === 'refused') return;
  const place = { Bucket: bucket.bucket, Key: bucket.base + file.original.key };
  try {
    if (tags === null) {
      const kept =
        found.tagCount > 0 ||
        (await ask(bucket, 'reading tags', (client) => client.send(new GetObjectTaggingCommand(place)))).TagSet?.length;
      await memory.learn({ tags: kept ? 'atCreate' : 'afterwards' });
      if (kept) return;
    }
    const Tagging = { TagSet: [...tagsOf(file, bucket)] };
    await ask(bucket, 'writing tags', (client) => client.send(new PutObjectTaggingCommand({ ...place, Tagging })));
  } catch (error) {
    bucket.onWarning?.(
      `the tags of ${file.original.key} may be missing: ${error instanceof Error ? error.message : String(error)}`,
    );
    // The store denies access to tags. We assume that the store kept the tags of the upload, and do
    // not ask again.
    if (refusalOf(error)?.status === 403) await memory.learn({ tags: 'atCreate' });
  }
}
