import { latestRevisions } from '../../plan/plan.ts';
import type { TrackedOriginal } from '../../tracker/tracker.ts';
import type { Transfer } from '../context.ts';

/**
 * Repairs the files that `verify` marked, after reading their bytes again: a store may still show
 * the checksum of the upload. A missing file is fetched again under its key; a damaged one is first
 * moved aside. Returns the files that the destination cannot move: their replacement is the next
 * revision.
 */
export async function repairMarked(
  known: readonly TrackedOriginal[],
  { destination, tracker, report, roles, signal }: Transfer,
): Promise<TrackedOriginal[]> {
  const replaced: TrackedOriginal[] = [];
  for (const row of latestRevisions(known).values()) {
    if (row.status !== 'COMPLETED' || row.mark === null || !roles.includes(row.original.role)) continue;
    const { key } = row.original;
    const stored = await destination.stat(key, { deep: true, signal });
    if (stored && stored.sizeBytes === row.sizeBytes && stored.crc32 === row.crc32) {
      await tracker.setMark(row.id, null);
      continue;
    }
    const movedTo = stored && (await destination.setAside?.(key));
    if (movedTo !== undefined) report({ type: 'file.setAside', key, movedTo });
    if (stored && movedTo === undefined) replaced.push(row);
    else await tracker.repair(row.id);
  }
  return replaced;
}
