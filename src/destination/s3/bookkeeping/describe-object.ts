import type { Evidence } from '../../../media.ts';
import { describedClaimOf } from '../../description.ts';
import type { ContentFacts } from '../../destination.ts';
import { head } from '../objects.ts';
import { descriptionIn, readAnyRecord, writeRecord, type RecordPlace } from './records.ts';

/**
 * Writes what is known of an object's claim into its record, unless the archive says so already.
 * The metadata of the object cannot change. `content` is what the archive stores at the key.
 */
export async function describeObject(
  place: RecordPlace,
  { key, ...content }: ContentFacts & { readonly key: string },
  evidence: Evidence,
): Promise<void> {
  const { bucket } = place;
  const [found, record] = await Promise.all([head(bucket, key), readAnyRecord(bucket, key)]);
  // We do not trust an object whose record is damaged, so its record stays as it is.
  if (!found || record === 'unreadable') return;
  const description = descriptionIn(key, found, record);
  if (!description || isSame(description.evidence, evidence)) return;
  const objectClaim = found.description ? describedClaimOf(found.description) : null;
  const verdictOnly = { etag: '', sizeBytes: content.sizeBytes, crc32: content.crc32, verified: false, verdictOnly: true };
  const facts = record && !record.verdictOnly ? record : verdictOnly;
  await writeRecord(place, { ...description, evidence }, { ...facts, objectClaim });
}

/** The part size is no reason to write a record, because `verify` can find it again. */
function isSame(before: Evidence | undefined, now: Evidence): boolean {
  if ((before?.claim ?? null) !== now.claim) return false;
  return now.claim === null || before?.proof === now.proof;
}
