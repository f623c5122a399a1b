import { z } from 'zod';
import { decodeDescription, encodeDescription } from '../description.ts';
import type { DescribedFile, FileDescription } from '../destination.ts';
import { ownFolder, readSmall, writeSmall } from './archive-id.ts';
import type { Bucket } from './bucket.ts';
import { listKeys, type Found } from './objects.ts';

/**
 * Facts about an object that the store does not show: its CRC32, if HEAD shows none, and whether
 * the object is damaged although the store reported success. A record counts only while the object
 * has the record's entity tag.
 */
const recordSchema = z.object({
  etag: z.string(),
  /** The size and CRC32 of the bytes that were sent. */
  sizeBytes: z.number(),
  crc32: z.number(),
  /**
   * true if the stored bytes equal the sent bytes. false if the bytes differ; then the object does
   * not count.
   */
  verified: z.boolean(),
  /**
   * Used if the object itself has no description, because the object was there, with the same
   * bytes, before our upload.
   */
  description: z.record(z.string(), z.string()),
});
type ObjectRecord = z.infer<typeof recordSchema>;

const recordsFolder = `${ownFolder}records/`;

/** Returns the record of the object at `key`, if the record has this entity tag. */
export async function readRecord(bucket: Bucket, key: string, etag: string): Promise<ObjectRecord | undefined> {
  const text = await readSmall(bucket, recordKey(key));
  if (text === undefined) return undefined;
  try {
    const record = recordSchema.parse(JSON.parse(text));
    return record.etag === etag ? record : undefined;
  } catch {
    // The record itself is damaged, so we do not trust the object that it describes.
    return { etag, sizeBytes: 0, crc32: 0, verified: false, description: {} };
  }
}

/** Returns the file that a record describes, although the object itself is gone. */
export async function readAbsent(bucket: Bucket, key: string): Promise<DescribedFile | undefined> {
  const text = await readSmall(bucket, recordKey(key));
  const record = recordSchema.safeParse(text === undefined ? undefined : parseJson(text));
  if (!record.success || !record.data.verified) return undefined;
  const { sizeBytes, crc32, description } = record.data;
  return { key, sizeBytes, crc32, description: decodeDescription(description, key) };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export async function writeRecord(
  bucket: Bucket,
  file: FileDescription,
  facts: Omit<ObjectRecord, 'description'>,
): Promise<void> {
  const record: ObjectRecord = { ...facts, description: encodeDescription(file) };
  await writeSmall(bucket, recordKey(file.original.key), `${JSON.stringify(record)}\n`);
}

/** Combines an object from HEAD with our record of it. A damaged object has no description. */
export function withRecord(key: string, found: Found, record: ObjectRecord | undefined): DescribedFile {
  const { sizeBytes, crc32 } = found;
  if (record?.verified === false) return { key, sizeBytes, crc32, description: undefined };
  const description = found.description ?? (record && decodeDescription(record.description, key));
  return { key, sizeBytes, crc32: crc32 ?? record?.crc32 ?? null, description };
}

/** Returns the keys of the objects that have a record. */
export async function recordedKeys(bucket: Bucket): Promise<Set<string>> {
  const keys = new Set<string>();
  for await (const key of listKeys(bucket, recordsFolder)) keys.add(key.slice(recordsFolder.length, -'.json'.length));
  return keys;
}

function recordKey(key: string): string {
  return `${recordsFolder}${key}.json`;
}
