import { checksumHeaders, checkTags, describeObject, encryptionHeaders, readAttributes, shownChecksum } from './attributes.ts';
import { encodeCrc32, receiveBody, sendsCrc32 } from './body.ts';
import { readPieces } from './content.ts';
import {
  type Call,
  checkPreconditions,
  entityTag,
  findBucket,
  findObject,
  type Operation,
  receiveOptions,
  rejectUnknownPreconditions,
  removeObject,
  storeObject,
} from './state.ts';
import { isReadable, restoreObject, thawHeaders } from './thawing.ts';
import { header, S3Error, type S3Reply, xmlDocument, xmlElements, xmlText } from './wire.ts';

export const OBJECT_OPERATIONS = {
  PutObject: putObject,
  GetObject: getObject,
  HeadObject: headObject,
  DeleteObject: deleteObject,
  GetObjectAttributes: getObjectAttributes,
  PutObjectTagging: putObjectTagging,
  GetObjectTagging: getObjectTagging,
  RestoreObject: restoreObject,
} satisfies Record<string, Operation>;

async function putObject(call: Call): Promise<S3Reply> {
  const bucket = findBucket(call);
  const attributes = readAttributes(call);
  rejectUnknownPreconditions(call);
  const received = await receiveBody(call.request, receiveOptions(call));
  try {
    checkPreconditions(call, bucket);
  } catch (error) {
    received.content.release();
    throw error;
  }
  const { content } = received;
  const checksum = sendsCrc32(call.request, call.store.legacy)
    ? { type: 'FULL_OBJECT' as const, value: encodeCrc32(received.shownCrc32) }
    : undefined;
  const etag = entityTag(received);
  const { key } = call.request;
  const object = {
    key,
    attributes,
    pieces: [content],
    sizeBytes: content.sizeBytes,
    crc32: content.crc32,
    checksum,
    etag,
    modifiedAt: new Date(),
  };
  storeObject(bucket, object);
  return { status: 200, headers: { ETag: etag, ...checksumHeaders(object), ...encryptionHeaders(attributes) } };
}

function getObject(call: Call): S3Reply {
  const object = findObject(call);
  const { sizeBytes, pieces } = object;
  if (pieces.some((piece) => !piece.kept))
    throw new S3Error('NotImplemented', 'The bytes of this object were counted but not kept.');
  if (!isReadable(object, call.store)) throw new S3Error('InvalidObjectState');
  const range = readRange(header(call.request, 'range'), sizeBytes);
  const described = { ...describeObject(object), ...thawHeaders(object, call.store) };
  if (range === undefined) {
    const headers = { ...described, ...shownChecksum(call, object), 'Content-Length': sizeBytes };
    return { status: 200, headers, body: readPieces(pieces, 0, sizeBytes) };
  }
  const { start, end } = range;
  const headers = { ...described, 'Content-Length': end - start, 'Content-Range': `bytes ${start}-${end - 1}/${sizeBytes}` };
  return { status: 206, headers, body: readPieces(pieces, start, end) };
}

/**
 * The requested range, from `start` to before `end`. Returns undefined if the header is missing or
 * invalid, and then the reply has all bytes. Throws S3Error InvalidRange.
 */
function readRange(text: string | undefined, sizeBytes: number): { start: number; end: number } | undefined {
  const [, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/.exec(text ?? '') ?? [];
  if (first === '' && last === '') return undefined;
  if (first !== '' && last !== '' && Number(last) < Number(first)) return undefined;
  const start = first === '' ? Math.max(0, sizeBytes - Number(last)) : Number(first);
  const end = first === '' || last === '' ? sizeBytes : Math.min(sizeBytes, Number(last) + 1);
  if (start >= end) throw new S3Error('InvalidRange', undefined, { headers: { 'Content-Range': `bytes */${sizeBytes}` } });
  return { start, end };
}

function headObject(call: Call): S3Reply {
  const object = findObject(call);
  const length = call.store.legacy.omitsLengthOfHead ? {} : { 'Content-Length': object.sizeBytes };
  return {
    status: 200,
    headers: { ...describeObject(object), ...thawHeaders(object, call.store), ...shownChecksum(call, object), ...length },
  };
}

function deleteObject(call: Call): S3Reply {
  removeObject(findBucket(call), call.request.key);
  return { status: 204 };
}

function getObjectAttributes(call: Call): S3Reply {
  const object = findObject(call);
  const wanted = header(call.request, 'x-amz-object-attributes')?.split(/,\s*/) ?? [];
  const { checksum } = object;
  const all = {
    ETag: object.etag.replaceAll('"', ''),
    Checksum: checksum && { ChecksumCRC32: checksum.value, ChecksumType: checksum.type },
    ObjectParts: object.pieces.length > 1 ? { TotalPartsCount: object.pieces.length } : undefined,
    StorageClass: object.attributes.storageClass,
    ObjectSize: object.sizeBytes,
  };
  const tree = Object.fromEntries(Object.entries(all).filter(([name]) => wanted.includes(name)));
  const headers = { 'Last-Modified': object.modifiedAt.toUTCString() };
  return { status: 200, headers, body: xmlDocument('GetObjectAttributesResponse', tree) };
}

async function putObjectTagging(call: Call): Promise<S3Reply> {
  if (call.store.legacy.rejectsTagging) throw new S3Error('NotImplemented');
  if (call.store.legacy.replacesByTagging) return putObject(call);
  const { content } = await receiveBody(call.request, { ...receiveOptions(call), keeping: { kind: 'memory' } });
  const xml = Buffer.concat([...content.read(0, content.sizeBytes)]).toString();
  const pairs = xmlElements(xml, 'Tag').map((tag) => [xmlText(tag, 'Key') ?? '', xmlText(tag, 'Value') ?? ''] as const);
  const object = findObject(call);
  const tagged = { ...object, attributes: { ...object.attributes, tags: checkTags(pairs) } };
  findBucket(call).objects.set(object.key, tagged);
  return { status: 200 };
}

function getObjectTagging(call: Call): S3Reply {
  const tags = Object.entries(findObject(call).attributes.tags);
  const tree = { TagSet: { Tag: tags.map(([Key, Value]) => ({ Key, Value })) } };
  return { status: 200, body: xmlDocument('Tagging', tree) };
}
