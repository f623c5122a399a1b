import type { Part } from '../../destination/destination.ts';
import type { OriginalRecord } from '../ledger/fields.ts';
import { mediaIdOf } from '../ledger/records.ts';
import { inOrder } from './items.ts';
import { archiveKey, groupRange, kindOf, mediumKey, originalKey, type Key } from './keys.ts';
import { readParts, type Upload } from './parts.ts';
import { latestRunId } from './runs.ts';
import { getItem, getItems, keyOf, queryRows, rowKey, type Partition } from './table.ts';
import type { Item } from './values.ts';

/** The rows that a unit has read. A request for any other row throws `Unread`. */
export interface Readings {
  readonly partition: Partition;
  /** The row of the lease, which every command that writes reads together with its first rows. */
  readonly alongside: readonly Key[];
  /** The rows by name. Undefined means that the row does not exist. */
  readonly items: Map<string, Item | undefined>;
  /** The keys of the originals' rows for each medium, in the order in which they were recorded. */
  readonly groups: Map<string, readonly Key[]>;
  readonly parts: Map<string, readonly Part[]>;
  readonly latestRun: Map<'id', string | null>;
}

/** Thrown when a command needs data that is not read yet. `read` reads this data. */
export class Unread extends Error {
  readonly read: () => Promise<void>;

  constructor(read: () => Promise<void>) {
    super('a command needs data that is not read yet');
    this.read = read;
  }
}

export function newReadings(partition: Partition, alongside: readonly Key[]): Readings {
  return { partition, alongside, items: new Map(), groups: new Map(), parts: new Map(), latestRun: new Map() };
}

export function nameOf({ provider, media_id }: Key): string {
  return `${provider}\n${media_id}`;
}

export function itemOf(readings: Readings, key: Key): Item | undefined {
  requireItems(readings, [key]);
  return readings.items.get(nameOf(key));
}

/**
 * Throws `Unread` if some of these rows are not read yet. The `read` of this error fetches them
 * together.
 */
export function requireItems(readings: Readings, keys: readonly Key[]): void {
  if (keys.every((key) => readings.items.has(nameOf(key)))) return;
  throw new Unread(async () => fetchItems(readings, [...keys, ...readings.alongside]));
}

async function fetchItems({ partition, items }: Readings, keys: readonly Key[]): Promise<void> {
  const unread = new Map(keys.map((key) => [nameOf(key), key] as const).filter(([name]) => !items.has(name)));
  const wanted = [...unread.values()];
  const found = wanted.length === 1 ? [await getItem(partition, wanted[0]!)] : await getItems(partition, wanted);
  for (const name of unread.keys()) items.set(name, undefined);
  for (const item of found) if (item) items.set(nameOf(keyOf(item)), item);
}

/**
 * Requires the rows of new originals and of their keys. If all originals of a medium are already
 * read, an original that is not among them has no row, and nothing is fetched for it.
 */
export function requireNewOriginals(readings: Readings, originals: readonly OriginalRecord[]): void {
  const { partition, items, groups } = readings;
  const rows = originals.map(({ id }) => rowKey(partition, originalKey(id)));
  for (const [index, { id }] of originals.entries()) {
    const name = nameOf(rows[index]!);
    if (groups.has(mediaIdOf(id)) && !items.has(name)) items.set(name, undefined);
  }
  requireItems(readings, [...originals.map(({ key }) => archiveKey(key)), ...rows]);
}

/** The keys of the rows of a medium's originals. */
export function groupOf(readings: Readings, mediaId: string): readonly Key[] {
  const { partition, items, groups, alongside } = readings;
  return recall(groups, mediaId, async () => {
    const medium = rowKey(partition, mediumKey(mediaId));
    const query = { partition: partition.name, between: groupRange(medium.media_id) };
    const [rows] = await Promise.all([queryRows(partition, query), fetchItems(readings, alongside)]);
    items.set(nameOf(medium), undefined);
    for (const item of rows) items.set(nameOf(keyOf(item)), item);
    return inOrder(rows.filter((item) => kindOf(keyOf(item).media_id) === 'original')).map(keyOf);
  });
}

export function partsOf({ partition, parts }: Readings, upload: Upload): readonly Part[] {
  return recall(parts, upload.id, async () => readParts(partition, upload));
}

export function latestRunOf({ partition, latestRun }: Readings): string | null {
  return recall(latestRun, 'id', async () => latestRunId(partition));
}

function recall<Name, Value>(known: Map<Name, Value>, name: Name, read: () => Promise<Value>): Value {
  if (known.has(name)) return known.get(name) as Value;
  throw new Unread(async () => void known.set(name, await read()));
}
