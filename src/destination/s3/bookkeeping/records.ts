import { z } from 'zod';
import { decodeDescription, describedClaimOf, encodeDescription } from '../../description.ts';
import type { ContentFacts, DescribedFile, FileDescription } from '../../destination.ts';
import type { Evidence } from '../../../media.ts';
import { noClaim } from '../../../proof/claim.ts';
import type { Bucket } from '../bucket.ts';
import type { Capabilities } from '../probe/capabilities.ts';
import { isSameTag } from '../entity-tag.ts';
import { listKeys, type Found } from '../objects.ts';
import { ownFolder, readSmall, writeSmall } from './small-objects.ts';

/**
 * What was sent to a key, if the store itself does not prove which bytes it holds, or if the claim
 * of the bytes is not proven. A record is written before its object is published, and again after
 * the object was read back. A record without an object is harmless.
 */
const recordSchema = z.object({
  /** The entity tag of the object that was read back. Empty before that. */
  etag: z.string(),
  /** The size and CRC32 of the bytes that were sent. */
  sizeBytes: z.number(),
  crc32: z.number(),
  /** Whether the stored bytes were read back and equal the sent bytes. */
  verified: z.boolean(),
  /** Used if the object itself has no description, because it was stored before our upload. */
  description: z.record(z.string(), z.string()),
  /** True if the record only states the proof, because the store itself proves the bytes. */
  verdictOnly: z.boolean().optional(),
  /**
   * The claim in the metadata of the object that the record is about, or null. Absent if it is the
   * claim in `description`.
   */
  objectClaim: z.string().nullable().optional(),
});
type ObjectRecord = z.infer<typeof recordSchema>;

/**
 * What a record says about the object at its key. `verified`: the object has the bytes that were
 * sent. `copied`: the object is a copy of one that was verified. `spoilt`: the object differs from
 * what was sent, so it does not count. `unproven`: nobody has compared its bytes.
 */
export type Verdict = 'verified' | 'copied' | 'spoilt' | 'unproven';

const recordsFolder = `${ownFolder}records/`;

/** Returns the record of the bytes at a key. */
export async function readRecord(bucket: Bucket, key: string): Promise<ObjectRecord | 'unreadable' | undefined> {
  const record = await readAnyRecord(bucket, key);
  return record === 'unreadable' || !record?.verdictOnly ? record : undefined;
}

/** Returns the record of a key, also if it only states the proof. */
export async function readAnyRecord(bucket: Bucket, key: string): Promise<ObjectRecord | 'unreadable' | undefined> {
  const text = await readSmall(bucket, recordKey(key));
  if (text === undefined) return undefined;
  try {
    return recordSchema.parse(JSON.parse(text));
  } catch {
    return 'unreadable';
  }
}

/** Returns the file that a record describes, although the object itself is gone. */
export async function readAbsent(bucket: Bucket, key: string): Promise<DescribedFile | undefined> {
  const record = await readRecord(bucket, key);
  if (record === undefined || record === 'unreadable' || !record.verified) return undefined;
  const { sizeBytes, crc32, description } = record;
  return { key, sizeBytes, crc32, description: decodeDescription(description, key) };
}

/** We do not trust an object whose record is damaged. */
export function verdictOf(record: ObjectRecord | 'unreadable', etag: string): Verdict {
  if (record === 'unreadable') return 'spoilt';
  // A copy in another store can have another entity tag.
  const isSame = isSameTag(record.etag, etag);
  if (record.verified) return isSame ? 'verified' : 'copied';
  return isSame ? 'spoilt' : 'unproven';
}

/** Where a record is written, and what the store can do. */
export interface RecordPlace {
  readonly bucket: Bucket;
  readonly capabilities: Capabilities;
}

export async function writeRecord(
  { bucket, capabilities }: RecordPlace,
  file: FileDescription,
  { objectClaim, ...facts }: Omit<ObjectRecord, 'description'> & Required<Pick<ObjectRecord, 'objectClaim'>>,
): Promise<void> {
  const hasOtherClaim = objectClaim !== describedClaimOf(file);
  const record: ObjectRecord = { ...facts, ...(hasOtherClaim && { objectClaim }), description: encodeDescription(file) };
  const { headerChecksum } = await capabilities.puts();
  await writeSmall(bucket, { key: recordKey(file.original.key), text: `${JSON.stringify(record)}\n` }, headerChecksum);
}

/**
 * Records the size, the checksum and the proof of a file before the file is published. If the store
 * proves the bytes (`provesBytes`), the record only states the proof.
 */
export async function writeIntendedRecord(
  place: RecordPlace,
  file: FileDescription,
  { provesBytes, ...content }: ContentFacts & { readonly provesBytes: boolean; readonly objectClaim: string | null },
): Promise<void> {
  const facts = { ...content, etag: '', verified: false };
  await writeRecord(place, file, provesBytes ? { ...facts, verdictOnly: true } : facts);
}

/**
 * Whether the claim and the proof of a file go to a record. An object without a record says that
 * the claim in its metadata (`objectClaim`) is proven.
 */
export function needsVerdict(file: FileDescription, objectClaim: string | null): boolean {
  const claim = describedClaimOf(file);
  if (claim !== objectClaim) return true;
  return claim !== null && claim !== noClaim && file.evidence?.proof !== 'proven';
}

/**
 * Returns the description of an object, from the object itself or from its record. The record has
 * the proof of the object's claim.
 */
export function descriptionIn(key: string, found: Found, record: ObjectRecord | undefined): FileDescription | undefined {
  const recorded = record && decodeDescription(record.description, key);
  if (!found.description) return recorded;
  const { evidence: claimed, ...description } = found.description;
  const evidence = recorded && isAbout(record, recorded, found) ? recorded.evidence : withoutVerdict(claimed, record);
  return { ...description, ...(evidence && { evidence }) };
}

/**
 * Whether the verdict in a record is about this object. The record may be left from an earlier
 * upload to the same key, which had other bytes or another claim in its metadata.
 */
function isAbout({ crc32, objectClaim }: ObjectRecord, recorded: FileDescription, found: Found): boolean {
  const claim = objectClaim === undefined ? describedClaimOf(recorded) : objectClaim;
  const hasSameBytes = found.crc32 === null || found.crc32 === crc32;
  return hasSameBytes && found.description !== undefined && claim === describedClaimOf(found.description);
}

/** A version that knows no claims may have replaced a record and its proof. */
function withoutVerdict(claimed: Evidence | undefined, record: ObjectRecord | undefined): Evidence | undefined {
  const isUnknown = record && !record.verdictOnly && claimed && claimed.claim !== noClaim;
  return isUnknown ? { ...claimed, proof: 'unchecked' } : claimed;
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
