import { randomBytes } from 'node:crypto';
import {
  ConditionalCheckFailedException,
  PutItemCommand,
  TransactionCanceledException,
  TransactWriteItemsCommand,
  type TransactWriteItem,
} from '@aws-sdk/client-dynamodb';
import { archiveKey, groupRange, kindOf, mediumKey, originalKey, type Key } from './keys.ts';
import type { MediumFields } from '../rules/medium-fields.ts';
import { groupOf, mediumItem, mediumRow, originalItem, originalRow, type Group, type OriginalRow } from './rows.ts';
import { keyItem, keyOf, pauseBefore, type Store } from './store.ts';
import { toItem, type Item } from './values.ts';

/**
 * Rows that are read, changed in memory and written back together, each only if nobody changed it in between. Up to 100 rows are one
 * transaction; more are written in the order of the saves, so what makes the others count is saved last.
 */
export interface Unit {
  medium(mediaId: string): Promise<MediumFields | undefined>;
  original(id: string): Promise<OriginalRow | undefined>;
  group(mediaId: string): Promise<Group | undefined>;
  /** Whether an original has this key of the archive, compared case-folded. */
  isKeyTaken(key: string): Promise<boolean>;
  /** Reads in one request what the others then find. */
  preload(keys: readonly Key[]): Promise<void>;
  saveMedium(row: MediumFields): void;
  saveOriginal(row: OriginalRow): void;
  /** A new original and the key that it takes. */
  addOriginal(row: OriginalRow): void;
  /** Drops an original's row and gives its key back. */
  dropOriginal(row: OriginalRow): Promise<void>;
}

/** A row as it was read and as it is to become; undefined: there is none. */
interface Entry {
  readonly key: Key;
  readonly before: Item | undefined;
  after: Item | undefined;
}

/** DynamoDB's limits, the second with some room. */
const mostWrittenAtOnce = 100;
const mostBytesAtOnce = 3_500_000;

/** Does `act` until what it read is still so when its writes come. It must have no effect but through the unit. */
export async function inUnit<Result>(store: Store, partition: string, act: (unit: Unit) => Promise<Result>): Promise<Result> {
  for (let tries = 0; ; tries += 1) {
    await pauseBefore(tries, store.table);
    const entries = new Map<string, Entry>();
    const result = await act(createUnit(store, partition, entries));
    const writes = [...entries.values()].filter((entry) => entry.after !== entry.before);
    if (await commit(store, writes)) return result;
  }
}

function createUnit(store: Store, partition: string, entries: Map<string, Entry>): Unit {
  const rowKey = (sortKey: string): Key => ({ provider: partition, media_id: sortKey });

  function note(key: Key, item: Item | undefined): Entry {
    const known = entries.get(nameOf(key));
    if (known) return known;
    const entry = { key, before: item, after: item };
    entries.set(nameOf(key), entry);
    return entry;
  }

  async function read(key: Key): Promise<Item | undefined> {
    return (entries.get(nameOf(key)) ?? note(key, await store.get(key))).after;
  }

  /** What was never read must not exist yet. */
  function write(key: Key, item: Item | undefined): void {
    const entry = note(key, undefined);
    // Last saved is last written.
    entries.delete(nameOf(key));
    entries.set(nameOf(key), entry);
    entry.after = item;
  }

  const saveOriginal = (row: OriginalRow) => write(rowKey(originalKey(row.id)), originalItem(partition, row));

  return {
    medium: async (mediaId) => {
      const item = await read(rowKey(mediumKey(mediaId)));
      return item && mediumRow(item);
    },
    original: async (id) => {
      const item = await read(rowKey(originalKey(id)));
      return item && kindOf(originalKey(id)) === 'original' ? originalRow(item) : undefined;
    },
    group: async (mediaId) => {
      const [from, to] = groupRange(mediumKey(mediaId));
      const names = { '#partition': 'provider' };
      const values = toItem({ ':partition': partition, ':from': from, ':to': to });
      const query = '#partition = :partition AND media_id BETWEEN :from AND :to';
      for await (const page of store.pages({
        KeyConditionExpression: query,
        ExpressionAttributeNames: names,
        ExpressionAttributeValues: values,
      })) {
        for (const item of page) note(keyOf(item), item);
      }
      const rows = [...entries.values()].filter(({ key }) => key.provider === partition && isWithin(key.media_id, from, to));
      return groupOf(rows.flatMap(({ after }) => (after ? [after] : [])));
    },
    isKeyTaken: async (key) => (await read(archiveKey(key))) !== undefined,
    preload: async (keys) => {
      const wanted = new Map(keys.map((key) => [nameOf(key), key]));
      const found = await store.getMany([...wanted.values()]);
      for (const item of found) note(keyOf(item), item);
      for (const key of wanted.values()) note(key, undefined);
    },
    saveMedium: (row) => write(rowKey(mediumKey(row.id)), mediumItem(partition, row)),
    saveOriginal,
    addOriginal: (row) => {
      const key = archiveKey(row.key);
      write(key, toItem({ ...key, id: row.id }));
      saveOriginal(row);
    },
    dropOriginal: async (row) => {
      await read(archiveKey(row.key));
      write(archiveKey(row.key), undefined);
      write(rowKey(originalKey(row.id)), undefined);
    },
  };
}

function nameOf({ provider, media_id }: Key): string {
  return `${provider}\n${media_id}`;
}

function isWithin(sortKey: string, from: string, to: string): boolean {
  return sortKey === from || (sortKey.startsWith(`${from}#`) && sortKey < to);
}

/** False when somebody else changed one of the rows. Then nothing was written, or of more than a transaction holds the beginning. */
async function commit(store: Store, entries: readonly Entry[]): Promise<boolean> {
  const [only] = entries;
  if (!only) return true;
  if (entries.length === 1 && only.after) return putOne(store, only, only.after);
  for (const writes of transactions(entries)) {
    if (!(await writeTogether(store, writes))) return false;
  }
  return true;
}

async function putOne({ client, table }: Store, { before }: Entry, after: Item): Promise<boolean> {
  const Item = locked(after);
  try {
    await client.send(
      new PutItemCommand({ TableName: table, Item, ...unchangedSince(before), ReturnValuesOnConditionCheckFailure: 'ALL_OLD' }),
    );
    return true;
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
    // A repeated request whose first reply was lost meets its own write.
    return error.Item?.['lock']?.S === Item['lock']!.S;
  }
}

async function writeTogether({ client, table }: Store, entries: readonly Entry[]): Promise<boolean> {
  const TransactItems = entries.map(({ key, before, after }): TransactWriteItem =>
    after
      ? { Put: { TableName: table, Item: locked(after), ...unchangedSince(before) } }
      : { Delete: { TableName: table, Key: keyItem(key), ...unchangedSince(before) } },
  );
  for (let tries = 0; ; tries += 1) {
    await pauseBefore(tries, table);
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

/** Every write leaves another lock. */
function locked(item: Item): Item {
  return { ...item, lock: { S: randomBytes(9).toString('base64url') } };
}

/**
 * The condition that a row is as it was read. The lock alone says so among our own writers; of an original owner and attempt stand beside it, so
 * that also a writer who knows nothing of locks, such as a workflow's own update, ends every claim that it takes over.
 */
function unchangedSince(before: Item | undefined) {
  if (!before) return { ConditionExpression: 'attribute_not_exists(media_id)' };
  const { lock, owner, attempt } = before;
  const conditions: string[] = [];
  const names: Record<string, string> = {};
  const values: Item = {};
  for (const [name, value] of Object.entries({ lock, ...(attempt && { owner, attempt }) })) {
    names[`#${name}`] = name;
    conditions.push(value ? `#${name} = :${name}` : `attribute_not_exists(#${name})`);
    if (value) values[`:${name}`] = value;
  }
  return {
    ConditionExpression: conditions.join(' AND '),
    ExpressionAttributeNames: names,
    ...(Object.keys(values).length > 0 && { ExpressionAttributeValues: values }),
  };
}

function transactions(entries: readonly Entry[]): Entry[][] {
  const all: Entry[][] = [];
  let bytes = Infinity;
  for (const entry of entries) {
    const size = JSON.stringify(entry.after ?? entry.key).length;
    const last = all.at(-1);
    if (!last || last.length === mostWrittenAtOnce || bytes + size > mostBytesAtOnce) {
      all.push([entry]);
      bytes = size;
    } else {
      last.push(entry);
      bytes += size;
    }
  }
  return all;
}
