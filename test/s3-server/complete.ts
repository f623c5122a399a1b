import { crc32 } from 'node:zlib';
import { encryptionHeaders } from './attributes.ts';
import { decodeCrc32, encodeCrc32, readText } from './body.ts';
import { crc32OfPieces } from './content.ts';
import type { S3Legacy } from './faults.ts';
import {
  type Bucket,
  type Call,
  checkPreconditions,
  type ChecksumType,
  findBucket,
  findUpload,
  multipartTag,
  rejectUnknownPreconditions,
  removeUpload,
  storeObject,
  type StoredObject,
  type Upload,
  type UploadedPart,
} from './state.ts';
import { header, S3Error, type S3Reply, xmlDocument, xmlElements, xmlText } from './wire.ts';

const MIN_PART_BYTES = 5 * 1024 ** 2;

/**
 * Reads the body first. The code after that has no `await`, so no other request can interrupt it.
 */
export async function completeMultipartUpload(call: Call): Promise<S3Reply> {
  const { request } = call;
  findUpload(call);
  rejectUnknownPreconditions(call);
  const xml = await readText(request);
  const upload = findUpload(call);
  const bucket = findBucket(call);
  const assembled = assemble(call, upload, chooseParts(upload, xml, call.store.legacy));
  const object = call.store.legacy.dropsTagsAtCreate ? withTagsOf(bucket.objects.get(upload.key), assembled) : assembled;
  checkPreconditions(call, bucket);
  publish(bucket, upload, object);
  const tree = {
    Location: `http://${request.message.headers.host}/${request.bucket}/${encodeURIComponent(object.key)}`,
    Bucket: bucket.name,
    Key: object.key,
    ETag: object.etag,
    ChecksumCRC32: object.checksum?.value,
    ChecksumType: object.checksum?.type,
  };
  return { status: 200, headers: encryptionHeaders(object.attributes), body: xmlDocument('CompleteMultipartUploadResult', tree) };
}

/**
 * The parts that the request names. Throws S3Error MalformedXML, InvalidPartOrder, InvalidPart,
 * EntityTooSmall, InvalidRequest.
 */
function chooseParts(upload: Upload, xml: string, legacy: S3Legacy): UploadedPart[] {
  const named = xmlElements(xml, 'Part');
  if (named.length === 0) throw new S3Error('MalformedXML');
  const chosen = named.map((element) => choosePart(upload, element, legacy));
  for (const [index, part] of chosen.entries()) {
    const next = chosen[index + 1];
    if (next === undefined) break;
    if (next.number <= part.number) throw new S3Error('InvalidPartOrder');
    if (part.content.sizeBytes < MIN_PART_BYTES) {
      const details = {
        ProposedSize: String(part.content.sizeBytes),
        MinSizeAllowed: String(MIN_PART_BYTES),
        PartNumber: String(part.number),
      };
      throw new S3Error('EntityTooSmall', undefined, { details });
    }
  }
  return chosen;
}

function choosePart(upload: Upload, element: string, { trustsChecksums }: S3Legacy): UploadedPart {
  const number = Number(xmlText(element, 'PartNumber'));
  const part = upload.parts.get(number);
  const etag = xmlText(element, 'ETag')?.replaceAll('"', '');
  const checksum = xmlText(element, 'ChecksumCRC32');
  const matches =
    etag === part?.etag.replaceAll('"', '') &&
    (!checksum || !upload.checksumType || trustsChecksums || decodeCrc32(checksum) === part?.content.crc32);
  if (part === undefined || !matches)
    throw new S3Error('InvalidPart', undefined, { details: { UploadId: upload.id, PartNumber: String(number) } });
  if (upload.checksumType === 'COMPOSITE' && checksum === undefined)
    throw new S3Error('InvalidRequest', `The checksum of part ${number} is missing.`);
  return part;
}

/**
 * The new object, checked against the size and checksum of the request. Throws S3Error
 * InvalidRequest, BadDigest.
 */
function assemble({ request, store }: Call, upload: Upload, parts: readonly UploadedPart[]): StoredObject {
  const pieces = parts.map(({ content }) => content);
  const sizeBytes = pieces.reduce((sum, piece) => sum + piece.sizeBytes, 0);
  const wantedSize = header(request, 'x-amz-mp-object-size');
  if (wantedSize !== undefined && !store.legacy.ignoresMpuObjectSize && Number(wantedSize) !== sizeBytes) {
    throw new S3Error('InvalidRequest', `The parts have ${sizeBytes} bytes, not ${wantedSize}.`);
  }
  const whole = crc32OfPieces(pieces);
  const computed = upload.checksumType && { type: upload.checksumType, value: checksumValue(upload.checksumType, parts, whole) };
  checkWholeChecksum({ request, store }, computed);
  const sent = store.legacy.trustsChecksums === 'repeats sent' ? header(request, 'x-amz-checksum-crc32') : undefined;
  const checksum = computed && { ...computed, value: sent ?? computed.value };
  const etag = multipartTag(
    parts.map((part) => part.etag),
    store,
  );
  return {
    key: upload.key,
    attributes: upload.attributes,
    pieces,
    sizeBytes,
    crc32: whole,
    checksum,
    etag,
    modifiedAt: new Date(),
  };
}

function checksumValue(type: ChecksumType, parts: readonly UploadedPart[], whole: number): string {
  if (type === 'FULL_OBJECT') return encodeCrc32(whole);
  const checksums = parts.map(({ content }) => Buffer.from(encodeCrc32(content.crc32), 'base64'));
  return `${encodeCrc32(crc32(Buffer.concat(checksums)))}-${parts.length}`;
}

function checkWholeChecksum({ request, store }: Pick<Call, 'request' | 'store'>, checksum: StoredObject['checksum']): void {
  const type = header(request, 'x-amz-checksum-type');
  const value = header(request, 'x-amz-checksum-crc32');
  if (store.legacy.rejectsFullObjectChecksum === 'atComplete' && (type === 'FULL_OBJECT' || value !== undefined)) {
    throw new S3Error('InvalidRequest', 'Full-object checksums are unknown here.');
  }
  if (store.legacy.noChecksums) return;
  if (type !== undefined && type !== checksum?.type)
    throw new S3Error('InvalidRequest', `The upload was not created for a checksum of type ${type}.`);
  if (value !== undefined && checksum === undefined)
    throw new S3Error('InvalidRequest', 'The upload was created without a checksum.');
  if (value !== undefined && value !== checksum?.value && !store.legacy.trustsChecksums) throw new S3Error('BadDigest');
}

/** Gives an object the tags of the object that it replaces, as some stores do. */
function withTagsOf(replaced: StoredObject | undefined, object: StoredObject): StoredObject {
  return { ...object, attributes: { ...object.attributes, tags: replaced?.attributes.tags ?? {} } };
}

function publish(bucket: Bucket, upload: Upload, object: StoredObject): void {
  storeObject(bucket, object);
  const used = new Set(object.pieces);
  for (const [number, { content }] of upload.parts) if (used.has(content)) upload.parts.delete(number);
  removeUpload(bucket, upload.id);
}
