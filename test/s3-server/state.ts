import { createHash, randomBytes } from 'node:crypto';
import type { Received, ReceiveOptions } from './body.ts';
import type { Content, Keeping } from './content.ts';
import type { S3Damage, S3Legacy } from './faults.ts';
import type { Thaw } from './thawing.ts';
import { header, S3Error, type S3Reply, type S3Request } from './wire.ts';

/** The content and the options of one store. */
export interface StoreState {
  readonly buckets: Map<string, Bucket>;
  readonly keeping: Keeping;
  readonly legacy: S3Legacy;
  /** If true, entity tags are MD5s. Otherwise they are only unique. */
  readonly md5: boolean;
  /** The first part number whose entity tag is no MD5. */
  readonly oddFromPart: number;
  readonly region: string | undefined;
  /** The store's clock. A test may move it. */
  readonly nowMs: () => number;
  /** How long the store needs to make an archived object readable. Bulk takes four times as long. */
  readonly thawMs: number;
}

export interface Bucket {
  readonly name: string;
  readonly createdAt: Date;
  readonly objects: Map<string, StoredObject>;
  readonly uploads: Map<string, Upload>;
  /** The keys in the order of their UTF-8 bytes. Undefined if they must be sorted again. */
  sortedKeys: readonly string[] | undefined;
}

/** What the client of a write says about the new object. */
export interface Attributes {
  /** Headers that replies repeat unchanged, such as content type and encryption. */
  readonly headers: Readonly<Record<string, string>>;
  readonly metadata: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
  readonly storageClass: string;
}

export type ChecksumType = 'FULL_OBJECT' | 'COMPOSITE';

export interface StoredObject {
  readonly key: string;
  readonly attributes: Attributes;
  readonly pieces: readonly Content[];
  readonly sizeBytes: number;
  /** The CRC32 of the whole object. The store knows it even if HEAD does not show it. */
  readonly crc32: number;
  /** The checksum that replies show. Undefined if the client asked for none. */
  readonly checksum: { readonly type: ChecksumType; readonly value: string } | undefined;
  readonly etag: string;
  readonly modifiedAt: Date;
  /** The last request to make the object readable. */
  readonly thaw?: Thaw;
  /** The archive tier of an object in Intelligent-Tiering, such as `ARCHIVE_ACCESS`. */
  readonly archiveTier?: string;
}

export interface Upload {
  readonly id: string;
  readonly key: string;
  readonly initiatedAt: Date;
  readonly attributes: Attributes;
  /** Undefined if the upload was created without a checksum algorithm. */
  readonly checksumType: ChecksumType | undefined;
  readonly parts: Map<number, UploadedPart>;
}

export interface UploadedPart {
  readonly number: number;
  readonly content: Content;
  readonly etag: string;
  readonly modifiedAt: Date;
}

/** One request and what an operation needs to carry it out. */
export interface Call {
  readonly request: S3Request;
  readonly store: StoreState;
  readonly damage: S3Damage | undefined;
}

export type Operation = (call: Call) => S3Reply | Promise<S3Reply>;

/** Finds the bucket of the request. Throws S3Error NoSuchBucket. */
export function findBucket({ request, store }: Call): Bucket {
  const bucket = store.buckets.get(request.bucket);
  if (bucket === undefined) throw new S3Error('NoSuchBucket', undefined, { details: { BucketName: request.bucket } });
  return bucket;
}

/** Finds the object of the request. Throws S3Error NoSuchBucket, NoSuchKey. */
export function findObject(call: Call): StoredObject {
  const object = findBucket(call).objects.get(call.request.key);
  if (object === undefined) throw new S3Error('NoSuchKey', undefined, { details: { Key: call.request.key } });
  return object;
}

/** Stores the object under its key and releases an older object with this key. */
export function storeObject(bucket: Bucket, object: StoredObject): void {
  removeObject(bucket, object.key);
  bucket.objects.set(object.key, object);
}

/** Removes an object. Returns false if it did not exist. */
export function removeObject(bucket: Bucket, key: string): boolean {
  for (const piece of bucket.objects.get(key)?.pieces ?? []) piece.release();
  bucket.sortedKeys = undefined;
  return bucket.objects.delete(key);
}

/** Makes an empty bucket. It replaces a bucket of the same name. */
export function createBucket(store: StoreState, name: string): void {
  store.buckets.set(name, { name, createdAt: new Date(), objects: new Map(), uploads: new Map(), sortedKeys: [] });
}

/** Finds the upload to the key of the request. Throws S3Error NoSuchBucket, NoSuchUpload. */
export function findUpload(call: Call): Upload {
  const id = call.request.query.get('uploadId') ?? '';
  const upload = findBucket(call).uploads.get(id);
  if (upload?.key !== call.request.key) throw new S3Error('NoSuchUpload', undefined, { details: { UploadId: id } });
  return upload;
}

/** Ends an upload and releases its remaining parts. */
export function removeUpload(bucket: Bucket, id: string): boolean {
  for (const { content } of bucket.uploads.get(id)?.parts.values() ?? []) content.release();
  return bucket.uploads.delete(id);
}

/** The options for receiving the body of this request. */
export function receiveOptions({ store, damage }: Call): ReceiveOptions {
  return { keeping: store.keeping, md5: store.md5, legacy: store.legacy, damage };
}

/** The entity tag in quotes: the MD5 if it is known, otherwise a unique value. */
export function entityTag({ md5 }: Pick<Received, 'md5'>): string {
  return `"${md5 ?? randomBytes(16).toString('hex')}"`;
}

/**
 * The entity tag of an object in parts: the MD5 of the parts' MD5s, or a unique value, and then the
 * number of parts.
 */
export function multipartTag(etags: readonly string[], { md5 }: Pick<StoreState, 'md5'>): string {
  const sums = etags.map((etag) => Buffer.from(etag.replaceAll('"', ''), 'hex'));
  const tag = md5 ? createHash('md5').update(Buffer.concat(sums)).digest('hex') : randomBytes(16).toString('hex');
  return `"${tag}-${etags.length}"`;
}

/**
 * Throws S3Error NotImplemented if the store does not know If-None-Match. Callers call this
 * function before they read the body.
 */
export function rejectUnknownPreconditions({ request, store }: Call): void {
  if (store.legacy.rejectsIfNoneMatch && header(request, 'if-none-match') !== undefined) throw new S3Error('NotImplemented');
}

/**
 * Checks `If-None-Match: *` and `If-Match` of a write. The caller must not await anything between
 * the check and the write. Throws S3Error PreconditionFailed, NoSuchKey, NotImplemented.
 */
export function checkPreconditions({ request, store }: Call, bucket: Bucket): void {
  const existing = bucket.objects.get(request.key);
  const ifNoneMatch = store.legacy.ignoresIfNoneMatch ? undefined : header(request, 'if-none-match');
  if (ifNoneMatch !== undefined && ifNoneMatch !== '*')
    throw new S3Error('NotImplemented', 'If-None-Match of a write takes only *.');
  if (ifNoneMatch !== undefined && existing !== undefined)
    throw new S3Error('PreconditionFailed', undefined, { details: { Condition: 'If-None-Match' } });
  const ifMatch = store.legacy.ignoresIfMatch ? undefined : header(request, 'if-match');
  if (ifMatch === undefined) return;
  if (existing === undefined) throw new S3Error('NoSuchKey');
  if (ifMatch !== existing.etag || store.legacy.refusesIfMatch)
    throw new S3Error('PreconditionFailed', undefined, { details: { Condition: 'If-Match' } });
}
