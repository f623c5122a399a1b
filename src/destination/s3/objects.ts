import {
  GetObjectCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandInput,
  type ListObjectsV2Output,
  type RestoreStatus,
} from '@aws-sdk/client-s3';
import { crc32 } from 'node:zlib';
import { decodeDescription } from '../description.ts';
import type { FileDescription, StatOptions, StoredFile } from '../destination.ts';
import { ask, type Bucket } from './bucket.ts';
import { asUnusable, isAbsent, isRefused, refusalOf, storeError } from './errors.ts';
import { Refusal } from './http/refusal.ts';
import { decodeCrc32 } from './http/framing.ts';
import { exchange, type ReplyHeaders } from './http/request.ts';
import { endlessListing, noteMarkers } from './markers.ts';
import { idKey, ownFolder, readSmall } from './bookkeeping/small-objects.ts';
import { isDenial, noteUnusable, refusedFile } from './unusable-keys.ts';

const metadataPrefix = 'x-amz-meta-';

/** An object as HEAD shows it. */
export interface Found {
  readonly sizeBytes: number;
  /** The CRC32 of the whole object. null if the store shows none. */
  readonly crc32: number | null;
  readonly etag: string;
  /** undefined if the object is not an archived file of ours. */
  readonly description: FileDescription | undefined;
  /** 0 if the store does not count tags. */
  readonly tagCount: number;
  readonly storageClass: string;
  /** The archive tier of an object in Intelligent-Tiering. Empty if it is in none. */
  readonly archiveTier: string;
  /** The header `x-amz-restore`. Empty if nobody asked to thaw the object. */
  readonly restore: string;
  /** The encodings that a client must undo. Empty for all files of ours. */
  readonly contentEncoding: string;
}

/** Asks HEAD for the checksum. Some stores refuse this header. */
const checksumMode = 'x-amz-checksum-mode';

/**
 * The SDK estimates how much our clock differs from the store's clock. If the estimate changes by
 * more than this, our clock was wrong.
 */
const correctionMs = 60_000;

/** Returns the object at `key`, or undefined if there is none. */
export async function head(bucket: Bucket, key: string, signal?: AbortSignal): Promise<Found | undefined> {
  const readHead = async (): Promise<Found> => readHeaders(bucket, key, signal);
  const offsetMs = bucket.client.config.systemClockOffset;
  return readHead()
    .catch(async (error: unknown) => {
      if (!isRefused(error)) throw error;
      // The reply to a refused HEAD does not say why. The GET of the archive's id throws an error
      // with the reason, unless the store refuses only this object.
      const archive = await readSmall(bucket, idKey);
      // The GET may have shown the SDK that our clock is wrong. In that case the HEAD is repeated.
      const isCorrected = Math.abs(bucket.client.config.systemClockOffset - offsetMs) > correctionMs;
      if (refusalOf(error)?.status === 403 && isCorrected) return readHead();
      throw archive !== undefined && isDenial(error) && !noteUnusable(bucket, key) ? refusedFile(error) : error;
    })
    .catch(ignoringAbsence(signal));
}

/** Sends HEAD. If the store refuses to be asked for a checksum, it is not asked for one again. */
async function readHeaders(bucket: Bucket, key: string, signal: AbortSignal | undefined): Promise<Found> {
  const { leftOut } = bucket;
  const send = async (headers: Readonly<Record<string, string>>): Promise<Found> =>
    ask(bucket, `reading the headers of ${key}`, async () =>
      foundIn(await exchange(bucket, { method: 'HEAD', key: bucket.base + key, headers }, signal), key),
    );
  const withChecksum = { [checksumMode]: 'ENABLED' };
  if (leftOut.has(checksumMode)) return send({});
  try {
    return await send(withChecksum);
  } catch (error) {
    if (!isRefused(error)) throw error;
    const found = await send({}).catch((without: unknown) => {
      throw isAbsent(without) ? without : error;
    });
    // The refusal may have passed in between, so the header is tried once more.
    const again = await send(withChecksum).catch(() => undefined);
    if (!again) leftOut.add(checksumMode);
    return again ?? found;
  }
}

/** Reads the headers of a HEAD reply. See HeadObject in the S3 API reference. */
function foundIn(headers: ReplyHeaders, key: string): Found {
  const metadata = Object.entries(headers).flatMap(([name, value]) =>
    name.startsWith(metadataPrefix) ? [[name.slice(metadataPrefix.length), value]] : [],
  );
  // A missing length is an error. If it were read as 0, the file would look damaged.
  const length = headers['content-length'];
  if (length === undefined) throw new Refusal({ status: null, code: 'NoLength', message: 'the store did not state the length' });
  const isOfWhole = headers['x-amz-checksum-type'] !== 'COMPOSITE';
  return {
    sizeBytes: Number(length),
    crc32: isOfWhole ? decodeCrc32(headers['x-amz-checksum-crc32']) : null,
    etag: headers['etag'] ?? '',
    description: decodeDescription(Object.fromEntries(metadata), key),
    tagCount: Number(headers['x-amz-tagging-count'] ?? 0),
    storageClass: headers['x-amz-storage-class'] ?? 'STANDARD',
    archiveTier: headers['x-amz-archive-status'] ?? '',
    restore: headers['x-amz-restore'] ?? '',
    contentEncoding: headers['content-encoding'] ?? '',
  };
}

/**
 * Reads an object from the byte `from` to before the byte `to`, or to its end. Returns undefined if
 * the object does not exist. Throws STORE_FAILED after `stallMs` without a byte. The time that
 * `take` needs does not count.
 */
export async function readThrough(
  bucket: Bucket,
  key: string,
  { from = 0, to, take, signal }: Omit<StatOptions, 'deep'> = {},
): Promise<StoredFile | undefined> {
  const silence = new AbortController();
  let isTaking = false;
  const watch = setTimeout(() => void (isTaking ? watch.refresh() : silence.abort()), bucket.stallMs);
  const either = signal ? AbortSignal.any([signal, silence.signal]) : silence.signal;
  const range = from > 0 || to !== undefined ? { Range: `bytes=${from}-${to === undefined ? '' : to - 1}` } : {};
  const command = new GetObjectCommand({ Bucket: bucket.bucket, Key: bucket.base + key, ...range });
  const reading = ask(bucket, `reading ${key}`, async (client) => {
    const { Body, ContentRange } = await client.send(command, { abortSignal: either });
    // A store without ranges sends the whole object.
    let skippedBytes = ContentRange === undefined ? from : 0;
    const wantedBytes = (to ?? Infinity) - from;
    let sizeBytes = 0;
    let crc = 0;
    for await (const whole of (Body ?? []) as AsyncIterable<Uint8Array>) {
      watch.refresh();
      const chunk = whole.subarray(skippedBytes, skippedBytes + wantedBytes - sizeBytes);
      skippedBytes = Math.max(0, skippedBytes - whole.length);
      if (sizeBytes === wantedBytes) break;
      sizeBytes += chunk.length;
      crc = crc32(chunk, crc);
      isTaking = true;
      await take?.(chunk);
      isTaking = false;
    }
    return { key, sizeBytes, crc32: crc };
  });
  return reading
    .catch((error: unknown) => {
      if (!silence.signal.aborted) throw error;
      const refusal = new Refusal({ status: null, code: 'STALLED', message: `no byte for ${bucket.stallMs} ms` });
      throw storeError(refusal, `${bucket.location}: reading ${key}`, bucket.clock.now());
    })
    .catch(ignoringAbsence(signal))
    .finally(() => clearTimeout(watch));
}

function ignoringAbsence(signal: AbortSignal | undefined): (error: unknown) => undefined {
  return (error) => {
    if (signal?.aborted) throw signal.reason;
    if (isAbsent(error)) return undefined;
    throw error;
  };
}

/** An object as a listing shows it. */
export interface ListedObject {
  readonly key: string;
  readonly sizeBytes: number;
  readonly storageClass: string;
  /**
   * Whether the store thaws the object or has thawed it. Undefined if nobody asked for that, or if
   * the store does not show it in a listing.
   */
  readonly restore: 'ongoing' | 'done' | undefined;
  /** Until when a thawed object can be read. */
  readonly readableUntil: Date | undefined;
}

const restoreStatus = 'x-amz-optional-object-attributes';

/** Reads a page. If the store refuses to be asked for thawed objects, it is not asked again. */
async function listPage(bucket: Bucket, input: ListObjectsV2CommandInput, showsRestores: boolean): Promise<ListObjectsV2Output> {
  const { leftOut } = bucket;
  const send = async (more: Partial<ListObjectsV2CommandInput>) =>
    ask(bucket, 'listing', (client) => client.send(new ListObjectsV2Command({ ...input, ...more })));
  try {
    if (!showsRestores || leftOut.has(restoreStatus)) return await send({});
    return await send({ OptionalObjectAttributes: ['RestoreStatus'] }).catch(async (error: unknown) => {
      if (!isRefused(error)) throw error;
      const page = await send({});
      leftOut.add(restoreStatus);
      return page;
    });
  } catch (error) {
    throw asUnusable(error);
  }
}

function restoreOf(status: RestoreStatus | undefined): Pick<ListedObject, 'restore' | 'readableUntil'> {
  if (status?.IsRestoreInProgress === undefined) return { restore: undefined, readableUntil: undefined };
  return { restore: status.IsRestoreInProgress ? 'ongoing' : 'done', readableUntil: status.RestoreExpiryDate };
}

/** Yields the keys of all objects below `prefix`, as `listObjects` does. */
export async function* listKeys(bucket: Bucket, prefix = ''): AsyncGenerator<string> {
  for await (const { key } of listObjects(bucket, prefix)) yield key;
}

/**
 * Yields all objects below `prefix`. Skips our own folder, unless `prefix` is inside that folder.
 * `showsRestores`: asks which objects are thawed.
 */
export async function* listObjects(
  bucket: Bucket,
  prefix = '',
  { showsRestores = false }: { readonly showsRestores?: boolean } = {},
): AsyncGenerator<ListedObject> {
  const isNew = noteMarkers();
  let token: string | undefined;
  do {
    const input = {
      Bucket: bucket.bucket,
      Prefix: bucket.base + prefix,
      ...(token === undefined ? {} : { ContinuationToken: token }),
    };
    const page = await listPage(bucket, input, showsRestores);
    for (const { Key = '', Size = 0, StorageClass: storageClass = 'STANDARD', RestoreStatus } of page.Contents ?? []) {
      const key = Key.slice(bucket.base.length);
      // Web consoles create an empty object to show a folder.
      const folder = key === '' || (key.endsWith('/') && Size === 0);
      if (!folder && (prefix !== '' || !key.startsWith(ownFolder)))
        yield { key, sizeBytes: Size, storageClass, ...restoreOf(RestoreStatus) };
    }
    token = page.IsTruncated ? page.NextContinuationToken : undefined;
    if (page.IsTruncated && !isNew(token)) throw endlessListing(bucket, 'listing');
  } while (token !== undefined);
}
