import { type Bucket, type Call, createBucket, findBucket, type Operation } from './state.ts';
import { thawStatus } from './thawing.ts';
import { queryNumber, S3Error, type S3Reply, type XmlTree, xmlDocument } from './wire.ts';

const MAX_KEYS = 1000;

export const BUCKET_OPERATIONS = {
  ListBuckets: listBuckets,
  CreateBucket: putBucket,
  HeadBucket: headBucket,
  GetBucketLocation: getBucketLocation,
  ListObjectsV2: listObjects,
} satisfies Record<string, Operation>;

function listBuckets({ store }: Call): S3Reply {
  const buckets = [...store.buckets.values()].map(({ name, createdAt }) => ({
    Name: name,
    CreationDate: createdAt.toISOString(),
  }));
  return { status: 200, body: xmlDocument('ListAllMyBucketsResult', { Owner: { ID: 'owner' }, Buckets: { Bucket: buckets } }) };
}

function putBucket({ request, store }: Call): S3Reply {
  if (store.buckets.has(request.bucket)) throw new S3Error('BucketAlreadyOwnedByYou');
  createBucket(store, request.bucket);
  return { status: 200, headers: { Location: `/${request.bucket}` } };
}

function headBucket(call: Call): S3Reply {
  findBucket(call);
  return { status: 200, headers: { 'x-amz-bucket-region': call.store.region ?? 'us-east-1' } };
}

/** Answers with the region of the bucket. An empty location means us-east-1. */
function getBucketLocation(call: Call): S3Reply {
  findBucket(call);
  const { region = 'us-east-1' } = call.store;
  return { status: 200, body: xmlDocument('LocationConstraint', region === 'us-east-1' ? '' : region) };
}

function listObjects(call: Call): S3Reply {
  const { query } = call.request;
  const bucket = findBucket(call);
  const prefix = query.get('prefix') ?? '';
  const delimiter = query.get('delimiter') ?? '';
  const token = query.get('continuation-token') ?? undefined;
  const maxKeys = queryNumber(call.request, 'max-keys', { fallback: MAX_KEYS, max: MAX_KEYS });
  const after = token === undefined ? (query.get('start-after') ?? '') : Buffer.from(token, 'base64url').toString();
  const page = pageOf(bucket, { prefix, delimiter, after, resumed: token !== undefined, maxKeys });
  const encode = query.get('encoding-type') === 'url' ? encodeKey : (key: string) => key;
  const tree = {
    Name: bucket.name,
    Prefix: encode(prefix),
    Delimiter: delimiter === '' ? undefined : encode(delimiter),
    MaxKeys: maxKeys,
    EncodingType: query.get('encoding-type') ?? undefined,
    KeyCount: page.keys.length + page.prefixes.length,
    IsTruncated: page.next !== undefined,
    ContinuationToken: token,
    NextContinuationToken: page.next === undefined ? undefined : Buffer.from(page.next).toString('base64url'),
    StartAfter: query.get('start-after') ?? undefined,
    Contents: page.keys.map((key) => describe(call, bucket, key, encode)),
    CommonPrefixes: page.prefixes.map((common) => ({ Prefix: encode(common) })),
  };
  return { status: 200, body: xmlDocument('ListBucketResult', tree) };
}

function describe(call: Call, bucket: Bucket, key: string, encode: (key: string) => string): XmlTree {
  const object = bucket.objects.get(key);
  if (object === undefined) throw new S3Error('InternalError');
  return {
    Key: encode(key),
    LastModified: object.modifiedAt.toISOString(),
    ETag: object.etag,
    ChecksumAlgorithm: object.checksum && 'CRC32',
    ChecksumType: object.checksum?.type,
    Size: object.sizeBytes,
    StorageClass: object.attributes.storageClass,
    RestoreStatus: thawStatus(object, call),
  };
}

interface PageQuery {
  readonly prefix: string;
  /** An empty text means that there is no delimiter. */
  readonly delimiter: string;
  /** Only keys that sort after this text are listed. */
  readonly after: string;
  /**
   * True if `after` is the last entry of the page before. If that entry is a common prefix, its
   * keys are skipped.
   */
  readonly resumed: boolean;
  readonly maxKeys: number;
}

/** Lists one page. A common prefix is one entry. `next` is the last entry, if more pages follow. */
function pageOf(
  bucket: Bucket,
  { prefix, delimiter, after, resumed, maxKeys }: PageQuery,
): { keys: string[]; prefixes: string[]; next?: string } {
  const sorted = (bucket.sortedKeys ??= sortKeys(bucket.objects.keys()));
  const keys: string[] = [];
  const prefixes: string[] = [];
  let last = resumed ? after : '';
  for (let index = Math.max(firstIndex(sorted, prefix), firstIndex(sorted, after)); index < sorted.length; index += 1) {
    const key = sorted[index];
    if (key === undefined || !key.startsWith(prefix)) break;
    if (key === after) continue;
    const cut = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
    const entry = cut === -1 ? key : key.slice(0, cut + delimiter.length);
    if (entry === last) continue;
    if (keys.length + prefixes.length === maxKeys) return { keys, prefixes, next: last };
    (cut === -1 ? keys : prefixes).push(entry);
    last = entry;
  }
  return { keys, prefixes };
}

function sortKeys(keys: Iterable<string>): string[] {
  return Array.from(keys, (key) => Buffer.from(key))
    .toSorted((a, b) => Buffer.compare(a, b))
    .map((bytes) => bytes.toString());
}

/** The index of the first key that is equal to `key` or sorts after it. */
function firstIndex(sorted: readonly string[], key: string): number {
  const wanted = Buffer.from(key);
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (Buffer.compare(Buffer.from(sorted[middle] ?? ''), wanted) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

function encodeKey(key: string): string {
  return encodeURIComponent(key).replaceAll('%2F', '/').replaceAll('%20', '+');
}
