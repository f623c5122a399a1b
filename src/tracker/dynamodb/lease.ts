import {
  ConditionalCheckFailedException,
  DeleteItemCommand,
  UpdateItemCommand,
  type UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import type { Ledger } from './ledger.ts';
import { expiry } from './run-records.ts';
import { keyItem, pauseBefore } from './store.ts';
import { toItem, type Item } from './values.ts';

type LeaseAnswer = { readonly granted: true } | { readonly granted: false; readonly holder: string };

/** The run lease: one row, written only by conditions on its owner and its end. */
export function createLease(ledger: Ledger) {
  const { client, table } = ledger.store;
  const Key = keyItem(ledger.at('LEASE#run'));
  const names = { '#owner': 'owner' };

  /** Takes or extends the lease under a condition; the row as it stands when that does not hold. */
  async function write(owner: string, ttlMs: number, ConditionExpression: string, values: Item): Promise<Item | 'written'> {
    const request: UpdateItemCommandInput = {
      TableName: table,
      Key,
      UpdateExpression: 'SET #owner = :owner, until_ms = :until, expires_at = :expires',
      ConditionExpression,
      ExpressionAttributeNames: names,
      ExpressionAttributeValues: {
        ...values,
        ...toItem({ ':owner': owner, ':until': ledger.nowMs() + ttlMs, ':expires': expiry(ledger, 30) }),
      },
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    };
    try {
      await client.send(new UpdateItemCommand(request));
      return 'written';
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return error.Item ?? {};
      throw error;
    }
  }

  /** Takes the lease if it is free, ours, expired, or held by `dead`. */
  async function take(owner: string, ttlMs: number, dead: string): Promise<LeaseAnswer> {
    const free = 'attribute_not_exists(#owner) OR #owner = :owner OR #owner = :dead OR until_ms <= :now';
    for (let tries = 0; ; tries += 1) {
      await pauseBefore(tries, table);
      const standing = await write(owner, ttlMs, free, toItem({ ':dead': dead, ':now': ledger.nowMs() }));
      if (standing === 'written') return { granted: true };
      const holder = standing['owner']?.S;
      if (holder !== undefined) return { granted: false, holder };
    }
  }

  return {
    acquireRunLease: async (owner: string, ttlMs: number, isDead: (holder: string) => Promise<boolean>): Promise<LeaseAnswer> => {
      // While we ask whether one holder lives, another contender may take over; then we ask about that one.
      for (let dead = owner; ;) {
        const answer = await take(owner, ttlMs, dead);
        if (answer.granted || !(await isDead(answer.holder))) return answer;
        dead = answer.holder;
      }
    },

    renewRunLease: async (owner: string, ttlMs: number): Promise<boolean> =>
      (await write(owner, ttlMs, '#owner = :owner', {})) === 'written',

    releaseRunLease: async (owner: string): Promise<void> => {
      const release = new DeleteItemCommand({
        TableName: table,
        Key,
        ConditionExpression: '#owner = :owner',
        ExpressionAttributeNames: names,
        ExpressionAttributeValues: toItem({ ':owner': owner }),
      });
      await client.send(release).catch((error: unknown) => {
        if (!(error instanceof ConditionalCheckFailedException)) throw error;
      });
    },
  };
}
