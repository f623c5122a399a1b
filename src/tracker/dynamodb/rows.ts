import type { MediumFields } from '../rules/medium-fields.ts';
import { newOriginal, toTrackedOriginal, type OriginalFields } from '../rules/original-fields.ts';
import type { CountedOriginal } from '../rules/tally.ts';
import type { TrackedOriginal } from '../tracker.ts';
import type { Original } from '../../media.ts';
import { kindOf, mediumKey, originalKey, type Key } from './keys.ts';
import { fromItem, toItem, type Item, type Value } from './values.ts';

/** Media and originals as items of the table. */

/** An original's row, with what only this ledger keeps of it. */
export interface OriginalRow extends OriginalFields {
  /** Its place among the originals of its medium, in the order they were recorded. */
  readonly place: number;
  /** Counts uploads; parts belong to one of them. */
  readonly upload_number: number;
}

/** A medium with its originals in the order they were recorded. */
export interface Group<Medium = MediumFields, Original = OriginalRow> {
  readonly medium: Medium;
  readonly originals: readonly Original[];
}

/** An original that was just heard of, `place` originals of its medium after the first. */
export function newOriginalRow(original: Original, place: number, now: string): OriginalRow {
  return { ...newOriginal(original, now), place, upload_number: 0 };
}

/** The secondary index, and the two attributes that it is over. */
export const statusIndex = 'provider-status-sync_timestamp-index';

/** No row may reach 400 KB, whatever a provider says; only what is absurd is cut. */
const longestText = 8_000;

/**
 * Attributes are the fields, those that are null left out. The index is sparse: what is archived or resolved is not in it, so a library at rest
 * costs nothing there; a marked file is under its mark.
 */
export function mediumItem(partition: string, row: MediumFields): Item {
  const isSettled = row.status === 'RESOLVED';
  const since = row.status === 'WAITING' ? (row.waiting_since ?? row.status_since) : row.status_since;
  return rowItem(
    { provider: partition, media_id: mediumKey(row.id) },
    { ...row, size_hint_bytes: numberText(row.size_hint_bytes), item_count: numberText(row.item_count) },
    isSettled ? undefined : { status: row.status, since },
  );
}

export function originalItem(partition: string, row: OriginalRow): Item {
  const status = row.status === 'COMPLETED' ? row.mark : row.status;
  return rowItem(
    { provider: partition, media_id: originalKey(row.id) },
    { ...row, item_number: numberText(row.item_number) },
    status === null ? undefined : { status, since: row.status_since },
  );
}

function rowItem(
  key: Key,
  fields: Readonly<Record<string, Value | null>>,
  indexed: { readonly status: string; readonly since: string } | undefined,
): Item {
  const cut = Object.entries(fields).map(([name, value]) => [
    name,
    typeof value === 'string' && name !== 'upload' ? value.slice(0, longestText) : value,
  ]);
  const index = indexed && { provider_status: statusKey(key.provider, indexed.status), sync_timestamp: indexed.since };
  return toItem({ ...(Object.fromEntries(cut) as typeof fields), ...index, ...key });
}

/** `gopro#FAILED` */
export function statusKey(partition: string, status: string): string {
  return `${partition}#${status}`;
}

/** A provider's number may be larger than DynamoDB's largest, so it is kept as text. */
function numberText(value: number | null): string | null {
  return value === null ? null : String(value);
}

const mediumNulls = {
  file_extension: null,
  size_hint_bytes: null,
  captured_at: null,
  created_at: null,
  updated_at: null,
  reprocessed_at: null,
  item_count: null,
  camera_model: null,
  version: null,
  reason: null,
  waiting_since: null,
  gone_since: null,
  seen_run: null,
  deleted_run: null,
};

const originalNulls = {
  item_number: null,
  mark: null,
  size_bytes: null,
  crc32: null,
  etag: null,
  last_modified: null,
  upload: null,
  owner: null,
  lease_until_ms: null,
  error_code: null,
  reason: null,
};

/** Of an item that was read in part, only the fields that were asked for can be relied on. */
export function mediumRow(item: Item): MediumFields {
  const { size_hint_bytes, item_count, ...fields } = fromRow(item);
  return {
    ...mediumNulls,
    ...fields,
    size_hint_bytes: size_hint_bytes === undefined ? null : Number(size_hint_bytes),
    item_count: item_count === undefined ? null : Number(item_count),
  } as MediumFields;
}

/** As `mediumRow`. */
export function originalRow(item: Item): OriginalRow {
  const { item_number, ...fields } = fromRow(item);
  const number = item_number === undefined ? null : Number(item_number);
  return { ...originalNulls, ...fields, item_number: number } as unknown as OriginalRow;
}

/** Without what the table itself needs. The partition begins with the provider. */
function fromRow(item: Item): Record<string, Value> {
  const { provider, media_id: _, provider_status: _status, sync_timestamp: _since, lock: _lock, ...fields } = fromItem(item);
  return { ...fields, provider: String(provider).split('#', 1)[0]! };
}

/** The medium that an original's id names. */
export function mediumOf(originalId: string): string {
  return decodeURIComponent(originalId.slice(0, originalId.indexOf('#')));
}

export function tracked(row: OriginalRow): TrackedOriginal {
  return toTrackedOriginal(row, mediumOf(row.id));
}

/** The rows of one medium as a query returns them, or undefined when the medium itself is not among them. */
export function groupOf(items: readonly Item[]): Group | undefined {
  const medium = items.find((item) => kindOf(item['media_id']!.S!) === 'medium');
  if (!medium) return undefined;
  const originals = items.filter((item) => item !== medium).map(originalRow);
  return { medium: mediumRow(medium), originals: originals.toSorted((one, other) => one.place - other.place) };
}

type Revised = Pick<OriginalFields, 'id' | 'revision' | 'status' | 'mark'>;

/** Which originals of a medium have a later revision, and whose mark stands. */
export function standing<Original extends Revised>(
  originals: readonly Original[],
): readonly (Original & Pick<CountedOriginal, 'superseded' | 'isMarked'>)[] {
  const revisions = Map.groupBy(originals, identityOf);
  return originals.map((original) => {
    const later = revisions.get(identityOf(original))!.filter((other) => other.revision > original.revision);
    const isExcused = original.mark === 'DAMAGED' && later.some((other) => other.status === 'COMPLETED');
    return { ...original, superseded: later.length > 0, isMarked: original.mark !== null && !isExcused };
  });
}

/** The id of the first revision. */
function identityOf({ id, revision }: Pick<OriginalFields, 'id' | 'revision'>): string {
  return revision === 1 ? id : id.slice(0, id.length - `#r${revision}`.length);
}
