import { latestRevisions } from '../../plan/plan.ts';
import type { TrackedOriginal } from '../../tracker/tracker.ts';
import type { Transfer } from '../context.ts';

/**
 * Repairs the files that `verify` marked. First it reads their bytes again, because a store may
 * show the checksum of the upload although the bytes are damaged. It moves damaged files aside.
 * Then the run fetches missing and moved files again under their keys. Returns the damaged files
 * that the destination cannot move. The run fetches each of these as a next revision.
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
