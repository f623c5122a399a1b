import type { Role } from '../../media.ts';
import { columnOf } from '../ledger/encoding.ts';
import type { MediumRecord, OriginalRecord } from '../ledger/fields.ts';
import { isOpen } from '../ledger/queries.ts';
import type { Group } from '../ledger/records.ts';
import type { Finding, Found, ScanOptions } from '../ledger/store.ts';
import { inOrder, mediumRecord, originalRecord, statusIndex, statusKey } from './items.ts';
import { kindOf } from './keys.ts';
import { readSeen } from './listing.ts';
import { keyOf, pagesOf, queryPages, queryRows, type Partition } from './table.ts';
import { inUnit } from './unit.ts';
import { toItem, type Item } from './values.ts';

/** Reads many records with one paginated query of the partition or of the index. */

/**
 * Yields the media in the order of the sort keys. The originals of a medium follow the medium in
 * the table, perhaps on the next page.
 */
export async function* scan(partition: Partition, { fields }: ScanOptions = {}): AsyncGenerator<readonly Group[]> {
  const columns = fields && [...fields.medium, ...fields.original].map(columnOf);
  const attributes = columns && [...new Set(['provider', 'media_id', 'id', 'place', ...columns])];
  let rest: Item[] = [];
  for await (const page of queryPages(partition, { partition: partition.name, ...(attributes && { attributes }) })) {
    const rows = [...rest, ...page.filter((item) => rowKind(item) !== 'other')];
    const last = rows.findLastIndex((item) => rowKind(item) === 'medium');
    yield groupsOf(rows.slice(0, Math.max(0, last)));
    rest = rows.slice(Math.max(0, last));
  }
  yield groupsOf(rest);
}

function groupsOf(rows: readonly Item[]): readonly Group[] {
  const groups: { readonly medium: Item; readonly originals: Item[] }[] = [];
  for (const item of rows) {
    if (rowKind(item) === 'medium') groups.push({ medium: item, originals: [] });
    else groups.at(-1)?.originals.push(item);
  }
  return groups.map(({ medium, originals }) => ({
    medium: mediumRecord(medium),
    originals: inOrder(originals).map(originalRecord),
  }));
}

function rowKind(item: Item) {
  return kindOf(keyOf(item).media_id);
}

/** A page of media may take hours to transfer, so each medium is read again at its turn. */
export async function* openMedia(partition: Partition, roles: readonly Role[]): AsyncGenerator<MediumRecord> {
  const medium = ['status', 'goneSince', 'resolvedRoles'] as const;
  const original = ['status', 'role', 'revision', 'mark'] as const;
  for await (const groups of scan(partition, { fields: { medium, original } })) {
    for (const group of groups) {
      if (!isOpen(group.medium, () => group.originals, roles)) continue;
      const found = await inUnit(partition, (unit) => unit.medium(group.medium.id), 'read');
      if (found) yield found;
    }
  }
}

/** Reads the index, which may be a moment behind the table. */
export async function inStatus(partition: Partition, status: Finding, until?: string): Promise<readonly Found[]> {
  const pages = pagesOf(partition, {
    IndexName: statusIndex,
    KeyConditionExpression: `provider_status = :status${until === undefined ? '' : ' AND sync_timestamp <= :until'}`,
    ExpressionAttributeValues: toItem({ ':status': statusKey(partition.name, status), ':until': until }),
  });
  const found = (await Array.fromAsync(pages)).flat();
  return found.map((item) => ({ kind: rowKind(item) === 'medium' ? 'medium' : 'original', id: item['id']!.S! }));
}

export async function originalsWith(partition: Partition, field: 'intent' | 'upload'): Promise<readonly OriginalRecord[]> {
  const filter =
    field === 'intent'
      ? { FilterExpression: 'intent = :yes', ExpressionAttributeValues: toItem({ ':yes': 1 }) }
      : { FilterExpression: 'attribute_exists(upload)' };
  return (await queryRows(partition, { partition: partition.name }, filter)).map(originalRecord);
}

export async function knownCount(partition: Partition): Promise<number> {
  let known = 0;
  for await (const groups of scan(partition, { fields: { medium: ['goneSince'], original: [] } })) {
    known += groups.filter(({ medium }) => medium.goneSince === null).length;
  }
  return known;
}

export async function unseen(partition: Partition, account: string, runId: string): Promise<readonly string[]> {
  const seen = await readSeen(partition, runId);
  const found: string[] = [];
  for await (const groups of scan(partition, { fields: { medium: ['account', 'goneSince'], original: [] } })) {
    const media = groups.map(({ medium }) => medium);
    const missed = media.filter(({ id, goneSince, ...of }) => of.account === account && goneSince === null && !seen.has(id));
    found.push(...missed.map(({ id }) => id));
  }
  return found;
}
