import type { Part } from '../../destination/destination.ts';
import { archivePartition, originalKey, partsPrefix } from './keys.ts';
import { keyOf, queryRows, removeItems, updateRow, type Table } from './table.ts';
import { fromItem, type Item } from './values.ts';

/**
 * Parts of unfinished uploads. A row holds 16 parts, each as its own attribute. So parts that end
 * together need not wait for each other, a part costs one small write, and 23 requests remove 9,000
 * parts. The names of the rows contain the upload's number. So a late write for an earlier upload
 * goes to rows that nobody reads.
 */
const partsInRow = 16;

/** An upload of an original. Every further upload has the next number. */
export interface Upload {
  readonly id: string;
  readonly number: number;
}

export async function savePart(table: Table, upload: Upload, part: Part): Promise<void> {
  const { number, sizeBytes, crc32, receipt, digests = '' } = part;
  const row = String(Math.floor((number - 1) / partsInRow)).padStart(4, '0');
  const key = { provider: archivePartition, media_id: `${uploadPrefix(upload)}${row}` };
  await updateRow(table, key, { [`p${number}`]: [sizeBytes, crc32, receipt, ...(digests === '' ? [] : [digests])] });
}

/** Reads the parts in order. */
export async function readParts(table: Table, upload: Upload): Promise<Part[]> {
  const rows = await partRows(table, uploadPrefix(upload));
  return rows.flatMap(toParts).toSorted((one, other) => one.number - other.number);
}

/**
 * Removes the parts of every upload except `kept`, also parts that a killed process left behind.
 */
export async function removeParts(table: Table, id: string, kept: Upload | undefined): Promise<void> {
  const keys = (await partRows(table, partsPrefix(originalKey(id)))).map(keyOf);
  await removeItems(table, kept ? keys.filter(({ media_id }) => !media_id.startsWith(uploadPrefix(kept))) : keys);
}

function uploadPrefix({ id, number }: Upload): string {
  return `${partsPrefix(originalKey(id))}${number}/`;
}

async function partRows(table: Table, prefix: string): Promise<Item[]> {
  return queryRows(table, { partition: archivePartition, prefix });
}

function toParts(item: Item): Part[] {
  const { provider: _, media_id: _id, ...parts } = fromItem(item);
  return Object.entries(parts).map(([name, value]) => {
    const [sizeBytes, crc32, receipt, digests] = value as readonly [number, number, string, string?];
    return { number: Number(name.slice(1)), sizeBytes, crc32, receipt, ...(digests !== undefined && { digests }) };
  });
}
