/**
 * Opens the archive that `--to` names. If the home knows an archive at this place, that archive
 * must still be there, because a run must never start over in an empty mount point.
 */
import { randomUUID } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import type { Config } from '../../config/load.ts';
import type { Destination } from '../../destination/destination.ts';
import { asSyncError, SyncError } from '../../errors.ts';
import { systemClock } from '../../lib/clock.ts';
import type { Report } from '../../events.ts';
import type { Tracker } from '../../tracker/tracker.ts';
import { createDirectory, requireParent } from './create-directory.ts';
import { openDestination } from './open-destination.ts';
import { isPlainId, readKnownArchives, rememberArchive, type KnownArchives } from './known-archives.ts';
import { locationOf, parsePlace, type Place } from './archive-place.ts';
import {
  openScratchTracker,
  openTracker,
  openTrackerCopy,
  refuseTableOfOtherArchive,
  type TrackerOptions,
} from './open-tracker.ts';

export interface OpenArchive extends AsyncDisposable {
  readonly destination: Destination;
  readonly tracker: Tracker;
}

/**
 * What a command does with the archive. `fill` may create the archive, `plan` writes nothing to the
 * archive, and `read` needs an existing archive.
 */
export type Purpose = 'fill' | 'plan' | 'read';

/**
 * Opens the archive and its tracker. Errors: USAGE (`--to` is wrong, or there is no archive to
 * read), ARCHIVE_UNKNOWN, DESTINATION_UNUSABLE, CONFIG_UNREADABLE, TRACKER_UNUSABLE.
 */
export async function openArchive(config: Config, purpose: Purpose, report: Report): Promise<OpenArchive> {
  const { settings, home } = config;
  const place = parsePlace(settings.to);
  const location = await locationOf(place, settings['s3-endpoint']);
  const onWarning = (message: string) => report({ type: 'warning', message });
  const known = readKnownArchives(home);
  const expectedId = known[location];
  const destination = await openDestination(place, config, onWarning);
  try {
    const existingId = await identifyArchive(destination, { location, known, onWarning });
    if (existingId === undefined && purpose !== 'read') await refuseTableOfOtherArchive(config, destination.location);
    const id = existingId ?? (await createArchive(destination, place, purpose, report));
    if (purpose !== 'plan') await rememberArchive(home, location, id);
    const tracker = await openTrackerFor(purpose, config, { archiveId: id, isKnown: expectedId !== undefined, onWarning });
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

interface Identification {
  readonly location: string;
  readonly known: KnownArchives;
  readonly onWarning: (message: string) => void;
}

/**
 * A plan for an unknown place writes nothing, not even to the home, so it gets an empty tracker.
 */
async function openTrackerFor(
  purpose: Purpose,
  config: Config,
  { isKnown, ...options }: TrackerOptions & { readonly isKnown: boolean },
): Promise<Tracker> {
  if (purpose !== 'plan') return openTracker(config, options);
  return isKnown ? openTrackerCopy(config, options) : openScratchTracker(options);
}

/**
 * Returns the id of the archive at `location`, or undefined if there is no archive. Errors:
 * ARCHIVE_UNKNOWN if the home knows another archive at `location`, or the same archive at another
 * place.
 */
export async function identifyArchive(
  destination: Destination,
  { location, known, onWarning }: Identification,
): Promise<string | undefined> {
  const expectedId = known[location];
  const id = await destination.identify();
  const remove = `run \`cloud-sync archives remove "${location}"\``;
  if (id === undefined && expectedId !== undefined) {
    throw new SyncError('ARCHIVE_UNKNOWN', `${location} should hold the archive ${expectedId}, but there is no archive`, {
      hint: `Is the disk mounted? If it has moved, run \`cloud-sync archives move\`. If the archive is gone for good, ${remove}.`,
    });
  }
  if (id === undefined) return undefined;
  if (expectedId !== undefined && id !== expectedId) {
    throw new SyncError('ARCHIVE_UNKNOWN', `${location} should hold the archive ${expectedId}, but it holds ${id}`, {
      hint: `Is the right disk mounted? To accept the archive ${id}, ${remove}.`,
    });
  }
  if (!isPlainId(id)) {
    throw new SyncError('DESTINATION_UNUSABLE', `the archive at ${location} has an id that Cloud Sync never gives`, {
      hint: 'Restore .cloud-sync/archive.json from a backup, or choose another place.',
    });
  }
  await refuseCopy(id, { location, known, onWarning });
  return id;
}

/**
 * Refuses a copy of a known archive. Two copies with one id would share one tracker, and that
 * tracker would count files that only one copy holds.
 */
async function refuseCopy(id: string, { location, known, onWarning }: Identification): Promise<void> {
  for (const [other, otherId] of Object.entries(known)) {
    if (otherId !== id || other === location || !isAbsolute(other) || (await isSameDirectory(other, location))) continue;
    const { openDisk } = await import('../../destination/disk/index.ts');
    const disk = openDisk(other, { clock: systemClock });
    const currentId = await disk.identify().catch((error: unknown) => {
      onWarning(`cannot find out whether ${location} is a copy of ${other}: ${asSyncError(error).message}`);
    });
    await disk.close();
    if (currentId !== id) continue;
    throw new SyncError('ARCHIVE_UNKNOWN', `${location} and ${other} are both the archive ${id}: one is a copy of the other`, {
      hint: 'Delete `.cloud-sync/archive.json` in the copy. The next `sync` gives the copy its own id and adopts its files.',
    });
  }
}

/**
 * True if both paths lead to the same directory. One directory can have two paths, for example
 * below two mount points.
 */
async function isSameDirectory(one: string, other: string): Promise<boolean> {
  const [a, b] = await Promise.all([one, other].map(async (path) => stat(path).catch(() => undefined)));
  return a !== undefined && b !== undefined && a.dev === b.dev && a.ino === b.ino;
}

async function createArchive(destination: Destination, place: Place, purpose: Purpose, report: Report): Promise<string> {
  if (purpose === 'read') {
    throw new SyncError('USAGE', `${destination.location} is no archive`, {
      hint: 'Check the spelling. `cloud-sync sync --to …` makes an archive.',
    });
  }
  if (place.kind === 'directory') await requireParent(place.path);
  if (purpose === 'plan') return randomUUID();
  if (place.kind === 'directory') await createDirectory(place.path);
  const archiveId = await destination.initialise(randomUUID());
  report({ type: 'archive.created', archiveId, path: destination.location });
  return archiveId;
}
