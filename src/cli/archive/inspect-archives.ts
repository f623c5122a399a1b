/** Finds out what the home knows of its archives, and whether they are still there. */
import { statSync } from 'node:fs';
import type { Config } from '../../config/load.ts';
import { asSyncError } from '../../errors.ts';
import { systemClock } from '../../lib/clock.ts';
import { lastRuns, toLastRun } from '../output/run-lines.ts';
import { parseLocation } from './archive-place.ts';
import { isPlainId, readKnownArchives, trackerPath } from './known-archives.ts';
import { openDestination } from './open-destination.ts';

export interface KnownArchive {
  readonly location: string;
  readonly archiveId: string;
  /** `other`: another archive is at the place. `unreachable`: nobody can say what is there. */
  readonly state: 'there' | 'absent' | 'other' | 'unreachable';
  /** Why the place cannot be reached, or which archive is there. Null if nothing is wrong. */
  readonly reason: string | null;
  /** The size of the tracker in bytes. Null if there is none. */
  readonly trackerBytes: number | null;
  /** Null if there is no tracker or no run. */
  readonly lastRun: ReturnType<typeof toLastRun> | null;
}

/** Looks at every archive that the home knows. Errors: CONFIG_UNREADABLE. */
export async function inspectArchives(config: Config): Promise<readonly KnownArchive[]> {
  const known = Object.entries(readKnownArchives(config.home)).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Promise.all(known.map(async ([location, archiveId]) => inspectArchive(config, location, archiveId)));
}

async function inspectArchive(config: Config, location: string, archiveId: string): Promise<KnownArchive> {
  return { location, archiveId, ...(await lookAt(config, location, archiveId)), ...(await trackerOf(config, archiveId)) };
}

/** Identifies the archive at a location. Creates nothing. */
export async function idAt(config: Config, location: string): Promise<string | undefined> {
  const { place, s3Endpoint } = parseLocation(location);
  const settings = { ...config.settings, 's3-endpoint': s3Endpoint };
  const destination = await openDestination(place, { ...config, settings }, () => {});
  try {
    return await destination.identify();
  } finally {
    await destination.close();
  }
}

async function lookAt(config: Config, location: string, archiveId: string): Promise<Pick<KnownArchive, 'state' | 'reason'>> {
  try {
    const id = await idAt(config, location);
    if (id === archiveId) return { state: 'there', reason: null };
    return id === undefined ? { state: 'absent', reason: null } : { state: 'other', reason: `the archive ${id} is there` };
  } catch (error) {
    return { state: 'unreachable', reason: asSyncError(error).message };
  }
}

async function trackerOf({ home }: Config, archiveId: string): Promise<Pick<KnownArchive, 'trackerBytes' | 'lastRun'>> {
  const path = isPlainId(archiveId) ? await trackerPath(home, archiveId) : '';
  const found = path === '' ? undefined : statSync(path, { throwIfNoEntry: false });
  if (!found) return { trackerBytes: null, lastRun: null };
  const { openSqliteTracker } = await import('../../tracker/sqlite/index.ts');
  const tracker = await openSqliteTracker({ path, archiveId, clock: systemClock }).catch(() => undefined);
  if (!tracker) return { trackerBytes: found.size, lastRun: null };
  try {
    const [run] = await lastRuns(tracker);
    return { trackerBytes: found.size, lastRun: run ? toLastRun(run) : null };
  } finally {
    await tracker.close();
  }
}
