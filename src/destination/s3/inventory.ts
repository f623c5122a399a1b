import type { DescribedFile, StoredFile } from '../destination.ts';
import type { Bucket } from './bucket.ts';
import { refusalOf } from './errors.ts';
import { head, listKeys, readThrough } from './objects.ts';
import { readRecord, recordedKeys, withRecord } from './records.ts';

const headsInFlight = 32;

/**
 * Returns the file at `key`, as HEAD shows it. If HEAD shows no checksum, the checksum comes from
 * our record. With `deep` the size and the checksum come from the stored bytes.
 */
export async function statFile(
  bucket: Bucket,
  key: string,
  options: { readonly deep?: boolean; readonly signal?: AbortSignal } = {},
): Promise<StoredFile | undefined> {
  if (options.deep) {
    try {
      return await readThrough(bucket, key, options.signal);
    } catch (error) {
      if (refusalOf(error)?.code !== 'InvalidObjectState') throw error;
      bucket.onWarning?.(
        `${bucket.location}/${key} is in an archive class and cannot be read; the store's own checksum was used instead`,
      );
    }
  }
  const found = await head(bucket, key, options.signal);
  if (!found) return undefined;
  const record = found.crc32 === null ? await readRecord(bucket, key, found.etag) : undefined;
  const { sizeBytes, crc32 } = withRecord(key, found, record);
  return { key, sizeBytes, crc32 };
}

/**
 * Yields every archived file that has a description, except files whose record says that they are
 * damaged.
 */
export async function* listFiles(bucket: Bucket): AsyncGenerator<DescribedFile> {
  const recorded = await recordedKeys(bucket);
  for await (const file of inFlight(listKeys(bucket), (key) => describe(bucket, key, recorded.has(key)))) {
    if (file) yield file;
  }
}

async function describe(bucket: Bucket, key: string, hasRecord: boolean): Promise<DescribedFile | undefined> {
  const found = await head(bucket, key);
  if (!found) return undefined;
  const file = withRecord(key, found, hasRecord ? await readRecord(bucket, key, found.etag) : undefined);
  return file.description && file;
}

/** Yields the keys that are not in `known`, from one pass over the listing. */
export async function* unknownKeys(bucket: Bucket, known: ReadonlySet<string>): AsyncGenerator<string> {
  for await (const key of listKeys(bucket)) if (!known.has(key)) yield key;
}

/**
 * Yields the result of `work` for each item, in the order of the items. Up to `headsInFlight` calls
 * of `work` run at the same time.
 */
async function* inFlight<Item, Result>(
  items: AsyncIterable<Item>,
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<Result> {
  const line: Promise<Result>[] = [];
  for await (const item of items) {
    const result = work(item);
    result.catch(() => {}); // this promise is awaited in its turn, or never
    line.push(result);
    if (line.length >= headsInFlight) yield await line.shift()!;
  }
  for (const result of line) yield await result;
}
