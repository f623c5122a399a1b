import type { Role } from '../media.ts';
import type { TrackedMedium, TrackedOriginal, Tracker } from '../tracker/tracker.ts';
import type { WorkLine } from './contract.ts';

/** A medium of a work line and its originals, as the tracker knows them. */
export interface LineRow {
  readonly tracked: TrackedMedium;
  /** Only the originals in the requested roles. */
  readonly originals: readonly TrackedOriginal[];
}

/**
 * Reads the media of a work line. Media that the tracker does not know are left out. Errors:
 * TRACKER_UNUSABLE.
 */
export async function readLine({ media }: WorkLine, tracker: Tracker, roles: readonly Role[]): Promise<readonly LineRow[]> {
  const rows: LineRow[] = [];
  for (const mediaId of media) {
    const tracked = await tracker.medium(mediaId);
    if (!tracked) continue;
    const originals = (await tracker.originals(mediaId)).filter(({ original }) => roles.includes(original.role));
    rows.push({ tracked, originals });
  }
  return rows;
}
