import { PutObjectTaggingCommand } from '@aws-sdk/client-s3';
import { SyncError } from '../../errors.ts';
import type { Part, StoredFile } from '../destination.ts';
import { tagsOf } from './attributes.ts';
import { ask } from './bucket.ts';
import { isAbsent, isMismatch, isRefused, isUndecided, refusalOf } from './errors.ts';
import type { PutReply } from './http/put.ts';
import { lookUntilSeen } from './late-objects.ts';
import { abortUpload, completeUpload } from './multipart.ts';
import { findPublished, readBack, type Publication } from './published.ts';
import { needsVerdict, writeIntendedRecord } from './bookkeeping/records.ts';
import { afterRefusal } from './part-writer.ts';
import type { HeldPut } from './single-put.ts';
import { asDenialOfFile } from './unusable-keys.ts';
import type { MultipartUpload } from './upload-id.ts';

/**
 * Publishes a file with a single PUT. `put` is undefined if the process that held the file in
 * memory has ended.
 */
export async function publishPut(publication: Publication, put: HeldPut | undefined): Promise<StoredFile> {
  const { bucket, file } = publication;
  const isConditional = await put?.carries('if-none-match');
  const published = await prepare(publication, { isConditional });
  if (published) return published;
  if (!put)
    throw new SyncError(
      'UPLOAD_LOST',
      `${bucket.location}: the upload of ${file.original.key} ended with the process that began it`,
    );
  const sent = await sendPut(publication, put);
  return 'etag' in sent ? readBack(publication, sent.etag) : sent;
}

/**
 * Sends a file. A file in memory is sent once more if the store refused the request, but not in
 * another form: that form may need another check before. Returns the stored file if it is there
 * although the request failed.
 */
async function sendPut(publication: Publication, put: HeldPut): Promise<PutReply | StoredFile> {
  const { capabilities } = publication;
  for (let isAgain = false; ; isAgain = true) {
    const hasTags = await put.carries('x-amz-tagging');
    try {
      return await put.publish();
    } catch (error) {
      const found = await resolveFailedPublish(publication, error);
      if (found) return found;
      const deniesTags = hasTags && refusalOf(error)?.status === 403 && (await capabilities.denyTags());
      const hasChanged = isRefusedFile(error) && (await capabilities.haveChanged());
      const mayRepeat = put.isInMemory && !isAgain && !hasChanged && (deniesTags || isRefusedFile(error));
      if (!mayRepeat) throw await asFileError(publication, asUploadLost(publication, error, deniesTags || hasChanged));
      put.renew();
    }
  }
}

async function asFileError({ bucket, capabilities, file }: Publication, error: unknown): Promise<unknown> {
  return asDenialOfFile(bucket, capabilities, file.original.key, error);
}

function isRefusedFile(error: unknown): boolean {
  return error instanceof SyncError && error.decision === 'fail' && isRefused(error);
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
  const { file, whole, isVerified, isTaken, objectClaim } = publication;
  const needsRecord = !isVerified || needsVerdict(file, objectClaim);
  if (isConditional && !needsRecord && !isTaken) return undefined;
  const found = await findPublished(publication);
  if (found || isConditional === undefined || !needsRecord) return found;
  await writeIntendedRecord(publication, file, { ...whole, objectClaim, provesBytes: isVerified });
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
  let etag: string;
  try {
    const completed = await complete(publication, upload, parts);
    if (typeof completed !== 'string') return completed;
    etag = completed;
  } catch (error) {
    const stored = await resolveFailedPublish(publication, error);
    if (stored) return stored;
    throw await asFileError(publication, await afterRefusal(publication.capabilities, error, 'STORE_FAILED'));
  }
  const stored = await readBack(publication, etag);
  await restoreTags(publication);
  return stored;
}

/**
 * Completes an upload with every check that the store supports. Returns the entity tag, or the file
 * if another process has published it.
 */
async function complete(publication: Publication, upload: MultipartUpload, parts: readonly Part[]): Promise<string | StoredFile> {
  const { bucket, capabilities, whole } = publication;
  const [{ conditionalWrites }, { acceptsSize }] = await Promise.all([capabilities.puts(), capabilities.multipart()]);
  const checks = { sizeBytes: acceptsSize ? whole.sizeBytes : null, crc32: upload.checksum === 'full' ? whole.crc32 : null };
  const onlyIfAbsent = conditionalWrites === 'honoured';
  try {
    return await completeUpload(bucket, upload, parts, { ...checks, onlyIfAbsent });
  } catch (error) {
    // Some stores honour conditions only for PutObject, and refuse them here in their own words.
    if (!onlyIfAbsent || !isRefused(error)) throw error;
    const found = await findPublished(publication);
    if (found) {
      await abortUpload(bucket, upload);
      return found;
    }
    return completeUpload(bucket, upload, parts, { ...checks, onlyIfAbsent: false });
  }
}

/**
 * Checks whether a file was published although the call ended with an error. Returns the file if it
 * is at the key, and otherwise undefined. Throws UPLOAD_LOST if the upload must start again, and
 * CHECKSUM_MISMATCH if the store received other bytes.
 */
async function resolveFailedPublish(publication: Publication, error: unknown): Promise<StoredFile | undefined> {
  const { bucket, file } = publication;
  const { key } = file.original;
  const { status, code } = refusalOf(error) ?? {};
  if (status === 412) publication.onTaken();
  // The key is taken, or the upload is complete. An answer that the key is free may come too early.
  const isStored = status === 412 || code === 'NoSuchUpload';
  if (isStored || isAbsent(error) || isUndecided(error)) {
    const found = await lookUntilSeen(bucket, async () => (await findPublished(publication)) ?? (isStored ? undefined : null));
    if (found || isUndecided(error)) return found ?? undefined;
  }
  if (status === 412 || status === 404 || status === 409) {
    throw new SyncError('UPLOAD_LOST', `${bucket.location}: the upload of ${key} must start again`, { cause: refusalOf(error) });
  }
  if (isMismatch(error))
    throw new SyncError('CHECKSUM_MISMATCH', error instanceof Error ? error.message : String(error), { cause: refusalOf(error) });
  return undefined;
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
