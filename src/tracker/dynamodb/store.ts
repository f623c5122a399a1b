import { setTimeout as delay } from 'node:timers/promises';
import {
  BatchGetItemCommand,
  BatchWriteItemCommand,
  GetItemCommand,
  QueryCommand,
  type BatchGetItemCommandInput,
  type BatchGetItemCommandOutput,
  type BatchWriteItemCommandInput,
  type DynamoDBClient,
  type QueryCommandInput,
} from '@aws-sdk/client-dynamodb';
import { SyncError } from '../../errors.ts';
import { backoffMs } from '../../lib/retry.ts';
import type { Key } from './keys.ts';
import { toItem, type Item } from './values.ts';

/** One table and the ways to read it. Reads are consistent, except those of the index. */
export interface Store {
  readonly client: DynamoDBClient;
  readonly table: string;
  get(key: Key): Promise<Item | undefined>;
  /** Those that exist, in any order. */
  getMany(keys: readonly Key[]): Promise<readonly Item[]>;
  /** Every page of a query, up to 1 MB each. */
  pages(query: Omit<QueryCommandInput, 'TableName'>): AsyncGenerator<readonly Item[]>;
  removeMany(keys: readonly Key[]): Promise<void>;
}

/** DynamoDB's limits. */
const mostReadAtOnce = 100;
const mostRemovedAtOnce = 25;

const mostTries = 12;
const waits = { firstMs: 25, maxMs: 5_000 };

export function openStore(client: DynamoDBClient, table: string): Store {
  async function getSome(keys: readonly Key[]): Promise<Item[]> {
    const found: Item[] = [];
    let wanted: Item[] | undefined = keys.map(keyItem);
    for (let tries = 0; wanted; tries += 1) {
      await pauseBefore(tries, table);
      const request: BatchGetItemCommandInput = { RequestItems: { [table]: { Keys: wanted, ConsistentRead: true } } };
      const reply: BatchGetItemCommandOutput = await client.send(new BatchGetItemCommand(request));
      found.push(...(reply.Responses?.[table] ?? []));
      wanted = reply.UnprocessedKeys?.[table]?.Keys;
    }
    return found;
  }

  async function removeSome(keys: readonly Key[]): Promise<void> {
    let unprocessed = { [table]: keys.map((key) => ({ DeleteRequest: { Key: keyItem(key) } })) } as BatchWrites | undefined;
    for (let tries = 0; unprocessed?.[table]?.length; tries += 1) {
      await pauseBefore(tries, table);
      unprocessed = (await client.send(new BatchWriteItemCommand({ RequestItems: unprocessed }))).UnprocessedItems;
    }
  }

  return {
    client,
    table,
    get: async (key) =>
      (await client.send(new GetItemCommand({ TableName: table, Key: keyItem(key), ConsistentRead: true }))).Item,
    getMany: async (keys) => (await Promise.all(chunks(keys, mostReadAtOnce).map(getSome))).flat(),
    pages: async function* (query) {
      let from: Item | undefined;
      do {
        const page = await client.send(
          new QueryCommand({
            TableName: table,
            ConsistentRead: query.IndexName === undefined,
            ...query,
            ...(from && { ExclusiveStartKey: from }),
          }),
        );
        yield page.Items ?? [];
        from = page.LastEvaluatedKey;
      } while (from);
    },
    removeMany: async (keys) => {
      for (const some of chunks(keys, mostRemovedAtOnce)) await removeSome(some);
    },
  };
}

type BatchWrites = NonNullable<BatchWriteItemCommandInput['RequestItems']>;

export function keyItem({ provider, media_id }: Key): Item {
  return toItem({ provider, media_id });
}

export function keyOf(item: Item): Key {
  return { provider: item['provider']!.S!, media_id: item['media_id']!.S! };
}

/** Waits longer, with full jitter, before each further try at what was refused for now. Errors: TRACKER_UNUSABLE after the last. */
export async function pauseBefore(tries: number, table: string): Promise<void> {
  if (tries === 0) return;
  if (tries === mostTries) {
    throw new SyncError('TRACKER_UNUSABLE', `the DynamoDB table ${table} keeps putting requests off`, {
      hint: 'Try again later, or raise the maximum that the table allows: nothing is lost.',
    });
  }
  await delay(backoffMs(tries, waits));
}

export function chunks<Member>(all: readonly Member[], size: number): Member[][] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, index) => all.slice(index * size, (index + 1) * size));
}
