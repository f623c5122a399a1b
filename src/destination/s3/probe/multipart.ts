import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectTaggingCommand,
  PutObjectTaggingCommand,
  type CreateMultipartUploadCommandInput,
} from '@aws-sdk/client-s3';
import { SyncError } from '../../../errors.ts';
import type { Part } from '../../destination.ts';
import { taggingHeader } from '../attributes.ts';
import { ask, encryption, type Bucket } from '../bucket.ts';
import type { MultipartCapabilities, PutCapabilities } from './capabilities.ts';
import { refusalOf } from '../errors.ts';
import { putBuffered, type ChecksumWay } from '../http/buffered-put.ts';
import { abortUpload, completeUpload } from '../multipart.ts';
import { head, type Found } from '../objects.ts';
import { partChecksum } from '../part-writer.ts';
import { headProbe, isAccepted, isRefusedWay, probeCrc32, probeKey, probeText, wrongCrc32 } from './puts.ts';
import { multipartUpload, type MultipartChecksum, type MultipartUpload } from '../upload-id.ts';

/** There are two tags, because some stores keep the one tag of the replaced object. */
const uploadTags = [
  { Key: 'AutoSync', Value: 'True' },
  { Key: 'Source', Value: 'Probe' },
];

/**
 * Finds out what the store does with multipart uploads, by uploads of one small part. No upload
 * stays unfinished. Errors: those of the store.
 */
export async function probeMultipart(bucket: Bucket, puts: PutCapabilities): Promise<MultipartCapabilities> {
  // With the checksum `parts` every part needs a CRC32, which a stream can send only in a trailer.
  const checksums: readonly MultipartChecksum[] = puts.trailers ? ['full', 'parts', 'none'] : ['full', 'none'];
  for (const checksum of checksums) {
    for (let attempt = 1; attempt <= 2; attempt += 1) {
      try {
        const found = await tryUpload(bucket, checksum, puts);
        if (found) return found;
        break;
      } catch (error) {
        // One refusal proves nothing, so each type of checksum is tried twice.
        const isLast = checksum === checksums.at(-1) && attempt === 2;
        if (isLast || !isRefusedWay(error)) throw error;
      }
    }
  }
  throw new RangeError('unreachable: the last attempt returns or throws');
}

/** Uploads the probe. Returns undefined if the store ignored the type of the checksum. */
async function tryUpload(
  bucket: Bucket,
  checksum: MultipartChecksum,
  puts: PutCapabilities,
): Promise<MultipartCapabilities | undefined> {
  const { tags } = puts;
  const upload = await begin(bucket, checksum, tags);
  let isOpen = true;
  try {
    if (!upload.isOfType) return undefined;
    const way = partChecksum(upload, puts);
    const refusesPart = hasCrc32(way) && !(await isAccepted(bucket, async () => uploadPart(bucket, upload, way, wrongCrc32)));
    const part = await uploadPart(bucket, upload, way);
    const complete = async (crc32: number | null, sizeBytes: number | null) => {
      await completeUpload(bucket, upload, [part], { sizeBytes, crc32, onlyIfAbsent: false });
      isOpen = false;
    };
    const sum = checksum === 'full' ? probeCrc32 : null;
    const refusesWrong = async (sizeBytes: number | null) =>
      checksum === 'full' && !(await isAccepted(bucket, async () => complete(wrongCrc32, sizeBytes)));
    let refusesWhole = await refusesWrong(probeText.length);
    const acceptsSize = !isOpen || (await isAccepted(bucket, async () => complete(sum, probeText.length)));
    // The size was the reason for the refusal, so only a request without the size shows more.
    if (isOpen) refusesWhole = await refusesWrong(null);
    if (isOpen) await complete(sum, null);
    const found = await headProbe(bucket);
    const verifiesUploads = refusesPart && refusesWhole && found?.crc32 === probeCrc32;
    const dropsTags = tags && found !== undefined && !(await hasTags(bucket, found)) && (await canRestoreTags(bucket, found));
    return { checksum, verifiesUploads, acceptsSize, dropsTags };
  } finally {
    if (isOpen) await dropProbe(bucket, upload);
  }
}

function hasCrc32(way: ChecksumWay): boolean {
  return way === 'trailer' || way === 'crc32';
}

/** Aborts the upload of a probe. A warning says which permission is missing, if one is. */
async function dropProbe(bucket: Bucket, upload: MultipartUpload): Promise<void> {
  await abortUpload(bucket, upload).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    bucket.onWarning?.(`${bucket.location}: an unfinished upload of ${probeKey} stays in the bucket (${reason})`);
  });
}

async function begin(
  bucket: Bucket,
  checksum: MultipartChecksum,
  tags: boolean,
): Promise<MultipartUpload & { readonly isOfType: boolean }> {
  const input: CreateMultipartUploadCommandInput = {
    ...place(bucket),
    ...encryption(bucket),
    ...(tags ? { Tagging: taggingHeader(uploadTags) } : {}),
    ...(checksum === 'none' ? {} : { ChecksumAlgorithm: 'CRC32' }),
    ...(checksum === 'full' ? { ChecksumType: 'FULL_OBJECT' } : {}),
  };
  const reply = await ask(bucket, `beginning the upload of ${probeKey}`, (client) =>
    client.send(new CreateMultipartUploadCommand(input)),
  );
  if (!reply.UploadId) throw new SyncError('STORE_FAILED', `${bucket.location}: the store began an upload without an id`);
  const upload = multipartUpload({ uploadId: reply.UploadId, key: bucket.base + probeKey, checksum });
  return { ...upload, isOfType: checksum !== 'full' || reply.ChecksumType === 'FULL_OBJECT' };
}

async function uploadPart(
  bucket: Bucket,
  { key, uploadId }: MultipartUpload,
  checksum: ChecksumWay,
  crc32 = probeCrc32,
): Promise<Part> {
  const target = { key, query: { partNumber: '1', uploadId }, headers: {} };
  const { etag } = await putBuffered(bucket, target, { chunks: [probeText], checksum, crc32 }, `writing ${probeKey}`);
  return { number: 1, sizeBytes: probeText.length, crc32: probeCrc32, receipt: etag };
}

/** Without permission to read tags we assume that the tags are there. */
async function hasTags(bucket: Bucket, { tagCount }: Found): Promise<boolean> {
  if (tagCount === uploadTags.length) return true;
  try {
    const { TagSet } = await ask(bucket, 'reading tags', (client) => client.send(new GetObjectTaggingCommand(place(bucket))));
    return TagSet?.length === uploadTags.length;
  } catch (error) {
    return refusalOf(error)?.status === 403;
  }
}

/**
 * Whether tags can be written to an object. A store that does not know tags may take the request
 * for a PUT, and replace the object by the text of the request.
 */
async function canRestoreTags(bucket: Bucket, before: Found): Promise<boolean> {
  const command = new PutObjectTaggingCommand({ ...place(bucket), Tagging: { TagSet: uploadTags } });
  const isAccepted = await ask(bucket, 'writing tags', (client) => client.send(command)).then(
    () => true,
    () => false,
  );
  const after = isAccepted ? await head(bucket, probeKey) : undefined;
  return after?.sizeBytes === before.sizeBytes && after.etag === before.etag;
}

/** Whether the store refuses to complete an upload with a wrong size. */
export async function refusesWrongSize(bucket: Bucket): Promise<boolean> {
  const upload = await begin(bucket, 'none', false);
  let isOpen = true;
  try {
    const { number, receipt } = await uploadPart(bucket, upload, 'none');
    const command = new CompleteMultipartUploadCommand({
      ...place(bucket),
      UploadId: upload.uploadId,
      MultipartUpload: { Parts: [{ PartNumber: number, ETag: receipt }] },
      MpuObjectSize: probeText.length + 1,
    });
    await ask(bucket, `completing ${probeKey}`, (client) => client.send(command));
    isOpen = false;
    return false;
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal?.status === 400 && /^Invalid(Request|Argument)$/.test(refusal.code)) return true;
    throw error;
  } finally {
    if (isOpen) await abortUpload(bucket, upload);
  }
}

function place(bucket: Bucket): { readonly Bucket: string; readonly Key: string } {
  return { Bucket: bucket.bucket, Key: bucket.base + probeKey };
}
