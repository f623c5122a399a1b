import type { Destination } from '../destination/destination.ts';
import { asSyncError } from '../errors.ts';

/**
 * Returns where the last copy of a missing or damaged file is: the damaged file itself, or a copy
 * in the archive's quarantine. Returns null if the archive has no copy.
 */
export async function lastCopyOf(key: string, destination: Destination): Promise<string | null> {
  const stored = await destination.stat(key).catch(ignoringStoreErrors);
  const place = stored ? key : await destination.quarantined?.(key).catch(ignoringStoreErrors);
  return place === undefined ? null : `${destination.location}/${place}`;
}

/** Ignores errors that do not stop a run. The message then names no copy. */
function ignoringStoreErrors(thrown: unknown): undefined {
  const error = asSyncError(thrown);
  if (error.decision === 'stop') throw error;
  return undefined;
}
