import { setTimeout as delay } from 'node:timers/promises';
import {
  BatchGetItemCommand,
  BatchWriteItemCommand,
  ConditionalCheckFailedException,
  DeleteItemCommand,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  UpdateItemCommand,
  type AttributeValue,
  type BatchGetItemCommandInput,
  type BatchGetItemCommandOutput,
  type BatchWriteItemCommandInput,
  type DeleteItemCommandInput,
  type DynamoDBClient,
  type QueryCommandInput,
} from '@aws-sdk/client-dynamodb';
import { SyncError } from '../../errors.ts';
import type { Clock } from '../../lib/clock.ts';
import { backoffMs } from '../../lib/retry.ts';
import type { Provider } from '../../media.ts';
import type { Key } from './keys.ts';
import { toItem, type Item, type Values } from './values.ts';

/** A table and its client. Reads are consistent, except reads of an index. */
export interface Table {
  readonly client: DynamoDBClient;
  readonly tableName: string;
}

/** The partition of a table that holds one ledger. All parts of the DynamoDB store use it. */
export interface Partition extends Table {
  readonly name: string;
  readonly provider: Provider;
  /** null if all accounts share the ledger. */
  readonly account: string | null;
  readonly clock: Clock;
  readonly fence: Fence;
}

/**
 * The fence that a tracker's writes carry. If `own` is undefined, they carry the fence of the
 * current lease.
 */
export interface Fence {
  own: number | undefined;
}

/** DynamoDB's limits. */
const maxReadAtOnce = 100;
const maxRemovedAtOnce = 25;

const maxTries = 12;
const waits = { firstMs: 25, maxMs: 5_000 };

const daySeconds = 86_400;

export function rowKey({ name }: Partition, sortKey: string): Key {
  return { provider: name, media_id: sortKey };
}

/** Returns the value of the TTL attribute of a row that expires, in seconds since 1970. */
export function expiry({ clock }: Partition, days: number): number {
  return Math.floor(clock.now() / 1000) + days * daySeconds;
}

export async function getItem({ client, tableName }: Table, key: Key): Promise<Item | undefined> {
  return (await client.send(new GetItemCommand({ TableName: tableName, Key: keyItem(key), ConsistentRead: true }))).Item;
}

/** Returns the items that exist for these keys, in any order. */
export async function getItems(table: Table, keys: readonly Key[]): Promise<readonly Item[]> {
  return (await Promise.all(chunks(keys, maxReadAtOnce).map(async (some) => getBatch(table, some)))).flat();
}

async function getBatch({ client, tableName }: Table, keys: readonly Key[]): Promise<Item[]> {
  const found: Item[] = [];
  let wanted: Item[] | undefined = keys.map(keyItem);
  for (let tries = 0; wanted; tries += 1) {
    await pauseBefore(tries, tableName);
    const request: BatchGetItemCommandInput = { RequestItems: { [tableName]: { Keys: wanted, ConsistentRead: true } } };
    const reply: BatchGetItemCommandOutput = await client.send(new BatchGetItemCommand(request));
    found.push(...(reply.Responses?.[tableName] ?? []));
    wanted = reply.UnprocessedKeys?.[tableName]?.Keys;
  }
  return found;
}

export interface Query {
  readonly partition: string;
  /** Selects the sort keys that begin with this text. */
  readonly prefix?: string;
  /** Selects the sort keys from the first text to the second, both included. */
  readonly between?: readonly [string, string];
  /** Attributes to read. Default: all. */
  readonly attributes?: readonly string[];
}

/** Yields every page of a query. A page has at most 1 MB. */
export function queryPages(table: Table, query: Query, options: Partial<QueryCommandInput> = {}): AsyncGenerator<Item[]> {
  const { partition, prefix, between: [from, to] = [], attributes } = query;
  const range = prefix === undefined ? 'media_id BETWEEN :from AND :to' : 'begins_with(media_id, :prefix)';
  const isWhole = prefix === undefined && from === undefined;
  const { ExpressionAttributeValues: values, ...others } = options;
  return pagesOf(table, {
    KeyConditionExpression: `#provider = :partition${isWhole ? '' : ` AND ${range}`}`,
    ...(attributes && { ProjectionExpression: attributes.map((name) => `#${name}`).join() }),
    ExpressionAttributeNames: namesOf(['provider', ...(attributes ?? [])]),
    ExpressionAttributeValues: { ...toItem({ ':partition': partition, ':prefix': prefix, ':from': from, ':to': to }), ...values },
    ...others,
  });
}

/** All rows of a query that finds few rows. */
export async function queryRows(table: Table, query: Query, options?: Partial<QueryCommandInput>): Promise<Item[]> {
  return (await Array.fromAsync(queryPages(table, query, options))).flat();
}

export async function* pagesOf(
  { client, tableName }: Table,
  query: Omit<QueryCommandInput, 'TableName'>,
): AsyncGenerator<Item[]> {
  let from: Item | undefined;
  do {
    const request = { TableName: tableName, ConsistentRead: query.IndexName === undefined, ...query };
    const page = await client.send(new QueryCommand({ ...request, ...(from && { ExclusiveStartKey: from }) }));
    yield page.Items ?? [];
    from = page.LastEvaluatedKey;
  } while (from);
}

/** Writes a whole row. Returns false, without a change, if the row is not as expected. */
export async function putRow({ client, tableName }: Table, row: Values & Key, expected: Expected): Promise<boolean> {
  return isDone(client.send(new PutItemCommand({ TableName: tableName, Item: toItem(row), ...expecting(expected) })));
}

/**
 * Sets attributes of a row, which may be new. Returns false, without a change, if the row is not as
 * expected.
 */
export async function updateRow(
  { client, tableName }: Table,
  key: Key,
  attributes: Values,
  expected: Expected = {},
): Promise<boolean> {
  const item = toItem(attributes);
  const condition = expecting(expected);
  const update = new UpdateItemCommand({
    ...condition,
    TableName: tableName,
    Key: keyItem(key),
    UpdateExpression: `SET ${Object.keys(item)
      .map((name) => `#${name} = :${name}`)
      .join()}`,
    ExpressionAttributeNames: namesOf([...Object.keys(expected), ...Object.keys(item)]),
    ExpressionAttributeValues: {
      ...condition.ExpressionAttributeValues,
      ...Object.fromEntries(Object.entries(item).map(([name, value]) => [`:${name}`, value])),
    },
  });
  return isDone(client.send(update));
}

/** Removes a row. Returns false, without a change, if the row is not as expected. */
export async function removeRow({ client, tableName }: Table, key: Key, expected: Expected = {}): Promise<boolean> {
  return isDone(client.send(new DeleteItemCommand({ TableName: tableName, Key: keyItem(key), ...expecting(expected) })));
}

/**
 * The expected attributes of a row. An attribute with the value `undefined` must be absent. A fence
 * may be absent or lower.
 */
type Expected = Readonly<Record<string, AttributeValue | undefined>>;

/** The condition that a row is as expected. */
export function expecting(expected: Expected): Partial<DeleteItemCommandInput> {
  const attributes = Object.entries(expected);
  if (attributes.length === 0) return {};
  const conditions = attributes.map(([name, value]) => {
    const isAbsent = `attribute_not_exists(#${name})`;
    if (name === 'fence') return `(${isAbsent} OR #${name} <= :old_${name})`;
    return value ? `#${name} = :old_${name}` : isAbsent;
  });
  const values = attributes.flatMap(([name, value]) => (value ? [[`:old_${name}`, value] as const] : []));
  return {
    ConditionExpression: conditions.join(' AND '),
    ExpressionAttributeNames: namesOf(Object.keys(expected)),
    ...(values.length > 0 && { ExpressionAttributeValues: Object.fromEntries(values) }),
  };
}

/** Aliases every attribute, because some names are reserved words of DynamoDB. */
function namesOf(attributes: readonly string[]): Record<string, string> {
  return Object.fromEntries(attributes.map((name) => [`#${name}`, name]));
}

async function isDone(request: Promise<unknown>): Promise<boolean> {
  try {
    await request;
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw error;
  }
}

export async function removeItems(table: Table, keys: readonly Key[]): Promise<void> {
  for (const some of chunks(keys, maxRemovedAtOnce)) await removeBatch(table, some);
}

async function removeBatch({ client, tableName }: Table, keys: readonly Key[]): Promise<void> {
  type Writes = BatchWriteItemCommandInput['RequestItems'];
  let unprocessed: Writes = { [tableName]: keys.map((key) => ({ DeleteRequest: { Key: keyItem(key) } })) };
  for (let tries = 0; unprocessed?.[tableName]?.length; tries += 1) {
    await pauseBefore(tries, tableName);
    unprocessed = (await client.send(new BatchWriteItemCommand({ RequestItems: unprocessed }))).UnprocessedItems;
  }
}

export function keyItem({ provider, media_id }: Key): Item {
  return toItem({ provider, media_id });
}

export function keyOf(item: Item): Key {
  return { provider: item['provider']!.S!, media_id: item['media_id']!.S! };
}

/**
 * Waits before another try, longer each time and with jitter. Errors: TRACKER_UNUSABLE after the
 * last try.
 */
export async function pauseBefore(tries: number, tableName: string): Promise<void> {
  if (tries === 0) return;
  if (tries === maxTries) {
    throw new SyncError('TRACKER_UNUSABLE', `the DynamoDB table ${tableName} keeps postponing requests`, {
      hint: 'Try again later, or raise the maximum that the table allows: nothing is lost.',
    });
  }
  await delay(backoffMs(tries, waits));
}

function chunks<Member>(all: readonly Member[], size: number): Member[][] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, index) => all.slice(index * size, (index + 1) * size));
}
