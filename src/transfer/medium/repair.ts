import { asSyncError } from '../../errors.ts';
import { awaitingRepair } from '../../plan/plan.ts';
import type { TrackedOriginal } from '../../tracker/tracker.ts';
import type { Transfer } from '../context.ts';

/** The state of a marked file that was looked at again. */
type Look = 'sound' | 'suspect' | 'missing' | 'damaged';

/**
 * Looks at the marked files again, and clears the mark of each sound file. Every other file stays
 * marked. A suspect file has the bytes that arrived, so only a second copy decides about it.
 * Returns the damaged files that the destination cannot replace under their keys. The run
 * fetches each of these as a next revision.
 */
export async function lookAtMarked(known: readonly TrackedOriginal[], transfer: Transfer): Promise<TrackedOriginal[]> {
  const { destination, tracker, roles } = transfer;
  const replaced: TrackedOriginal[] = [];
  for (const row of awaitingRepair(known)) {
    if (!roles.includes(row.original.role)) continue;
    const look = await lookAt(row, transfer);
    if (look === 'sound') await tracker.setMark(row.id, null);
    if (look === 'missing' && row.mark === 'SUSPECT') await tracker.setMark(row.id, 'MISSING');
    if (look !== 'damaged') continue;
    if (row.mark !== 'DAMAGED') await tracker.setMark(row.id, 'DAMAGED');
    if (!destination.replacesDamaged) replaced.push(row);
  }
  return replaced;
}

/**
 * Reads the bytes, because a store may show the checksum of the upload although the bytes are
 * damaged. A file whose bytes the store does not show counts as damaged. If the store fails, the
 * file counts as its mark says, so that the other files of the medium are still transferred.
 */
async function lookAt(row: TrackedOriginal, { destination, signal }: Transfer): Promise<Look> {
  try {
    return judge(row, await destination.stat(row.original.key, { deep: true, signal }));
  } catch (thrown) {
    const error = asSyncError(thrown);
    if (error.code === 'CHECKSUM_MISMATCH') return 'damaged';
    const isUnread = ['UNREADABLE', 'STORE_FAILED', 'STORE_REFUSED'].includes(error.code);
    if (isUnread && row.mark === 'SUSPECT') return 'suspect';
    if (error.code === 'UNREADABLE') return 'damaged';
    if (isUnread) return row.mark === 'MISSING' ? 'missing' : 'damaged';
    throw error;
  }
}

function judge(row: TrackedOriginal, stored: { readonly sizeBytes: number; readonly crc32: number | null } | undefined): Look {
  if (!stored) return 'missing';
  if (stored.sizeBytes !== row.sizeBytes || stored.crc32 !== row.crc32) return 'damaged';
  return row.mark === 'SUSPECT' ? 'suspect' : 'sound';
}
