import { PutObjectTaggingCommand } from '@aws-sdk/client-s3';
import { SyncError } from '../../errors.ts';
import type { Part, StoredFile } from '../destination.ts';
import { tagsOf } from './attributes.ts';
import { ask } from './bucket.ts';
import { isUndecided, isUnsupported, refusalOf } from './errors.ts';
import { abortUpload, completeUpload } from './multipart.ts';
import { findPublished, readBack, type Publication } from './published.ts';
import { writeIntendedRecord } from './records.ts';
import type { HeldPut } from './single-put.ts';
import type { MultipartUpload } from './upload-id.ts';

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
  const { bucket, capabilities, file } = publication;
  const isConditional = await put?.carries('if-none-match');
  const published = await prepare(publication, { isConditional });
  if (published) return published;
  if (!put)
    throw new SyncError(
      'UPLOAD_LOST',
      `${bucket.location}: the upload of ${file.original.key} ended with the process that began it`,
    );
  try {
    await put.publish();
  } catch (error) {
    const status = refusalOf(error)?.status;
    if (status === 501) capabilities.doubt();
    const found = await resolveFailedPublish(publication, error);
    if (found) return found;
    const mayDenyTags = status === 403 && (await put.carries('x-amz-tagging'));
    throw asUploadLost(publication, error, mayDenyTags && (await capabilities.denyTags()));
  }
  return readBack(publication);
}

/**
 * Converts an error that is worth another attempt into UPLOAD_LOST. A PUT has no parts to resume,
 * so the next attempt starts at the first byte.
 */
function asUploadLost({ bucket, file }: Publication, error: unknown, mayPass: boolean): unknown {
  if (!(error instanceof SyncError) || !(error.decision === 'retry' || mayPass)) return error;
  const { retryAfterMs } = error;
  return new SyncError('UPLOAD_LOST', `${bucket.location}: ${file.original.key} was not stored: ${error.message}`, {
    cause: error.cause,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}

/**
 * Checks the key and writes the record, both if necessary, before a file appears at the key.
 * Returns the file if it is there already. `isConditional` is whether the next request has a
 * condition, or undefined if there is no request.
 */
async function prepare(
  publication: Publication,
  { isConditional }: { readonly isConditional: boolean | undefined },
): Promise<StoredFile | undefined> {
  const { bucket, file, whole, isVerified, isTaken } = publication;
  if (isConditional && isVerified && !isTaken) return undefined;
  const found = await findPublished(publication);
  if (found || isConditional === undefined || isVerified) return found;
  await writeIntendedRecord(bucket, file, whole);
  // Another process may have published the file while the record was written.
  return isConditional ? undefined : findPublished(publication);
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
  const { bucket } = publication;
  const present = await prepare(publication, { isConditional: false });
  if (present) {
    await abortUpload(bucket, upload);
    return present;
  }
  try {
    const stored = await complete(publication, upload, parts);
    if (stored) return stored;
  } catch (error) {
    const stored = await resolveFailedPublish(publication, error);
    if (stored) return stored;
    if (isMismatch(error)) await abortUpload(bucket, upload);
    throw error;
  }
  const stored = await readBack(publication);
  await restoreTags(publication);
  return stored;
}

/**
 * Completes an upload with every check that the store supports. Returns the file if another process
 * has published it.
 */
async function complete(
  publication: Publication,
  upload: MultipartUpload,
  parts: readonly Part[],
): Promise<StoredFile | undefined> {
  const { bucket, capabilities, whole } = publication;
  const { conditionalWrites } = await capabilities.puts();
  const checks = { sizeBytes: whole.sizeBytes, crc32: upload.checksum === 'full' ? whole.crc32 : null };
  const onlyIfAbsent = conditionalWrites === 'honoured';
  try {
    await completeUpload(bucket, upload, parts, { ...checks, onlyIfAbsent });
  } catch (error) {
    if (!onlyIfAbsent || !isUnsupported(error, 'conditions')) throw error;
    const found = await findPublished(publication);
    if (found) {
      await abortUpload(bucket, upload);
      return found;
    }
    await completeUpload(bucket, upload, parts, { ...checks, onlyIfAbsent: false });
  }
  return undefined;
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
 * Writes the tags again if the store drops the tags of multipart uploads. A problem with tags never
 * fails the transfer.
 */
async function restoreTags({ bucket, capabilities, file }: Publication): Promise<void> {
  if (!(await capabilities.multipart()).dropsTags) return;
  const Tagging = { TagSet: [...tagsOf(file, bucket)] };
  const input = { Bucket: bucket.bucket, Key: bucket.base + file.original.key, Tagging };
  try {
    await ask(bucket, 'writing tags', (client) => client.send(new PutObjectTaggingCommand(input)));
  } catch (error) {
    bucket.onWarning?.(
      `the tags of ${file.original.key} may be missing: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}
