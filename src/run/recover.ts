import type { Destination, StoredFile } from '../destination/destination.ts';
import { asSyncError } from '../errors.ts';
import { alwaysRoles } from '../media.ts';
import type { Report } from '../events.ts';
import type { TrackedOriginal, Tracker } from '../tracker/tracker.ts';
import { archivedEvent, describeFile, mediumSet } from '../transfer/describe.ts';

/** What a run sets right before it begins: what an earlier one was killed in the middle of, and what the archive knows and the tracker does not. */

export interface RecoverPorts {
  readonly destination: Destination;
  readonly tracker: Tracker;
  readonly report: Report;
}

/**
 * Adopts the archive's files into a new tracker; with `publish` also fulfils intents and drops uploads that nobody needs, for which the
 * archive's lease must be held. Returns what it brought to its end.
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
 * All bytes of the original had arrived when its intent was recorded, so publishing is all that is left of it, and perhaps not even that:
 * `commit` does what is missing. Where it cannot, the transfer takes the original up like any other.
 */
async function fulfil(row: TrackedOriginal, destination: Destination, tracker: Tracker): Promise<StoredFile | undefined> {
  const { original, sizeBytes, crc32, validator } = row;
  const tracked = await tracker.medium(original.mediaId);
  if (!tracked || sizeBytes === null || crc32 === null) return undefined;
  // Of a file that is stored in one step no upload is remembered: it stands at its key, perhaps not described yet, or nothing of it does.
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
