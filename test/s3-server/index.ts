import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { S3AuthOptions } from './auth.ts';
import { flipInPieces, type Keeping, readPieces } from './content.ts';
import type { S3Fault, S3Legacy } from './faults.ts';
import { createListener, type S3LogEntry } from './serve.ts';
import { type ChecksumType, createBucket, removeObject, removeUpload, type StoredObject, type StoreState } from './state.ts';
import type { S3Operation } from './wire.ts';

export interface S3StoreOptions extends S3AuthOptions {
  /** Buckets that exist from the start. */
  readonly buckets?: readonly string[];
  /** Every request to these buckets gets status 403, whether the bucket exists or not. */
  readonly deniedBuckets?: readonly string[];
  /** Keeps bodies as files in this directory, which the caller owns. Default: in memory. */
  readonly dir?: string;
  /** Keeps only size and CRC32 of bodies over 64 KiB. A GET of such an object gets status 501. */
  readonly discard?: boolean;
  /** If true, entity tags are MD5s as on S3. Otherwise they are only unique, which is cheaper. */
  readonly md5?: boolean;
  /** With `md5`: from this part number on, the entity tags of parts are only unique. */
  readonly oddFromPart?: number;
  readonly faults?: readonly S3Fault[];
  readonly legacy?: S3Legacy;
  /**
   * How long the store needs to make an archived object readable, in ms. Bulk takes four times as
   * long. Default: an hour.
   */
  readonly thawMs?: number;
}

export interface S3ObjectView {
  readonly bucket: string;
  readonly key: string;
  readonly sizeBytes: number;
  /** The CRC32 of the stored bytes, even if HEAD shows none. `tamper` does not change it. */
  readonly crc32: number;
  /** Undefined if the client asked for no checksum. Then HEAD shows none. */
  readonly checksumType: ChecksumType | undefined;
  readonly etag: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
  readonly storageClass: string;
  /** Content type, encryption and similar headers, by header name in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly partSizesBytes: readonly number[];
}

export interface S3UploadView {
  readonly bucket: string;
  readonly key: string;
  readonly uploadId: string;
  readonly parts: readonly { readonly number: number; readonly sizeBytes: number; readonly crc32: number }[];
}

export interface S3Stats {
  readonly requests: number;
  /** The number of requests of each operation. Operations without a request are absent. */
  readonly byOperation: Readonly<Partial<Record<S3Operation, number>>>;
  readonly bytesIn: number;
  /** The largest number of simultaneous requests of each operation. */
  readonly peakByOperation: Readonly<Partial<Record<S3Operation, number>>>;
}

/**
 * A running store. Tests can see and change its content without a client. A method that names an
 * object throws RangeError if the object does not exist.
 */
export interface S3Store extends AsyncDisposable {
  /** `http://127.0.0.1:port`. The bucket is in the path or in the host name `bucket.localhost`. */
  readonly endpoint: string;
  /**
   * The faults, which may be changed at any time. The first fault that matches a request applies.
   */
  readonly faults: S3Fault[];
  /** All requests, in the order of arrival. */
  readonly requests: readonly S3LogEntry[];
  stats(): S3Stats;
  createBucket(name: string): void;
  /** All objects, sorted by bucket and key. */
  objects(): S3ObjectView[];
  /** The bytes of an object. If they were not kept, `content`, `sha256` and `tamper` throw. */
  content(bucket: string, key: string): Buffer;
  /** The SHA-256 in hexadecimal digits. A large object is read piece by piece. */
  sha256(bucket: string, key: string): string;
  /** Inverts the stored byte at `offset`, as a failing disk would. Size, checksum and ETag stay. */
  tamper(bucket: string, key: string, offset: number): void;
  /**
   * Moves an object to another storage class, as a lifecycle rule does, or to an archive tier of
   * Intelligent-Tiering.
   */
  changeClass(bucket: string, key: string, storageClass: string, archiveTier?: string): void;
  /** Moves the store's clock forward for everything that concerns archived objects. */
  advance(ms: number): void;
  /** Removes an object. Returns false if it did not exist. */
  remove(bucket: string, key: string): boolean;
  uploads(): S3UploadView[];
  /** Ends an upload as a lifecycle rule does. Returns false if there is no such upload. */
  expireUpload(uploadId: string): boolean;
  /** Stops the store and ends open connections. */
  close(): Promise<void>;
}

/** Starts an S3 store on a free port of 127.0.0.1. All objects are lost when the store closes. */
export async function startS3Store(options: S3StoreOptions = {}): Promise<S3Store> {
  const { legacy = {}, md5 = false, oddFromPart = Infinity, region, thawMs = 3_600_000 } = options;
  let advancedMs = 0;
  const clock = { nowMs: () => Date.now() + advancedMs, thawMs };
  const kept = { buckets: new Map(), keeping: chooseKeeping(options) };
  const state: StoreState = { ...kept, legacy, md5, oddFromPart, region, ...clock };
  for (const name of options.buckets ?? []) createBucket(state, name);
  const faults = [...(options.faults ?? [])];
  const log: S3LogEntry[] = [];
  const peaks = new Map<S3Operation, number>();
  const listener = createListener({ state, auth: options, deniedBuckets: new Set(options.deniedBuckets), faults, log, peaks });
  // The store never ends a connection because an upload is slow or the client is idle.
  const server = createServer({ requestTimeout: 0, keepAliveTimeout: 0 }, listener);
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port');

  async function close(): Promise<void> {
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  }

  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    faults,
    requests: log,
    stats: () => summarise(log, peaks),
    ...inspect(state),
    advance: (ms) => void (advancedMs += ms),
    close,
    [Symbol.asyncDispose]: close,
  };
}

function chooseKeeping({ dir, discard }: S3StoreOptions): Keeping {
  if (discard) return { kind: 'discard' };
  return dir === undefined ? { kind: 'memory' } : { kind: 'files', dir };
}

function summarise(log: readonly S3LogEntry[], peaks: ReadonlyMap<S3Operation, number>): S3Stats {
  const byOperation: Partial<Record<S3Operation, number>> = {};
  let bytesIn = 0;
  for (const entry of log) {
    byOperation[entry.operation] = (byOperation[entry.operation] ?? 0) + 1;
    bytesIn += entry.bytesIn;
  }
  return { requests: log.length, byOperation, bytesIn, peakByOperation: Object.fromEntries(peaks) };
}

function inspect(state: StoreState) {
  const buckets = () => [...state.buckets.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));

  function find(bucket: string, key: string): StoredObject {
    const object = state.buckets.get(bucket)?.objects.get(key);
    if (object === undefined) throw new RangeError(`there is no ${key} in ${bucket}`);
    return object;
  }

  return {
    createBucket: (name) => createBucket(state, name),
    objects: () =>
      buckets().flatMap(({ name, objects }) =>
        [...objects.values()].toSorted((a, b) => (a.key < b.key ? -1 : 1)).map((object) => viewObject(name, object)),
      ),
    content(bucket, key) {
      const { pieces, sizeBytes } = find(bucket, key);
      return Buffer.concat([...readPieces(pieces, 0, sizeBytes)]);
    },
    sha256(bucket, key) {
      const { pieces, sizeBytes } = find(bucket, key);
      const hash = createHash('sha256');
      for (const chunk of readPieces(pieces, 0, sizeBytes)) hash.update(chunk);
      return hash.digest('hex');
    },
    tamper: (bucket, key, offset) => flipInPieces(find(bucket, key).pieces, offset),
    changeClass(bucket, key, storageClass, archiveTier) {
      const { thaw: _, archiveTier: __, ...object } = find(bucket, key);
      const attributes = { ...object.attributes, storageClass };
      const tier = archiveTier === undefined ? {} : { archiveTier };
      state.buckets.get(bucket)?.objects.set(key, { ...object, attributes, ...tier });
    },
    remove(bucket, key) {
      const found = state.buckets.get(bucket);
      return found !== undefined && removeObject(found, key);
    },
    uploads: () =>
      buckets().flatMap(({ name, uploads }) =>
        Array.from(uploads.values(), ({ id, key, parts }) => ({
          bucket: name,
          key,
          uploadId: id,
          parts: Array.from(parts.values(), ({ number, content }) => ({
            number,
            sizeBytes: content.sizeBytes,
            crc32: content.crc32,
          })),
        })),
      ),
    expireUpload: (uploadId) => buckets().some((bucket) => removeUpload(bucket, uploadId)),
  } satisfies Partial<S3Store>;
}

function viewObject(bucket: string, object: StoredObject): S3ObjectView {
  const { key, sizeBytes, crc32, checksum, etag, attributes, pieces } = object;
  const { metadata, tags, storageClass, headers } = attributes;
  const partSizesBytes = pieces.map((piece) => piece.sizeBytes);
  return {
    bucket,
    key,
    sizeBytes,
    crc32,
    checksumType: checksum?.type,
    etag,
    metadata,
    tags,
    storageClass,
    headers,
    partSizesBytes,
  };
}
