import type { S3Legacy } from './faults.ts';
import type { Attributes, Call, StoredObject } from './state.ts';
import { header, S3Error, type S3Request } from './wire.ts';

const MAX_METADATA_BYTES = 2048;
const KEPT_HEADERS = [
  'content-type',
  'content-disposition',
  'content-language',
  'cache-control',
  'x-amz-server-side-encryption',
  'x-amz-server-side-encryption-aws-kms-key-id',
  'x-amz-server-side-encryption-bucket-key-enabled',
];

/**
 * The attributes in the headers of PutObject and CreateMultipartUpload. Throws S3Error
 * MetadataTooLarge, InvalidTag, BadRequest, NotImplemented.
 */
export function readAttributes({ request, store }: Call): Attributes {
  const tagging = header(request, 'x-amz-tagging');
  if (tagging !== undefined && store.legacy.rejectsTagging) throw new S3Error('NotImplemented', 'Tags are unknown here.');
  if (tagging !== undefined && store.legacy.deniesTagging) throw new S3Error('AccessDenied');
  const metadata = Object.entries(request.message.headers)
    .filter(([name]) => name.startsWith('x-amz-meta-'))
    .map(([name, value]) => [name.slice('x-amz-meta-'.length), String(value)] as const);
  const metadataBytes = metadata.reduce((sum, pair) => sum + Buffer.byteLength(pair.join('')), 0);
  if (metadataBytes > MAX_METADATA_BYTES) {
    throw new S3Error('MetadataTooLarge', undefined, { details: { MaxSizeAllowed: String(MAX_METADATA_BYTES) } });
  }
  const headers = KEPT_HEADERS.flatMap((name) => {
    const value = header(request, name);
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    headers: { ...Object.fromEntries(headers), ...contentEncoding(request, store.legacy) },
    metadata: Object.fromEntries(metadata),
    tags: checkTags([...new URLSearchParams(tagging ?? '')]),
    storageClass: header(request, 'x-amz-storage-class') ?? 'STANDARD',
  };
}

/** Drops `aws-chunked`, which describes the request. All other encodings describe the object. */
function contentEncoding(request: S3Request, legacy: S3Legacy): Record<string, string> {
  const sent = header(request, 'content-encoding') ?? '';
  const encoding = legacy.storesChunkedFraming ? sent : sent.replace(/^aws-chunked,?\s*/, '');
  return encoding === '' ? {} : { 'content-encoding': encoding };
}

/** Checks tags against the limits of S3. Throws S3Error InvalidTag, BadRequest. */
export function checkTags(pairs: readonly (readonly [string, string])[]): Readonly<Record<string, string>> {
  if (pairs.length > 10) throw new S3Error('BadRequest', 'An object has at most 10 tags.');
  const tags = Object.fromEntries(pairs);
  const valid = pairs.every(([key, value]) => key !== '' && key.length <= 128 && value.length <= 256);
  if (!valid || Object.keys(tags).length !== pairs.length) throw new S3Error('InvalidTag');
  return tags;
}

/** The reply headers of HEAD and GET that describe an object, except its length and checksum. */
export function describeObject({ attributes, etag, modifiedAt }: StoredObject): Record<string, string | number> {
  const tagCount = Object.keys(attributes.tags).length;
  return {
    'Accept-Ranges': 'bytes',
    ETag: etag,
    'Last-Modified': modifiedAt.toUTCString(),
    'content-type': 'binary/octet-stream',
    ...attributes.headers,
    ...Object.fromEntries(Object.entries(attributes.metadata).map(([name, value]) => [`x-amz-meta-${name}`, value])),
    ...(attributes.storageClass === 'STANDARD' ? {} : { 'x-amz-storage-class': attributes.storageClass }),
    ...(tagCount === 0 ? {} : { 'x-amz-tagging-count': tagCount }),
  };
}

/** The reply headers with which a write confirms the encryption. */
export function encryptionHeaders({ headers }: Attributes): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith('x-amz-server-side-encryption')));
}

/** The checksum headers of an object, or none if the request does not ask for a checksum. */
export function shownChecksum({ request }: Call, object: StoredObject): Record<string, string> {
  return header(request, 'x-amz-checksum-mode') === 'ENABLED' ? checksumHeaders(object) : {};
}

/** The checksum headers of an object. An object that was stored without a checksum has none. */
export function checksumHeaders({ checksum }: Pick<StoredObject, 'checksum'>): Record<string, string> {
  return checksum === undefined ? {} : { 'x-amz-checksum-crc32': checksum.value, 'x-amz-checksum-type': checksum.type };
}
