import { isGone, originalId } from '../../media.ts';
import { latestRevisions } from '../../plan/plan.ts';
import type { Tracker } from '../../tracker/tracker.ts';
import type { ArchivedFile } from '../judge-file.ts';

/** All completed originals. The key of the map is the original's key. */
export async function archivedFiles(tracker: Pick<Tracker, 'rows'>): Promise<ReadonlyMap<string, ArchivedFile>> {
  const files = new Map<string, ArchivedFile>();
  for await (const { tracked, originals } of tracker.rows(['COMPLETED'])) {
    const latest = latestRevisions(originals);
    for (const row of originals) {
      const isLatest = latest.get(originalId(row.original, 1))?.id === row.id;
      files.set(row.original.key, { row, isFinal: isGone(tracked) || !isLatest });
    }
  }
  return files;
}
