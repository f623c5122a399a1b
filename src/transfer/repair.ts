import { latestRevisions } from '../plan/plan.ts';
import type { TrackedOriginal } from '../tracker/tracker.ts';
import { checkedStat } from './checked-stat.ts';
import type { TransferPorts } from './ports.ts';

/**
 * Acts on what `verify` marked, after one more look at the bytes themselves: a store goes on showing the checksum that it took when they
 * came. A missing file is fetched again under its key; a damaged one is first moved aside. Returns those that the destination cannot
 * move: their replacement is the next revision.
 */
export async function repairMarked(
  known: readonly TrackedOriginal[],
  ports: TransferPorts,
  signal: AbortSignal,
): Promise<TrackedOriginal[]> {
  const replaced: TrackedOriginal[] = [];
  for (const row of latestRevisions(known).values()) {
    if (row.status !== 'COMPLETED' || row.mark === null || !ports.roles.includes(row.original.role)) continue;
    const { key } = row.original;
    const stored = await checkedStat(ports.destination, key, { deep: true, signal });
    if (stored && stored.sizeBytes === row.sizeBytes && stored.crc32 === row.crc32) {
      await ports.tracker.setMark(row.id, null);
      continue;
    }
    const movedTo = stored && (await ports.destination.setAside?.(key));
    if (movedTo !== undefined) ports.report({ type: 'file.setAside', key, movedTo });
    if (stored && movedTo === undefined) replaced.push(row);
    else await ports.tracker.repair(row.id);
  }
  return replaced;
}
