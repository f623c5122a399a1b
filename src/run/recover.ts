import type { Destination, StoredFile } from '../destination/destination.ts';
import { asSyncError } from '../errors.ts';
import { alwaysRoles } from '../media.ts';
import type { Report } from '../events.ts';
import type { TrackedOriginal, Tracker } from '../tracker/tracker.ts';
import { archivedEvent, describeFile, mediumSet } from '../transfer/describe.ts';

/**
 * The first step of a run. It completes what a killed run left, and reads the archive's
 * descriptions if the tracker is new.
 */

export interface RecoverPorts {
  readonly destination: Destination;
  readonly tracker: Tracker;
  readonly report: Report;
}

/**
 * Adopts the archive's files into a new tracker. With `publish` it also completes intents and
 * removes uploads that nobody needs. A caller that sets `publish` must have the archive's lease.
 * Returns the files that it completed.
 */
export async function recover(
  { destination, tracker, report }: RecoverPorts,
  options: { readonly publish: boolean },
): Promise<readonly StoredFile[]> {
  if (await tracker.needsAdoption()) {
    const files = await tracker.adopt(destination.list());
    if (files > 0) report({ type: 'archive.adopted', files });
  }
  const recovered: StoredFile[] = [];
  if (!options.publish) return recovered;
  for (const row of await tracker.intents()) {
    const stored = await fulfil(row, destination, tracker);
    if (!stored) continue;
    recovered.push(stored);
    report(archivedEvent(row.original, stored, destination.location));
  }
  await destination.sweep(new Set(await tracker.uploads()));
  return recovered;
}

/**
 * Publishes an original that has an intent. All its bytes had arrived before the intent was
 * recorded, so `commit` does only the missing steps. If `commit` fails, the transfer fetches the
 * original like any other original.
 */
async function fulfil(row: TrackedOriginal, destination: Destination, tracker: Tracker): Promise<StoredFile | undefined> {
  const { original, sizeBytes, crc32, validator } = row;
  const tracked = await tracker.medium(original.mediaId);
  if (!tracked || sizeBytes === null || crc32 === null) return undefined;
  // The tracker saves no upload for a small file, so an upload with one part is made up here. With
  // it `commit` finds a file that is already under its key.
  const { state, parts } = (await tracker.upload(row.id)) ?? {
    state: { id: '', partSizeBytes: sizeBytes, sizeBytes, validator },
    parts: [{ number: 1, sizeBytes, crc32, receipt: '' }],
  };
  const roles = tracked.resolvedRoles.length > 0 ? tracked.resolvedRoles : alwaysRoles;
  const set = mediumSet(tracked.medium, roles, await tracker.originals(original.mediaId), tracked.unavailable);
  try {
    await destination.commit(describeFile(original, set, validator), state, parts, { sizeBytes, crc32 });
    await tracker.completeIntent(row.id);
    return { key: original.key, sizeBytes, crc32 };
  } catch (thrown) {
    const error = asSyncError(thrown);
    if (error.decision === 'stop') throw error;
    return undefined;
  }
}
