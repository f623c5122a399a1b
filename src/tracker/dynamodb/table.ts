import { setTimeout as delay } from 'node:timers/promises';
import {
  BatchGetItemCommand,
  BatchWriteItemCommand,
  GetItemCommand,
  PutItemCommand,
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
import { toItem, type Item, type Values } from './values.ts';

/** A table and the ways to read it. Reads are consistent, except those of an index. */
export interface Table {
  readonly client: DynamoDBClient;
  readonly name: string;
}

/** DynamoDB's limits. */
const maxReadAtOnce = 100;
const maxRemovedAtOnce = 25;

const maxTries = 12;
const waits = { firstMs: 25, maxMs: 5_000 };

export async function getItem({ client, name }: Table, key: Key): Promise<Item | undefined> {
  return (await client.send(new GetItemCommand({ TableName: name, Key: keyItem(key), ConsistentRead: true }))).Item;
}

/** Those that exist, in any order. */
export async function getItems(table: Table, keys: readonly Key[]): Promise<readonly Item[]> {
  return (await Promise.all(chunks(keys, maxReadAtOnce).map(async (some) => getBatch(table, some)))).flat();
}

async function getBatch({ client, name }: Table, keys: readonly Key[]): Promise<Item[]> {
  const found: Item[] = [];
  let wanted: Item[] | undefined = keys.map(keyItem);
  for (let tries = 0; wanted; tries += 1) {
    await pauseBefore(tries, name);
    const request: BatchGetItemCommandInput = { RequestItems: { [name]: { Keys: wanted, ConsistentRead: true } } };
    const reply: BatchGetItemCommandOutput = await client.send(new BatchGetItemCommand(request));
    found.push(...(reply.Responses?.[name] ?? []));
    wanted = reply.UnprocessedKeys?.[name]?.Keys;
  }
  return found;
}

export interface Query {
  readonly partition: string;
  /** Sort keys that begin so, or lie between two, both included. Neither: all of the partition. */
  readonly prefix?: string;
  readonly between?: readonly [string, string];
  /** Attributes; not given: all. */
  readonly attributes?: readonly string[];
}

/** Every page of a query, up to 1 MB each. */
export function queryPages(table: Table, query: Query, options: Partial<QueryCommandInput> = {}): AsyncGenerator<Item[]> {
  const { partition, prefix, between: [from, to] = [], attributes } = query;
  const range = prefix === undefined ? 'media_id BETWEEN :from AND :to' : 'begins_with(media_id, :prefix)';
  const isWhole = prefix === undefined && from === undefined;
  const { ExpressionAttributeValues: values, ...others } = options;
  return pagesOf(table, {
    KeyConditionExpression: `#provider = :partition${isWhole ? '' : ` AND ${range}`}`,
    ...(attributes && { ProjectionExpression: attributes.map((name) => `#${name}`).join() }),
    ExpressionAttributeNames: Object.fromEntries(['provider', ...(attributes ?? [])].map((name) => [`#${name}`, name])),
    ExpressionAttributeValues: { ...toItem({ ':partition': partition, ':prefix': prefix, ':from': from, ':to': to }), ...values },
    ...others,
  });
}

export async function* pagesOf({ client, name }: Table, query: Omit<QueryCommandInput, 'TableName'>): AsyncGenerator<Item[]> {
  let from: Item | undefined;
  do {
    const request = { TableName: name, ConsistentRead: query.IndexName === undefined, ...query };
    const page = await client.send(new QueryCommand({ ...request, ...(from && { ExclusiveStartKey: from }) }));
    yield page.Items ?? [];
    from = page.LastEvaluatedKey;
  } while (from);
}

/** Writes a row whatever it was before. */
export async function putRow({ client, name }: Table, row: Values & Key): Promise<void> {
  await client.send(new PutItemCommand({ TableName: name, Item: toItem(row) }));
}

export async function removeItems(table: Table, keys: readonly Key[]): Promise<void> {
  for (const some of chunks(keys, maxRemovedAtOnce)) await removeBatch(table, some);
}

async function removeBatch({ client, name }: Table, keys: readonly Key[]): Promise<void> {
  type Writes = BatchWriteItemCommandInput['RequestItems'];
  let unprocessed: Writes = { [name]: keys.map((key) => ({ DeleteRequest: { Key: keyItem(key) } })) };
  for (let tries = 0; unprocessed?.[name]?.length; tries += 1) {
    await pauseBefore(tries, name);
    unprocessed = (await client.send(new BatchWriteItemCommand({ RequestItems: unprocessed }))).UnprocessedItems;
  }
}

export function keyItem({ provider, media_id }: Key): Item {
  return toItem({ provider, media_id });
}

export function keyOf(item: Item): Key {
  return { provider: item['provider']!.S!, media_id: item['media_id']!.S! };
}

/** Waits longer before each further try, with jitter. Errors: TRACKER_UNUSABLE after the last. */
export async function pauseBefore(tries: number, tableName: string): Promise<void> {
  if (tries === 0) return;
  if (tries === maxTries) {
    throw new SyncError('TRACKER_UNUSABLE', `the DynamoDB table ${tableName} keeps putting requests off`, {
      hint: 'Try again later, or raise the maximum that the table allows: nothing is lost.',
    });
  }
  await delay(backoffMs(tries, waits));
}

function chunks<Member>(all: readonly Member[], size: number): Member[][] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, index) => all.slice(index * size, (index + 1) * size));
}
