import { columnsOf, type Column } from '../ledger/encoding.ts';
import { mediumFields, originalFields, type MediumRecord, type OriginalRecord } from '../ledger/fields.ts';
import { sinceOf } from '../ledger/records.ts';
import { mediumKey, originalKey, type Key } from './keys.ts';
import { fromItem, toItem, type Item, type Value } from './values.ts';

/**
 * Records as items of the table, and back. Attributes are the fields in snake_case, those that are
 * null left out. An item keeps attributes that are no fields: `place`, `upload_number`, and those
 * of a newer Cloud Sync.
 */

/** The secondary index, over `provider_status` and `sync_timestamp`. */
export const statusIndex = 'provider-status-sync_timestamp-index';

/** No row may reach 400 KB, whatever a provider says; only what is absurd is cut. */
const maxTextLength = 8_000;

const mediumColumns = columnsOf(mediumFields);
const originalColumns = columnsOf(originalFields);

/** The index has nothing that is archived or resolved, so a library at rest costs nothing there. */
export function mediumItem(partition: string, record: MediumRecord, before: Item = {}): Item {
  const key = { provider: partition, media_id: mediumKey(record.id) };
  const status = record.status === 'RESOLVED' ? null : record.status;
  return {
    ...others(before, mediumColumns),
    ...toItem({ ...encoded(mediumColumns, record), ...indexed(key, status, sinceOf(record)) }),
  };
}

/** An archived file is in the index only under its mark. */
export function originalItem(partition: string, record: OriginalRecord, before: Item = {}): Item {
  const key = { provider: partition, media_id: originalKey(record.id) };
  const status = record.status === 'COMPLETED' ? record.mark : record.status;
  return {
    ...others(before, originalColumns),
    ...toItem({ ...encoded(originalColumns, record), ...indexed(key, status, record.statusSince) }),
  };
}

function encoded(columns: readonly Column[], record: Readonly<Record<string, unknown>>): Record<string, Value | null> {
  return Object.fromEntries(
    columns.map(({ name, column, kind, encode }) => {
      const value = encode(record[name]);
      // A provider's number may be larger than DynamoDB's largest.
      if (kind === 'number' && value !== null) return [column, String(value)];
      return [column, kind === 'text' && typeof value === 'string' ? value.slice(0, maxTextLength) : value];
    }),
  );
}

function indexed(key: Key, status: string | null, since: string) {
  if (status === null) return key;
  return { ...key, provider_status: statusKey(key.provider, status), sync_timestamp: since };
}

/** `gopro#FAILED` */
export function statusKey(partition: string, status: string): string {
  return `${partition}#${status}`;
}

function others(item: Item, columns: readonly Column[]): Item {
  const known = new Set(['provider_status', 'sync_timestamp', ...columns.map(({ column }) => column)]);
  return Object.fromEntries(Object.entries(item).filter(([name]) => !known.has(name)));
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

/** A number of a row that is no field; 0 where it was never written. */
export function numberOf(item: Item, attribute: 'place' | 'upload_number'): number {
  return Number(item[attribute]?.N ?? 0);
}

/** Originals of a medium in the order in which they were recorded. */
export function inOrder(originals: readonly Item[]): readonly Item[] {
  return originals.toSorted((one, other) => numberOf(one, 'place') - numberOf(other, 'place'));
}
