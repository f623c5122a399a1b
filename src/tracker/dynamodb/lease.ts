import { GetItemCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { decodeLease, encodeLease, timedLease } from '../../destination/lease-record.ts';
import { isSameLease, type LeaseCell, type LeaseReading, type LeaseRecord } from '../../lease.ts';
import { noteReplyTime } from '../../lib/reply-date.ts';
import type { Provider } from '../../media.ts';
import { asTrackerError } from './errors.ts';
import type { Key } from './keys.ts';
import { getItem, keyItem, putRow, type Table } from './table.ts';
import type { Item } from './values.ts';

/**
 * The run lease: one row with the record as JSON. `owner` and `fence` repeat parts of the record
 * for a person who looks at the table. The row never expires.
 */

/** The sort key of the row. */
export const leaseKey = 'LEASE#run';

/**
 * The end that every lease gets, for version 0.1 only. Version 0.1 takes over such a lease only if
 * AWS says that the execution of the holder has ended. Version 0.1 then writes a different end.
 */
const neverEnds = 9_999_999_999_999;

export function leaseCell(table: Table, key: Key): LeaseCell {
  return {
    read: async () => readLease(table, key),
    replace: async (before, after) => {
      const row = await getItem(table, key);
      const record = encodeLease(after);
      // A record with this token and number of renewals was written by an earlier call.
      if (row?.['record']?.S === record) return true;
      if (!isSameLease(leaseRecord(row), before)) return false;
      // The whole row is replaced, which also removes the expiry time that an earlier version set.
      const expected = { owner: row?.['owner'], record: row?.['record'], until_ms: row?.['until_ms'] };
      const { owner, fence } = after;
      if (await putRow(table, { ...key, owner, fence, record, until_ms: neverEnds }, expected)) return true;
      // The SDK repeats a request whose reply was lost. The second request finds the first one's
      // row.
      return (await getItem(table, key))?.['record']?.S === record;
    },
  };
}

/** Decodes the row of the lease. Undefined if nobody ever took the lease. */
export function leaseRecord(row: Item | undefined): LeaseRecord | undefined {
  const owner = row?.['owner']?.S;
  if (owner === undefined) return undefined;
  const untilMs = Number(row!['until_ms']?.N ?? 0);
  const record = untilMs === neverEnds ? decodeLease(row!['record']?.S ?? '') : timedRecord(owner, untilMs);
  // The row's fence counts even if the record is unreadable or version 0.1 took over the lease.
  return { ...record, fence: Math.max(record.fence, Number(row!['fence']?.N ?? 0)) };
}

/** Version 0.1 renewed a lease by a later end. The end for an execution was its time-out. */
function timedRecord(owner: string, untilMs: number): LeaseRecord {
  const deadline = owner.startsWith('arn:') ? new Date(untilMs).toISOString() : null;
  return timedLease({ owner, token: owner, untilMs, deadline });
}

async function readLease({ client, tableName }: Table, key: Key): Promise<LeaseReading> {
  const command = new GetItemCommand({ TableName: tableName, Key: keyItem(key), ConsistentRead: true });
  const replyTime = noteReplyTime(command);
  const { Item } = await client.send(command);
  return { record: leaseRecord(Item), storeTimeMs: replyTime() };
}

/** The lease of the run that works now. Undefined if no run has it. Errors: TRACKER_UNUSABLE. */
export async function currentLease(
  client: DynamoDBClient,
  { table, provider }: { readonly table: string; readonly provider: Provider },
): Promise<LeaseRecord | undefined> {
  const { record } = await readLease({ client, tableName: table }, { provider, media_id: leaseKey }).catch((error: unknown) => {
    throw asTrackerError(error, table);
  });
  return record?.released ? undefined : record;
}
