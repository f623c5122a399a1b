import { columnsOf, type Column } from '../ledger/encoding.ts';
import { mediumFields, originalFields, type MediumRecord, type OriginalRecord } from '../ledger/fields.ts';
import { sinceOf } from '../ledger/records.ts';
import { mediumKey, originalKey } from './keys.ts';
import { fromItem, toItem, type Item, type Value, type Values } from './values.ts';

/**
 * Converts records to items of the table, and back. Each field that is not null is an attribute,
 * whose name is in snake_case. An item keeps attributes that are not fields: `place`,
 * `upload_number`, and those of a newer Cloud Sync.
 */

/** The secondary index. Its keys are `provider_status` and `sync_timestamp`. */
export const statusIndex = 'provider-status-sync_timestamp-index';

/** Longer texts are cut, because a row must stay below 400 KB whatever a provider sends. */
const maxTextLength = 8_000;

const mediumColumns = columnsOf(mediumFields);
const originalColumns = columnsOf(originalFields);

/**
 * Converts a medium to an item. Archived originals and RESOLVED media are not in the index, so the
 * index costs nothing for a library without news.
 */
export function mediumItem(partition: string, record: MediumRecord, before?: Item): Item {
  const status = record.status === 'RESOLVED' ? null : record.status;
  const own = { media_id: mediumKey(record.id), ...indexed(partition, status, sinceOf(record)) };
  return toRow(mediumColumns, record, { provider: partition, ...own }, before);
}

/** Converts an original to an item. An archived original is in the index only under its mark. */
export function originalItem(partition: string, record: OriginalRecord, before?: Item): Item {
  const status = record.status === 'COMPLETED' ? record.mark : record.status;
  const own = { media_id: originalKey(record.id), ...indexed(partition, status, record.statusSince) };
  return toRow(originalColumns, record, { provider: partition, ...own }, before);
}

/**
 * `own` has the key and the attributes of the index. `before` is the row that this row replaces.
 */
function toRow(columns: readonly Column[], record: Readonly<Record<string, unknown>>, own: Values, before: Item = {}): Item {
  const known = new Set(['provider_status', 'sync_timestamp', ...columns.map(({ column }) => column)]);
  const others = Object.entries(before).filter(([name]) => !known.has(name));
  return { ...Object.fromEntries(others), ...toItem({ ...encoded(columns, record), ...own }) };
}

function encoded(columns: readonly Column[], record: Readonly<Record<string, unknown>>): Record<string, Value | null> {
  return Object.fromEntries(
    columns.map(({ name, column, kind, encode }) => {
      const value = encode(record[name]);
      // A provider's number may be too large for a DynamoDB number, so it is stored as text.
      if (kind === 'number' && value !== null) return [column, String(value)];
      return [column, kind === 'text' && typeof value === 'string' ? value.slice(0, maxTextLength) : value];
    }),
  );
}

function indexed(partition: string, status: string | null, since: string): Values {
  return status === null ? {} : { provider_status: statusKey(partition, status), sync_timestamp: since };
}

/** Returns the key of a status in the index, such as `gopro#FAILED`. */
export function statusKey(partition: string, status: string): string {
  return `${partition}#${status}`;
}

export function mediumRecord(item: Item): MediumRecord {
  return decoded(mediumColumns, item) as MediumRecord;
}

export function originalRecord(item: Item): OriginalRecord {
  return decoded(originalColumns, item) as OriginalRecord;
}

function decoded(columns: readonly Column[], item: Item): unknown {
  const values = fromItem(item);
  const fields = columns.map(({ name, column, kind, decode }) => {
    const value = values[column] as string | number | undefined;
    return [name, decode(kind === 'number' && value !== undefined ? Number(value) : value)];
  });
  // The name of a partition begins with the provider.
  return { ...Object.fromEntries(fields), provider: String(values['provider']).split('#', 1)[0]! };
}

/** Returns a number that is not a field of the record, or 0 if it was never written. */
export function numberOf(item: Item, attribute: 'place' | 'upload_number'): number {
  return Number(item[attribute]?.N ?? 0);
}

/** Returns the originals of a medium in the order in which they were recorded. */
export function inOrder(originals: readonly Item[]): readonly Item[] {
  return originals.toSorted((one, other) => numberOf(one, 'place') - numberOf(other, 'place'));
}
