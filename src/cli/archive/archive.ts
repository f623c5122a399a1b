/** Opens the archive that `--to` names, and makes sure that it is the one that this home knows there (design: never start over in an empty mount point). */
import { randomUUID } from 'node:crypto';
import { mkdir, stat } from 'node:fs/promises';
import { dirname, isAbsolute } from 'node:path';
import type { Config } from '../../config/load.ts';
import type { Destination } from '../../destination/destination.ts';
import { SyncError } from '../../errors.ts';
import { systemClock } from '../../lib/clock.ts';
import type { Report } from '../../events.ts';
import type { Tracker } from '../../tracker/tracker.ts';
import { openDestination } from './destinations.ts';
import { archivesPath, readKnownArchives, rememberArchive, type KnownArchives } from './known-archives.ts';
import { locationOf, parsePlace, type Place } from './place.ts';
import { openTracker, refuseUsedTable } from './trackers.ts';

export interface OpenArchive extends AsyncDisposable {
  readonly destination: Destination;
  readonly tracker: Tracker;
}

/** `fill` may make a new archive, `plan` writes nothing at the destination, `read` needs one that exists. */
export type Purpose = 'fill' | 'plan' | 'read';

/**
 * The archive and its tracker. Errors: USAGE (`--to` is wrong, or no archive is there to read), ARCHIVE_UNKNOWN, DESTINATION_UNUSABLE,
 * CONFIG_UNREADABLE, TRACKER_UNUSABLE.
 */
export async function openArchive(config: Config, purpose: Purpose, report: Report): Promise<OpenArchive> {
  const { settings, home } = config;
  const place = parsePlace(settings.to);
  const location = await locationOf(place, settings['s3-endpoint']);
  const onWarning = (message: string) => report({ type: 'warning', message });
  const known = await readKnownArchives(home);
  const expected = known[location];
  const destination = await openDestination(place, config, onWarning);
  try {
    const standing = await standingArchive(destination, { location, known, home });
    if (standing === undefined && purpose !== 'read') await refuseUsedTable(config, destination.location);
    const id = standing ?? (await newArchive(destination, place, purpose, report));
    // A plan for a place that is not known yet leaves no trace, not even in the home.
    const leavesTraces = purpose !== 'plan' || expected !== undefined;
    if (leavesTraces) await rememberArchive(home, location, id);
    const tracker = await openTracker(config, { archiveId: id, keeping: leavesTraces ? 'kept' : 'temporary', onWarning });
    return {
      destination,
      tracker,
      [Symbol.asyncDispose]: async () => void (await Promise.all([tracker.close(), destination.close()])),
    };
  } catch (error) {
    await destination.close();
    throw error;
  }
}

/** The id of the archive that is there, if it is the one that is expected there, and nowhere else. */
export async function standingArchive(
  destination: Destination,
  { location, known, home }: { readonly location: string; readonly known: KnownArchives; readonly home: string },
): Promise<string | undefined> {
  const expected = known[location];
  const standing = await destination.identify();
  const remove = `remove the line of ${location} in ${archivesPath(home)}`;
  if (standing === undefined && expected !== undefined) {
    throw new SyncError('ARCHIVE_UNKNOWN', `${location} should hold the archive ${expected}, but no archive is there`, {
      hint: `Is the disk mounted? If that archive is gone for good, ${remove}.`,
    });
  }
  if (standing !== undefined && expected !== undefined && standing !== expected) {
    throw new SyncError('ARCHIVE_UNKNOWN', `${location} holds the archive ${standing}, but ${expected} is known there`, {
      hint: `Is the right disk mounted? To accept the archive that is there now, ${remove}.`,
    });
  }
  // The id becomes the name of a directory in the home.
  if (standing !== undefined && !/^[A-Za-z0-9][A-Za-z0-9-]{0,63}$/.test(standing)) {
    throw new SyncError('DESTINATION_UNUSABLE', `${location} describes itself with an id that Cloud Sync never gives`, {
      hint: 'Restore .cloud-sync/archive.json from a backup, or choose another place.',
    });
  }
  if (standing !== undefined) await refuseCopy(location, standing, known);
  return standing;
}

/** The one tracker of an id would claim of either copy what only the other holds. */
async function refuseCopy(location: string, id: string, known: KnownArchives): Promise<void> {
  for (const [other, otherId] of Object.entries(known)) {
    if (otherId !== id || other === location || !isAbsolute(other) || (await isSameDirectory(other, location))) continue;
    const { openDisk } = await import('../../destination/disk/index.ts');
    const there = openDisk(other, { clock: systemClock });
    const standing = await there.identify().catch(() => undefined);
    await there.close();
    if (standing !== id) continue;
    throw new SyncError('ARCHIVE_UNKNOWN', `${location} and ${other} are both the archive ${id}: one is a copy of the other`, {
      hint: 'Delete `.cloud-sync/archive.json` in the copy; the next `sync` then makes it an archive of its own and takes in what is there.',
    });
  }
}

/** A directory can have two paths, such as below two mount points. */
async function isSameDirectory(one: string, other: string): Promise<boolean> {
  const [a, b] = await Promise.all([one, other].map(async (path) => stat(path).catch(() => undefined)));
  return a !== undefined && b !== undefined && a.dev === b.dev && a.ino === b.ino;
}

async function newArchive(destination: Destination, place: Place, purpose: Purpose, report: Report): Promise<string> {
  if (purpose === 'read') {
    throw new SyncError('USAGE', `${destination.location} is no archive`, {
      hint: 'Check the spelling. An archive is made by `cloud-sync sync --to …`.',
    });
  }
  if (place.kind === 'directory') await checkParent(place.path);
  if (purpose === 'plan') return randomUUID();
  if (place.kind === 'directory') await makeDirectory(place.path);
  const archiveId = await destination.initialise(randomUUID());
  report({ type: 'archive.created', archiveId, path: destination.location });
  return archiveId;
}

/** A missing directory is created, but never a whole path: that would fill the disk below a mount point. */
async function checkParent(path: string): Promise<void> {
  const parent = dirname(path);
  const found = await stat(parent).catch(() => undefined);
  if (found?.isDirectory()) return;
  throw new SyncError('DESTINATION_UNUSABLE', `${path} cannot be made: the directory ${parent} does not exist`, {
    hint: 'Create it, or check whether the disk is mounted.',
  });
}

async function makeDirectory(path: string): Promise<void> {
  await mkdir(path).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code === 'EEXIST' && (await stat(path).catch(() => undefined))?.isDirectory()) return;
    throw new SyncError('DESTINATION_UNUSABLE', `${path} cannot be made: ${error.message}`, {
      hint: 'Check the permissions of its parent, and that the disk is mounted, and not read-only.',
      cause: error,
    });
  });
}
