import { SyncError } from '../../../errors.ts';
import { inFlight } from '../../../lib/in-flight.ts';
import type { Keys, ListedFile, ListOptions, ReadingTerms, StatOptions, StoredFile } from '../../destination.ts';
import type { Bucket } from '../bucket.ts';
import { refusalOf } from '../errors.ts';
import { head, listKeys, listObjects, readThrough, type Found } from '../objects.ts';
import { archiveClasses, pricesOf, readingUsd } from '../prices.ts';
import { descriptionIn, readAbsent, readAnyRecord, readRecord, recordedKeys, verdictOf } from './records.ts';

export const headsInFlight = 32;

/**
 * Returns the file at `key`, as HEAD shows it. If HEAD shows no checksum, the checksum comes from
 * our record. With `deep` the size and the checksum come from the stored bytes. Errors: UNREADABLE
 * if the object is in an archive class.
 */
export async function statFile(bucket: Bucket, key: string, options: StatOptions = {}): Promise<StoredFile | undefined> {
  if (options.deep) {
    return readThrough(bucket, key, options).catch((error: unknown) => {
      if (!isInArchiveClass(error)) throw error;
      throw new SyncError('UNREADABLE', `${bucket.location}/${key} is in an archive class and cannot be read`, {
        cause: refusalOf(error),
        hint: 'Thaw it with `cloud-sync thaw`, or wait until the store has thawed it.',
      });
    });
  }
  const found = await head(bucket, key, options.signal);
  if (!found) return undefined;
  const { sizeBytes, etag } = found;
  return { key, sizeBytes, crc32: found.crc32 ?? (await recordedCrc32(bucket, key, found)), etag };
}

function isInArchiveClass(error: unknown): boolean {
  return refusalOf(error)?.code === 'InvalidObjectState';
}

/**
 * Reads the storage classes of all objects from one pass over the listing. An object in an archive
 * class can be read only while it is thawed.
 */
export async function readingTerms(bucket: Bucket): Promise<ReadingTerms> {
  // Most objects are in the default class, so only the other ones need memory.
  const others = new Map<string, string>();
  const frozen = new Set<string>();
  for await (const { key, storageClass, restore } of listObjects(bucket, '', { showsRestores: true })) {
    if (storageClass !== 'STANDARD') others.set(key, storageClass);
    if (archiveClasses.has(storageClass) && restore !== 'done') frozen.add(key);
  }
  return {
    prices: pricesOf,
    isReadable: (key) => !frozen.has(key),
    usd: ({ key, sizeBytes }) => readingUsd(others.get(key) ?? 'STANDARD', sizeBytes),
  };
}

/**
 * Yields every archived file that has a description, except files whose record says that they are
 * damaged. A file that is gone is listed from its record.
 */
export async function* listFiles(bucket: Bucket, { except, onUnreadable }: ListOptions = {}): AsyncGenerator<ListedFile> {
  const recorded = await recordedKeys(bucket);
  const absent = new Set(recorded);
  const wanted = wantedKeys(bucket, except, (key) => absent.delete(key));
  const describeOne = async (key: string) =>
    describe(bucket, key, recorded.has(key)).catch((error: unknown) => {
      if (!onUnreadable || !(error instanceof SyncError) || error.decision === 'stop') throw error;
      onUnreadable(key, error);
      return undefined;
    });
  for await (const file of inFlight(wanted, headsInFlight, describeOne)) {
    if (file) yield file;
  }
  const lost = [...absent].filter((key) => !except?.has(key));
  for await (const file of inFlight(lost, headsInFlight, (key) => readAbsent(bucket, key))) {
    if (file) yield { ...file, presentBytes: null };
  }
}

async function* wantedKeys(bucket: Bucket, except: Keys | undefined, onKey: (key: string) => void): AsyncGenerator<string> {
  for await (const key of listKeys(bucket)) {
    onKey(key);
    if (!except?.has(key)) yield key;
  }
}

async function describe(bucket: Bucket, key: string, hasRecord: boolean): Promise<ListedFile | undefined> {
  const found = await head(bucket, key);
  if (!found) return undefined;
  const presentBytes = found.sizeBytes;
  const record = hasRecord ? await readAnyRecord(bucket, key) : undefined;
  // A store that spoils a record may have spoilt its object, too.
  if (record === 'unreadable') return undefined;
  const description = descriptionIn(key, found, record);
  if (record === undefined || record.verdictOnly)
    return found.description && { key, sizeBytes: presentBytes, crc32: found.crc32, description, presentBytes };
  const verdict = verdictOf(record, found.etag);
  if (verdict === 'spoilt') return undefined;
  // The run that stored the file was killed before it compared the bytes. They are compared here.
  if (verdict === 'unproven' && !(await hasBytes(bucket, key, record.crc32))) return undefined;
  return description && { key, sizeBytes: record.sizeBytes, crc32: record.crc32, description, presentBytes };
}

/** Whether the stored bytes have this checksum. False if the object is in an archive class. */
async function hasBytes(bucket: Bucket, key: string, crc32: number): Promise<boolean> {
  try {
    return (await readThrough(bucket, key))?.crc32 === crc32;
  } catch (error) {
    if (isInArchiveClass(error)) return false;
    throw error;
  }
}

/** Returns the checksum that a record states for exactly this object, or null. */
async function recordedCrc32(bucket: Bucket, key: string, { etag }: Found): Promise<number | null> {
  const record = await readRecord(bucket, key);
  return record && record !== 'unreadable' && verdictOf(record, etag) === 'verified' ? record.crc32 : null;
}

/** Yields the keys that are not in `known`, from one pass over the listing. */
export async function* unknownKeys(bucket: Bucket, known: ReadonlySet<string>): AsyncGenerator<string> {
  for await (const key of listKeys(bucket)) if (!known.has(key)) yield key;
}
