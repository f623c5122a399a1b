import { UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import type { Part } from '../../destination/destination.ts';
import { archivePartition, originalKey, partsPrefix, type Key } from './keys.ts';
import type { OriginalRow } from './rows.ts';
import { keyItem, keyOf, type Store } from './store.ts';
import { fromItem, toAttribute, toItem, type Item } from './values.ts';

/**
 * Parts of unfinished uploads. A row holds 16 of them, each as an attribute of its own, so parts that end together need not wait for each other,
 * a part costs one small write, and 9,000 of them are gone with 23 requests. The rows are named after the upload's number: what a straggler
 * writes after its claim was taken over and another upload begun is of an upload that nobody asks for.
 */
const partsInRow = 16;

export async function savePart(store: Store, row: OriginalRow, part: Part): Promise<void> {
  const { number, sizeBytes, crc32, receipt } = part;
  const name = String(Math.floor((number - 1) / partsInRow)).padStart(4, '0');
  await store.client.send(
    new UpdateItemCommand({
      TableName: store.table,
      Key: keyItem({ provider: archivePartition, media_id: `${uploadPrefix(row)}${name}` }),
      UpdateExpression: 'SET #part = :part',
      ExpressionAttributeNames: { '#part': `p${number}` },
      ExpressionAttributeValues: { ':part': toAttribute([sizeBytes, crc32, receipt]) },
    }),
  );
}

/** Those of the present upload, in order. */
export async function partsOf(store: Store, row: OriginalRow): Promise<Part[]> {
  const parts: Part[] = [];
  for await (const item of partRows(store, uploadPrefix(row))) parts.push(...toParts(item));
  return parts.toSorted((one, other) => one.number - other.number);
}

/** Drops those of every upload but the present one; with none present, all. What a kill leaves behind is dropped with the next upload. */
export async function dropParts(store: Store, { id, upload, upload_number }: OriginalRow): Promise<void> {
  const earlierUploads = upload === null ? upload_number : upload_number - 1;
  if (earlierUploads === 0) return;
  const kept = upload === null ? undefined : uploadPrefix({ id, upload_number });
  const keys: Key[] = [];
  for await (const item of partRows(store, partsPrefix(originalKey(id)))) {
    const key = keyOf(item);
    if (kept === undefined || !key.media_id.startsWith(kept)) keys.push(key);
  }
  await store.removeMany(keys);
}

function uploadPrefix({ id, upload_number }: Pick<OriginalRow, 'id' | 'upload_number'>): string {
  return `${partsPrefix(originalKey(id))}${upload_number}/`;
}

async function* partRows(store: Store, prefix: string): AsyncGenerator<Item> {
  const pages = store.pages({
    KeyConditionExpression: '#provider = :partition AND begins_with(media_id, :prefix)',
    ExpressionAttributeNames: { '#provider': 'provider' },
    ExpressionAttributeValues: toItem({ ':partition': archivePartition, ':prefix': prefix }),
  });
  for await (const page of pages) yield* page;
}

function toParts(item: Item): Part[] {
  const { provider: _, media_id: _id, ...parts } = fromItem(item);
  return Object.entries(parts).map(([name, value]) => {
    const [sizeBytes, crc32, receipt] = value as readonly [number, number, string];
    return { number: Number(name.slice(1)), sizeBytes, crc32, receipt };
  });
}
