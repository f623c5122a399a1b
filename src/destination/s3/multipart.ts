import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  type CreateMultipartUploadCommandInput,
  type ListMultipartUploadsCommandOutput,
  type ListPartsCommandOutput,
  type Part as ListedPart,
  type S3Client,
} from '@aws-sdk/client-s3';
import { SyncError } from '../../errors.ts';
import { crc32Base64 } from '../../lib/crc32.ts';
import type { FileDescription, Part } from '../destination.ts';
import { abandonedAfterMs } from '../upload-state.ts';
import { metadataOf, tagsOf, taggingHeader } from './attributes.ts';
import { ask, encryption, type Bucket } from './bucket.ts';
import type { Capabilities, MultipartCapabilities, PutCapabilities } from './probe/capabilities.ts';
import { isSameTag } from './entity-tag.ts';
import { isAbsent, isRefused, refusalOf } from './errors.ts';
import { decodeCrc32 } from './http/framing.ts';
import { endlessListing, noteMarkers } from './markers.ts';
import { probeKey } from './probe/puts.ts';
import { asDenialOfFile } from './unusable-keys.ts';
import { multipartUpload, parseUpload, type MultipartUpload } from './upload-id.ts';

/** A probe takes seconds. An older upload is left from a process that was killed. */
const sweepProbeAfterMs = 3600_000;

/**
 * Begins an upload with the strongest checksum that the store accepts, and with tags if it accepts
 * them.
 */
export async function createUpload(bucket: Bucket, capabilities: Capabilities, file: FileDescription): Promise<MultipartUpload> {
  const askWay = async (): Promise<CreateWay> => ({ ...(await capabilities.puts()), ...(await capabilities.multipart()) });
  const way = await askWay();
  try {
    return await create(bucket, file, way);
  } catch (error) {
    const mayDenyTags = refusalOf(error)?.status === 403 && way.tags;
    if (mayDenyTags && (await capabilities.denyTags())) return create(bucket, file, { ...way, tags: false });
    if (isRefused(error) && (await capabilities.haveChanged())) return create(bucket, file, await askWay());
    throw await asDenialOfFile(bucket, capabilities, file.original.key, error);
  }
}

type CreateWay = Pick<PutCapabilities & MultipartCapabilities, 'checksum' | 'tags' | 'storageClass'>;

async function create(bucket: Bucket, file: FileDescription, way: CreateWay): Promise<MultipartUpload> {
  const key = bucket.base + file.original.key;
  const input: CreateMultipartUploadCommandInput = {
    Bucket: bucket.bucket,
    Key: key,
    Metadata: metadataOf(file),
    ...encryption(bucket),
    ...(bucket.storageClass === undefined || !way.storageClass ? {} : { StorageClass: bucket.storageClass }),
    ...(way.tags ? { Tagging: taggingHeader(tagsOf(file, bucket)) } : {}),
    ...(way.checksum === 'none' ? {} : { ChecksumAlgorithm: 'CRC32' }),
    ...(way.checksum === 'full' ? { ChecksumType: 'FULL_OBJECT' } : {}),
  };
  const reply = await ask(bucket, `beginning the upload of ${file.original.key}`, (client) =>
    client.send(new CreateMultipartUploadCommand(input)),
  );
  if (!reply.UploadId) throw new SyncError('STORE_FAILED', `${bucket.location}: the store began an upload without an id`);
  const upload = multipartUpload({ uploadId: reply.UploadId, key, checksum: way.checksum });
  if (way.checksum !== 'full' || reply.ChecksumType === 'FULL_OBJECT') return upload;
  // The store would compare our checksum of the file with a checksum of the parts' checksums.
  await abortUpload(bucket, upload);
  throw new SyncError('STORE_FAILED', `${bucket.location}: the store no longer knows checksums of whole objects`);
}

/**
 * Returns the recorded parts that the store holds as we sent them, or undefined if the store no
 * longer has the upload. A part that is not in `recorded` does not count: it may be damaged, and
 * the store's own checksum matches even damaged bytes.
 */
export async function storedParts(
  bucket: Bucket,
  upload: MultipartUpload,
  recorded: readonly Part[],
): Promise<Part[] | undefined> {
  const listed = await listParts(bucket, upload);
  const byNumber = new Map(listed?.map((part) => [part.PartNumber, part]));
  return listed && recorded.filter((part) => isSame(part, byNumber.get(part.number)));
}

function isSame(recorded: Part, listed: ListedPart | undefined): boolean {
  const shown = decodeCrc32(listed?.ChecksumCRC32);
  const sameBytes = isSameTag(listed?.ETag, recorded.receipt) && listed?.Size === recorded.sizeBytes;
  return sameBytes && (shown === null || shown === recorded.crc32);
}

/**
 * Reads all pages of the list of parts. The SDK's paginator is not used, because it never ends if a
 * store always names a next marker.
 */
async function listParts(bucket: Bucket, { uploadId, key }: MultipartUpload): Promise<ListedPart[] | undefined> {
  const doing = `listing the parts of ${key}`;
  const isNew = noteMarkers();
  const parts: ListedPart[] = [];
  let page: Partial<ListPartsCommandOutput> = { IsTruncated: true };
  while (page.IsTruncated) {
    const input = { Bucket: bucket.bucket, Key: key, UploadId: uploadId, PartNumberMarker: page.NextPartNumberMarker };
    const next = await ask(bucket, doing, (client) => client.send(new ListPartsCommand(input))).catch(ignoringGone);
    if (!next) return undefined;
    page = next;
    parts.push(...(page.Parts ?? []));
    if (page.IsTruncated && !isNew(page.NextPartNumberMarker)) throw endlessListing(bucket, doing);
  }
  return parts;
}

/**
 * Publishes the parts as one object, and returns its entity tag. The store verifies `checks` in
 * addition to the entity tags of the parts.
 */
export async function completeUpload(
  bucket: Bucket,
  upload: MultipartUpload,
  parts: readonly Part[],
  checks: { readonly sizeBytes: number | null; readonly crc32: number | null; readonly onlyIfAbsent: boolean },
): Promise<string> {
  const command = new CompleteMultipartUploadCommand({
    Bucket: bucket.bucket,
    Key: upload.key,
    UploadId: upload.uploadId,
    ...(checks.sizeBytes === null ? {} : { MpuObjectSize: checks.sizeBytes }),
    ...(checks.crc32 === null ? {} : { ChecksumCRC32: crc32Base64(checks.crc32), ChecksumType: 'FULL_OBJECT' }),
    ...(checks.onlyIfAbsent ? { IfNoneMatch: '*' } : {}),
    MultipartUpload: {
      Parts: parts
        .toSorted((a, b) => a.number - b.number)
        .map(({ number, receipt, crc32 }) => ({
          PartNumber: number,
          ETag: receipt,
          ...(upload.checksum !== 'none' ? { ChecksumCRC32: crc32Base64(crc32) } : {}),
        })),
    },
  });
  // Some stores reply only after they have joined the parts. That takes as long as copying the
  // file, so the timeout of this request is longer.
  const send = (client: S3Client) => client.send(command, { requestTimeout: bucket.stallMs * 10 });
  return (await ask(bucket, `completing ${upload.key}`, send)).ETag ?? '';
}

export async function abortUpload(bucket: Bucket, { uploadId, key }: Pick<MultipartUpload, 'uploadId' | 'key'>): Promise<void> {
  const command = new AbortMultipartUploadCommand({ Bucket: bucket.bucket, Key: key, UploadId: uploadId });
  await ask(bucket, `dropping the upload of ${key}`, (client) => client.send(command)).catch(ignoringGone);
}

function ignoringGone(error: unknown): undefined {
  if (isAbsent(error)) return undefined;
  throw error;
}

/** Aborts uploads older than 30 days that are not in `keep`, if the store can list uploads. */
export async function sweepUploads(bucket: Bucket, keep: ReadonlySet<string>): Promise<void> {
  const kept = new Set(
    Array.from(keep, parseUpload).flatMap((upload) => (upload?.kind === 'multipart' ? [upload.uploadId] : [])),
  );
  const isNew = noteMarkers();
  const place = { Bucket: bucket.bucket, Prefix: bucket.base };
  let page: Partial<ListMultipartUploadsCommandOutput> = { IsTruncated: true };
  while (page.IsTruncated) {
    const input = { ...place, KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker };
    page = await ask(bucket, 'listing unfinished uploads', (client) => client.send(new ListMultipartUploadsCommand(input))).catch(
      toWarning(bucket),
    );
    for (const { Key: key = '', UploadId: uploadId = '', Initiated } of page.Uploads ?? []) {
      const before = bucket.clock.now() - (key === bucket.base + probeKey ? sweepProbeAfterMs : abandonedAfterMs);
      const old = Initiated !== undefined && Initiated.getTime() < before;
      if (old && !kept.has(uploadId) && isOurs(bucket, key)) await abortUpload(bucket, { uploadId, key });
    }
    // The uploads that this listing hides stay at the store, which harms no run.
    const marker = page.NextKeyMarker && `${page.NextKeyMarker} ${page.NextUploadIdMarker ?? ''}`;
    if (page.IsTruncated && !isNew(marker))
      return bucket.onWarning?.(endlessListing(bucket, 'listing unfinished uploads').message);
  }
}

function toWarning(bucket: Bucket): (error: unknown) => Partial<ListMultipartUploadsCommandOutput> {
  return (error) => {
    if (!isRefused(error)) throw error;
    bucket.onWarning?.(
      `${bucket.location}: unfinished uploads stay, because they cannot be listed; check the permission s3:ListBucketMultipartUploads`,
    );
    return {};
  };
}

/**
 * Whether an upload is ours. Other programs may use the bucket, so without a prefix only keys in
 * the archive's form count as ours.
 */
function isOurs(bucket: Bucket, key: string): boolean {
  return bucket.base === '' ? /^([a-z-]+-videos|\.cloud-sync)\//.test(key) : key.startsWith(bucket.base);
}
