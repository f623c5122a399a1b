import {
  ConditionalCheckFailedException,
  DeleteItemCommand,
  UpdateItemCommand,
  type DeleteItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import type { Lease } from '../ledger/store.ts';
import { expiry, rowKey, type Partition } from './partition.ts';
import { getItem, keyItem, pauseBefore } from './table.ts';
import { toItem } from './values.ts';

/** The run lease: one row, written only if it is as it was read. */

const leaseDays = 30;

export const leaseKey = 'LEASE#run';

export async function changeLease<Answer>(
  partition: Partition,
  decide: (lease: Lease | undefined) => { readonly lease: Lease | undefined; readonly answer: Answer },
): Promise<Answer> {
  for (let tries = 0; ; tries += 1) {
    await pauseBefore(tries, partition.table.name);
    const before = await readLease(partition);
    const { lease, answer } = decide(before);
    if (lease === before || (await replaceLease(partition, before, lease))) return answer;
  }
}

async function readLease(partition: Partition): Promise<Lease | undefined> {
  const item = await getItem(partition.table, rowKey(partition, leaseKey));
  const owner = item?.['owner']?.S;
  return owner === undefined ? undefined : { owner, untilMs: Number(item!['until_ms']?.N) };
}

/** False when somebody else changed it. */
async function replaceLease(partition: Partition, before: Lease | undefined, after: Lease | undefined): Promise<boolean> {
  const values = before && { ':owner': before.owner, ':until': before.untilMs };
  const condition: DeleteItemCommandInput = {
    TableName: partition.table.name,
    Key: keyItem(rowKey(partition, leaseKey)),
    ConditionExpression: before ? '#owner = :owner AND until_ms = :until' : 'attribute_not_exists(#owner)',
    ExpressionAttributeNames: { '#owner': 'owner' },
  };
  const { client } = partition.table;
  try {
    if (!after) {
      await client.send(new DeleteItemCommand({ ...condition, ExpressionAttributeValues: toItem({ ...values }) }));
      return true;
    }
    const next = { ':next': after.owner, ':nextUntil': after.untilMs, ':expires': expiry(partition, leaseDays) };
    const write = new UpdateItemCommand({
      ...condition,
      UpdateExpression: 'SET #owner = :next, until_ms = :nextUntil, expires_at = :expires',
      ExpressionAttributeValues: toItem({ ...values, ...next }),
    });
    await client.send(write);
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw error;
  }
}
