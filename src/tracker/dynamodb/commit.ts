import { randomBytes } from 'node:crypto';
import {
  ConditionalCheckFailedException,
  PutItemCommand,
  TransactionCanceledException,
  TransactWriteItemsCommand,
  type TransactWriteItem,
} from '@aws-sdk/client-dynamodb';
import type { Key } from './keys.ts';
import { expecting, keyItem, pauseBefore, type Table } from './table.ts';
import type { Item } from './values.ts';

/** A row before and after a change. Undefined means that the row does not exist. */
export interface Change {
  readonly key: Key;
  readonly before: Item | undefined;
  readonly after: Item | undefined;
}

/** The limits of one transaction. The second limit is a bit lower than DynamoDB's own limit. */
const maxWrittenAtOnce = 100;
const maxBytesAtOnce = 3_500_000;

/**
 * Returns false if another writer changed a row. If there are several transactions, earlier ones
 * may already be written.
 */
export async function commit(table: Table, changes: readonly Change[]): Promise<boolean> {
  const [only] = changes;
  if (!only) return true;
  if (changes.length === 1 && only.after) return putOne(table, only.before, only.after);
  for (const together of transactions(changes)) {
    if (!(await writeTogether(table, together))) return false;
  }
  return true;
}

async function putOne({ client, tableName }: Table, before: Item | undefined, after: Item): Promise<boolean> {
  const Item = locked(after);
  const request = {
    TableName: tableName,
    Item,
    ...unchangedSince(before),
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  } as const;
  try {
    await client.send(new PutItemCommand(request));
    return true;
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
    // The SDK repeats a request whose reply was lost. The second request then finds the row that
    // the first request wrote.
    return error.Item?.['lock']?.S === Item['lock']!.S;
  }
}

async function writeTogether({ client, tableName }: Table, changes: readonly Change[]): Promise<boolean> {
  const TransactItems = changes.map(({ key, before, after }): TransactWriteItem =>
    after
      ? { Put: { TableName: tableName, Item: locked(after), ...unchangedSince(before) } }
      : { Delete: { TableName: tableName, Key: keyItem(key), ...unchangedSince(before) } },
  );
  for (let tries = 0; ; tries += 1) {
    await pauseBefore(tries, tableName);
    try {
      await client.send(new TransactWriteItemsCommand({ TransactItems }));
      return true;
    } catch (error) {
      if (!(error instanceof TransactionCanceledException)) throw error;
      const codes = new Set(error.CancellationReasons?.map((reason) => reason.Code));
      if (codes.has('ConditionalCheckFailed')) return false;
      const passes = ['TransactionConflict', 'ThrottlingError', 'ProvisionedThroughputExceeded'].some((code) => codes.has(code));
      if (!passes) throw error;
    }
  }
}

/** Every write sets a new lock. */
function locked(item: Item): Item {
  return { ...item, lock: { S: randomBytes(9).toString('base64url') } };
}

/**
 * The condition that a row is still as it was read. Writers of this store always change the lock.
 * Originals also compare owner and attempt, because another writer, such as a workflow's own
 * update, may take over a claim without a new lock.
 */
function unchangedSince(before: Item | undefined) {
  if (!before) return expecting({ media_id: undefined });
  const { lock, owner, attempt } = before;
  return expecting({ lock, ...(attempt && { owner, attempt }) });
}

function transactions(changes: readonly Change[]): Change[][] {
  const all: Change[][] = [];
  let bytes = 0;
  for (const change of changes) {
    const size = JSON.stringify(change.after ?? change.key).length;
    const last = all.at(-1);
    bytes += size;
    if (last && last.length < maxWrittenAtOnce && bytes <= maxBytesAtOnce) {
      last.push(change);
    } else {
      all.push([change]);
      bytes = size;
    }
  }
  return all;
}
