import { SyncError } from '../../errors.ts';
import { leaseKey, leaseRecord } from './lease.ts';
import type { Key } from './keys.ts';
import { getItem, pauseBefore, putRow, rowKey, updateRow, type Partition } from './table.ts';
import { toItem, type Item, type Values } from './values.ts';

/**
 * Guards writes by fences. Before a write, a command reads the row of the lease and fails after a
 * later grant. A grant may also come between this read and the write. Therefore each row keeps the
 * highest fence that wrote it.
 */

/** The fence that a command's writes carry. Errors: LEASE_LOST after a later grant. */
export function fenceBy({ fence: { own } }: Partition, leaseRow: Item | undefined): number {
  const lease = leaseRecord(leaseRow);
  const latest = lease?.fence ?? 0;
  if (own !== undefined && latest > own) throw leaseLost(lease?.owner);
  return own ?? latest;
}

/** Reads the row of the lease. Errors: LEASE_LOST after a later grant. */
export async function currentFence(partition: Partition): Promise<number> {
  return fenceBy(partition, await getItem(partition, rowKey(partition, leaseKey)));
}

/**
 * The fence of a row after a command with `fence` has written it. Errors: LEASE_LOST if a later
 * grant has written the row.
 */
export function fenceOver({ fence: { own } }: Partition, fence: number, before: Item | undefined): number {
  const earlier = fenceOf(before);
  if (own !== undefined && earlier > own) throw leaseLost(undefined);
  return Math.max(fence, earlier);
}

/** Writes a whole row, which no command reads. Errors: LEASE_LOST if a later run has the lease. */
export async function putFenced(partition: Partition, row: Values & Key): Promise<void> {
  await writeFenced(partition, async (fence, expected) => putRow(partition, { ...row, fence }, expected));
}

/** Sets some attributes of such a row. Errors: LEASE_LOST if a later run has the lease. */
export async function updateFenced(partition: Partition, key: Key, attributes: Values): Promise<void> {
  await writeFenced(partition, async (fence, expected) => updateRow(partition, key, { ...attributes, fence }, expected));
}

type Write = (fence: number, expected: Item) => Promise<boolean>;

async function writeFenced(partition: Partition, write: Write): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    await pauseBefore(tries, partition.tableName);
    const fence = await currentFence(partition);
    if (await write(fence, toItem({ fence }))) return;
    // A later grant wrote the row. A tracker without its own fence tries again with the later
    // fence.
    if (partition.fence.own !== undefined) throw leaseLost(undefined);
  }
}

function fenceOf(row: Item | undefined): number {
  return Number(row?.['fence']?.N ?? 0);
}

function leaseLost(owner: string | undefined): SyncError {
  return new SyncError('LEASE_LOST', `another run took over this archive: ${owner ?? 'an unknown run'}`);
}
