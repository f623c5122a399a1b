import { columnsOf, type Column } from '../ledger/encoding.ts';
import { mediumFields, originalFields, type MediumRecord, type OriginalRecord } from '../ledger/fields.ts';
import { sinceOf } from '../ledger/records.ts';
import type { Finding } from '../ledger/store.ts';
import { mediumKey, originalKey } from './keys.ts';
import { fromItem, toItem, type Item, type Value, type Values } from './values.ts';

/**
 * Converts records to items of the table, and back. Each field that is not null becomes an
 * attribute, named in snake_case. An item keeps its attributes that are not fields: `place`,
 * `upload_number`, and those of a newer Cloud Sync.
 */

/** The secondary index, over `provider_status` and `sync_timestamp`. */
export const statusIndex = 'provider-status-sync_timestamp-index';

/** Longer texts are cut, because a row must stay below 400 KB. No sensible text is that long. */
const maxTextLength = 8_000;

const mediumColumns = columnsOf(mediumFields);
const originalColumns = columnsOf(originalFields);

/** RESOLVED media are not in the index, so a medium without work costs nothing there. */
export function mediumItem(partition: string, record: MediumRecord, before?: Item): Item {
  const status = record.status === 'RESOLVED' ? null : record.status;
  const own = { media_id: mediumKey(record.id), ...indexed(partition, status, sinceOf(record)) };
  return toRow(mediumColumns, record, { provider: partition, ...own }, before);
}

/**
 * An archived original is in the index only if it has a mark or is in dispute. The index then shows
 * that instead of the status.
 */
export function originalItem(partition: string, record: OriginalRecord, before?: Item): Item {
  const finding: Finding | null = record.mark ?? (record.proof === 'disputed' ? 'DISPUTED' : null);
  const status = record.status === 'COMPLETED' ? finding : record.status;
  const own = { media_id: originalKey(record.id), ...indexed(partition, status, record.statusSince) };
  return toRow(originalColumns, record, { provider: partition, ...own }, before);
}

/** `own`: the key and the attributes of the index. `before`: the row that this one replaces. */
function toRow(columns: readonly Column[], record: Readonly<Record<string, unknown>>, own: Values, before: Item = {}): Item {
  const known = new Set(['provider_status', 'sync_timestamp', ...columns.map(({ column }) => column)]);
  const others = Object.entries(before).filter(([name]) => !known.has(name));
  return { ...Object.fromEntries(others), ...toItem({ ...encoded(columns, record), ...own }) };
}

function encoded(columns: readonly Column[], record: Readonly<Record<string, unknown>>): Record<string, Value | null> {
  return Object.fromEntries(
    columns.map(({ name, column, kind, encode }) => {
      const value = encode(record[name]);
      // A provider's number is stored as text, because it may be too large for DynamoDB.
      if (kind === 'number' && value !== null) return [column, String(value)];
      return [column, kind === 'text' && typeof value === 'string' ? value.slice(0, maxTextLength) : value];
    }),
  );
}

function indexed(partition: string, status: string | null, since: string): Values {
  return status === null ? {} : { provider_status: statusKey(partition, status), sync_timestamp: since };
}

/** `gopro#FAILED` */
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

/**
 * Returns a numeric attribute that is not a field of a record. Returns 0 if it was never written.
 */
export function numberOf(item: Item, attribute: 'place' | 'upload_number'): number {
  return Number(item[attribute]?.N ?? 0);
}

/** Originals of a medium in the order in which they were recorded. */
export function inOrder(originals: readonly Item[]): readonly Item[] {
  return originals.toSorted((one, other) => numberOf(one, 'place') - numberOf(other, 'place'));
}
