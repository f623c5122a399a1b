import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { isoTime } from '../../lib/clock.ts';
import type { Provider } from '../../media.ts';
import type { Lease } from '../ledger/store.ts';
import { asTrackerError } from './errors.ts';
import { expiry, getItem, pauseBefore, removeRow, rowKey, updateRow, type Partition } from './table.ts';
import type { Item } from './values.ts';

/** The run lease. It is one row, which is written only if it has not changed since it was read. */

const leaseDays = 30;

const leaseKey = 'LEASE#run';

export async function changeLease<Answer>(
  partition: Partition,
  decide: (lease: Lease | undefined) => { readonly lease: Lease | undefined; readonly answer: Answer },
): Promise<Answer> {
  const key = rowKey(partition, leaseKey);
  for (let tries = 0; ; tries += 1) {
    await pauseBefore(tries, partition.tableName);
    const row = await getItem(partition, key);
    const before = toLease(row);
    const { lease, answer } = decide(before);
    if (lease === before) return answer;
    // All workers of a run renew the same lease, so a renewal does not compare the time of its end.
    const isRenewal = before !== undefined && before.owner === lease?.owner;
    const expected = { owner: row?.['owner'], ...(before && !isRenewal && { until_ms: row?.['until_ms'] }) };
    const isDone = lease
      ? await updateRow(partition, key, attributesOf(partition, lease), expected)
      : await removeRow(partition, key, expected);
    if (isDone) return answer;
  }
}

function toLease(row: Item | undefined): Lease | undefined {
  const owner = row?.['owner']?.S;
  return owner === undefined ? undefined : { owner, untilMs: Number(row!['until_ms']?.N) };
}

function attributesOf(partition: Partition, { owner, untilMs }: Lease) {
  return { owner, until_ms: untilMs, expires_at: expiry(partition, leaseDays) };
}

export interface CurrentLease {
  /** The `owner` that was given to `acquireRunLease`. */
  readonly holder: string;
  /** ISO 8601. */
  readonly until: string;
}

/** Returns the run lease that is valid at `nowMs`, or undefined. Errors: TRACKER_UNUSABLE. */
export async function currentLease(
  client: DynamoDBClient,
  { table, provider, nowMs }: { readonly table: string; readonly provider: Provider; readonly nowMs: number },
): Promise<CurrentLease | undefined> {
  const row = await getItem({ client, tableName: table }, { provider, media_id: leaseKey }).catch((error: unknown) => {
    throw asTrackerError(error, table);
  });
  const lease = toLease(row);
  return lease && lease.untilMs > nowMs ? { holder: lease.owner, until: isoTime(lease.untilMs) } : undefined;
}
