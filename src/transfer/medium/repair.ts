import { asSyncError } from '../../errors.ts';
import { awaitingRepair } from '../../plan/plan.ts';
import type { TrackedOriginal } from '../../tracker/tracker.ts';
import type { Transfer } from '../context.ts';

/** The state of a marked file that was looked at again. */
type Look = 'sound' | 'missing' | 'damaged';

/**
 * Looks at the marked files again, and clears the mark of each sound file. Every other file stays
 * marked. Returns the damaged files that the destination cannot replace under their keys. The run
 * fetches each of these as a next revision.
 */
export async function lookAtMarked(known: readonly TrackedOriginal[], transfer: Transfer): Promise<TrackedOriginal[]> {
  const { destination, tracker, roles } = transfer;
  const replaced: TrackedOriginal[] = [];
  for (const row of awaitingRepair(known)) {
    if (!roles.includes(row.original.role)) continue;
    const look = await lookAt(row, transfer);
    if (look === 'sound') await tracker.setMark(row.id, null);
    if (look !== 'damaged') continue;
    if (row.mark === 'MISSING') await tracker.setMark(row.id, 'DAMAGED');
    if (!destination.replacesDamaged) replaced.push(row);
  }
  return replaced;
}

/**
 * Reads the bytes, because a store may show the checksum of the upload although the bytes are
 * damaged. If the bytes cannot be read now, a file marked DAMAGED counts as damaged. A file marked
 * MISSING is then judged by the store's checksum, because nothing has shown damage.
 */
async function lookAt(row: TrackedOriginal, { destination, signal }: Transfer): Promise<Look> {
  const { key } = row.original;
  try {
    return judge(row, await destination.stat(key, { deep: true, signal }));
  } catch (thrown) {
    const error = asSyncError(thrown);
    if (error.code === 'CHECKSUM_MISMATCH') return 'damaged';
    if (error.code !== 'UNREADABLE') throw error;
    return row.mark === 'MISSING' ? judge(row, await destination.stat(key, { signal })) : 'damaged';
  }
}

function judge(row: TrackedOriginal, stored: { readonly sizeBytes: number; readonly crc32: number | null } | undefined): Look {
  if (!stored) return 'missing';
  return stored.sizeBytes === row.sizeBytes && stored.crc32 === row.crc32 ? 'sound' : 'damaged';
}
