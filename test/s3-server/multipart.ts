import { randomUUID } from 'node:crypto';
import { encryptionHeaders, readAttributes } from './attributes.ts';
import { encodeCrc32, receiveBody, sendsCrc32 } from './body.ts';
import { completeMultipartUpload } from './complete.ts';
import {
  type Call,
  type ChecksumType,
  entityTag,
  findBucket,
  findUpload,
  type Operation,
  receiveOptions,
  removeUpload,
  type Upload,
  type UploadedPart,
} from './state.ts';
import { header, queryNumber, S3Error, type S3Reply, xmlDocument } from './wire.ts';

const MAX_PART_NUMBER = 10_000;
const MAX_PAGE = 1000;

export const MULTIPART_OPERATIONS = {
  CreateMultipartUpload: createMultipartUpload,
  UploadPart: uploadPart,
  ListParts: listParts,
  ListMultipartUploads: listMultipartUploads,
  CompleteMultipartUpload: completeMultipartUpload,
  AbortMultipartUpload: abortMultipartUpload,
} satisfies Record<string, Operation>;

function createMultipartUpload(call: Call): S3Reply {
  const { request, store } = call;
  const bucket = findBucket(call);
  const checksumType = wantedChecksumType(call);
  const given = readAttributes(call);
  const attributes = store.legacy.dropsTagsAtCreate ? { ...given, tags: {} } : given;
  const upload = { id: randomUUID(), key: request.key, initiatedAt: new Date(), attributes, checksumType, parts: new Map() };
  bucket.uploads.set(upload.id, upload);
  const checksum = checksumType && { 'x-amz-checksum-algorithm': 'CRC32', 'x-amz-checksum-type': checksumType };
  const body = xmlDocument('InitiateMultipartUploadResult', { Bucket: bucket.name, Key: upload.key, UploadId: upload.id });
  return { status: 200, headers: { ...checksum, ...encryptionHeaders(attributes) }, body };
}

function wantedChecksumType({ request, store }: Call): ChecksumType | undefined {
  const algorithm = header(request, 'x-amz-checksum-algorithm');
  const type = header(request, 'x-amz-checksum-type');
  if (type === 'FULL_OBJECT' && store.legacy.rejectsFullObjectChecksum === 'atCreate')
    throw new S3Error('InvalidRequest', 'Full-object checksums are unknown here.');
  if (store.legacy.noChecksums || (algorithm === undefined && type === undefined)) return undefined;
  if (algorithm !== 'CRC32') throw new S3Error('NotImplemented', `This store computes CRC32 only, not ${algorithm}.`);
  if (type !== undefined && type !== 'FULL_OBJECT' && type !== 'COMPOSITE')
    throw new S3Error('InvalidRequest', `'${type}' is no checksum type.`);
  return type ?? 'COMPOSITE';
}

async function uploadPart(call: Call): Promise<S3Reply> {
  const { request, store } = call;
  const number = Number(request.query.get('partNumber'));
  if (!Number.isInteger(number) || number < 1 || number > MAX_PART_NUMBER)
    throw new S3Error('InvalidArgument', 'A part number lies between 1 and 10000.');
  const { checksumType } = findUpload(call);
  const sent = sendsCrc32(request, store.legacy);
  if ((checksumType === 'COMPOSITE' && !sent) || (checksumType === undefined && sent)) {
    throw new S3Error(
      'InvalidRequest',
      `The upload was created ${sent ? 'without a' : 'with a CRC32'} checksum, the part was not.`,
    );
  }
  const received = await receiveBody(request, receiveOptions(call));
  const etag = entityTag(number < store.oddFromPart ? received : { md5: undefined });
  const part = { number, content: received.content, etag, modifiedAt: new Date() };
  keepPart(call, part);
  const checksum = checksumType && { 'x-amz-checksum-crc32': encodeCrc32(received.shownCrc32) };
  return { status: 200, headers: { ETag: part.etag, ...checksum } };
}

/** Stores a part, unless the upload ended while the part arrived. */
function keepPart(call: Call, part: UploadedPart): void {
  try {
    const { parts } = findUpload(call);
    parts.get(part.number)?.content.release();
    parts.set(part.number, part);
  } catch (error) {
    part.content.release();
    throw error;
  }
}

function listParts(call: Call): S3Reply {
  const { request } = call;
  const upload = findUpload(call);
  const marker = queryNumber(request, 'part-number-marker', { fallback: 0, max: MAX_PART_NUMBER });
  const maxParts = queryNumber(request, 'max-parts', { fallback: MAX_PAGE, max: MAX_PAGE });
  const rest = [...upload.parts.values()].filter((part) => part.number > marker).toSorted((a, b) => a.number - b.number);
  const page = rest.slice(0, maxParts);
  const tree = {
    Bucket: request.bucket,
    Key: upload.key,
    UploadId: upload.id,
    StorageClass: upload.attributes.storageClass,
    ...describeChecksum(upload),
    PartNumberMarker: marker,
    NextPartNumberMarker: page.at(-1)?.number ?? 0,
    MaxParts: maxParts,
    IsTruncated: rest.length > page.length,
    Part: page.map(({ number, content, etag, modifiedAt }) => ({
      PartNumber: number,
      LastModified: modifiedAt.toISOString(),
      ETag: etag,
      Size: content.sizeBytes,
      ChecksumCRC32: upload.checksumType && encodeCrc32(content.crc32),
    })),
  };
  return { status: 200, body: xmlDocument('ListPartsResult', tree) };
}

function describeChecksum({ checksumType }: Upload) {
  return { ChecksumAlgorithm: checksumType && 'CRC32', ChecksumType: checksumType };
}

function listMultipartUploads(call: Call): S3Reply {
  const { query } = call.request;
  const bucket = findBucket(call);
  const prefix = query.get('prefix') ?? '';
  const keyMarker = query.get('key-marker') ?? '';
  const idMarker = query.get('upload-id-marker');
  const maxUploads = queryNumber(call.request, 'max-uploads', { fallback: MAX_PAGE, max: MAX_PAGE });
  const rest = [...bucket.uploads.values()]
    .filter(({ key }) => key.startsWith(prefix))
    .toSorted((a, b) => Buffer.compare(Buffer.from(`${a.key}\0${a.id}`), Buffer.from(`${b.key}\0${b.id}`)))
    .filter(({ key, id }) => key > keyMarker || (key === keyMarker && idMarker !== null && id > idMarker));
  const page = rest.slice(0, maxUploads);
  const tree = {
    Bucket: bucket.name,
    Prefix: prefix,
    KeyMarker: keyMarker,
    UploadIdMarker: idMarker ?? '',
    NextKeyMarker: page.at(-1)?.key,
    NextUploadIdMarker: page.at(-1)?.id,
    MaxUploads: maxUploads,
    IsTruncated: rest.length > page.length,
    Upload: page.map((upload) => ({
      Key: upload.key,
      UploadId: upload.id,
      Initiated: upload.initiatedAt.toISOString(),
      StorageClass: upload.attributes.storageClass,
      ...describeChecksum(upload),
    })),
  };
  return { status: 200, body: xmlDocument('ListMultipartUploadsResult', tree) };
}

function abortMultipartUpload(call: Call): S3Reply {
  removeUpload(findBucket(call), findUpload(call).id);
  return { status: 204 };
}
