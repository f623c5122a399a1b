import { createHash } from 'node:crypto';
import type { ListingState } from '../tracker.ts';
import { putFenced, updateFenced } from './fence.ts';
import { listingKey } from './keys.ts';
import { expiry, getItem, queryRows, rowKey, type Partition } from './table.ts';

/**
 * A medium that did not change is not written. Instead, each page of a listing writes one row with
 * the ids of its media, under the id of the run. These rows survive a change of process between
 * pages. A page of unchanged media costs one read and one write.
 */

/** The rows of a listing expire after this many days. No listing takes as long. */
const seenDays = 7;

const seenPrefix = (runId: string): string => `RUN#seen#${encodeURIComponent(runId)}#`;

export async function saveSeenPage(partition: Partition, runId: string, ids: readonly string[]): Promise<void> {
  const name = createHash('sha256').update(JSON.stringify(ids)).digest('hex').slice(0, 32);
  const key = rowKey(partition, `${seenPrefix(runId)}${name}`);
  await putFenced(partition, { ...key, ids, expires_at: expiry(partition, seenDays) });
}

export async function readSeen(partition: Partition, runId: string): Promise<ReadonlySet<string>> {
  const rows = await queryRows(partition, { partition: partition.name, prefix: seenPrefix(runId) });
  return new Set(rows.flatMap((row) => row['ids']?.L ?? []).map((id) => id.S!));
}

export async function listingState(partition: Partition, account: string): Promise<ListingState> {
  const state = await getItem(partition, rowKey(partition, listingKey(account)));
  return { lastFullAt: state?.['last_full_at']?.S ?? null, listed: Number(state?.['listed']?.N ?? 0) };
}

export async function saveListing(partition: Partition, account: string, { lastFullAt, listed }: ListingState): Promise<void> {
  await updateFenced(partition, rowKey(partition, listingKey(account)), { listed, last_full_at: lastFullAt });
}
