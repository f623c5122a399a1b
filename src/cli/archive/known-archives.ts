/** The home remembers the location and the id of each archive, and keeps the trackers. */
import { lstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { ensureHome } from '../../config/load.ts';
import { replaceFile } from '../../config/replace-file.ts';
import { SyncError } from '../../errors.ts';
import { explainAbsence } from '../../lib/files/absence.ts';
import { makePrivateFolder } from '../../lib/files/private-files.ts';
import { describeSystemError, systemErrorCode } from '../../lib/files/system-error.ts';
import { respellLocation } from './archive-place.ts';

/** Maps the location of each archive to the archive's id. */
export type KnownArchives = Readonly<Record<string, string>>;

/** The file has one line for each archive. A person can remove a line. */
const archivesFile = z.record(z.string(), z.string());

function archivesPath(home: string): string {
  return join(home, 'archives.json');
}

/** Reads the archives that the home knows. Errors: CONFIG_UNREADABLE. */
export function readKnownArchives(home: string): KnownArchives {
  const path = archivesPath(home);
  try {
    const known = archivesFile.parse(JSON.parse(withoutTrailingComma(readFileSync(path, 'utf8'))));
    return Object.fromEntries(Object.entries(known).map(([location, id]) => [respellLocation(location), id]));
  } catch (error) {
    const code = systemErrorCode(error);
    const link = explainAbsence(error, path);
    if (link === undefined && code === 'ENOENT') return {};
    const hint =
      code === undefined
        ? 'Correct the file, or move it away: `sync` then recognises each archive by its own id.'
        : 'Check who owns the home directory and whether its disk is mounted and sound.';
    const reason = code === undefined ? 'its content is not valid' : (link ?? describeSystemError(error));
    throw new SyncError('CONFIG_UNREADABLE', `cannot read ${path}: ${reason}`, { hint, cause: error });
  }
}

/** If a person removes the last line, the line before it ends with a comma, which JSON forbids. */
function withoutTrailingComma(text: string): string {
  return text.trim().replace(/,\s*\}$/, '}');
}

/** Remembers that the archive `id` is at `location`. Errors: CONFIG_UNREADABLE. */
export async function rememberArchive(home: string, location: string, id: string): Promise<void> {
  if (readKnownArchives(home)[location] === id) return;
  await changeKnownArchives(home, (known) => ({ ...known, [location]: id }));
}

/** Changes what the home knows of its archives. Errors: CONFIG_UNREADABLE. */
export async function changeKnownArchives(home: string, change: (known: KnownArchives) => KnownArchives): Promise<void> {
  await ensureHome(home);
  const path = archivesPath(home);
  try {
    replaceFile(path, () => `${JSON.stringify(change(readKnownArchives(home)), null, 2)}\n`);
  } catch (error) {
    if (error instanceof SyncError) throw error;
    throw new SyncError('CONFIG_UNREADABLE', `cannot write ${path}: ${describeSystemError(error)}`, {
      hint: 'Set CLOUD_SYNC_HOME to a directory on a disk of this machine that has free space and that you can write to.',
      cause: error,
    });
  }
}

/** Whether an id can be the name of a directory in the home. Cloud Sync gives no other ids. */
export function isPlainId(archiveId: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9-]{0,63}$/.test(archiveId);
}

/**
 * Returns the path of an archive's tracker, and creates its directory. Errors: CONFIG_UNREADABLE.
 */
export async function trackerPath(home: string, archiveId: string): Promise<string> {
  await ensureHome(home);
  const archives = join(home, 'archives');
  const directory = join(archives, archiveId);
  try {
    makePrivateFolder(archives);
    makePrivateFolder(directory);
  } catch (error) {
    const isLink = [archives, directory].some((path) => lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink());
    throw new SyncError('CONFIG_UNREADABLE', `cannot create ${directory}: ${describeSystemError(error)}`, {
      hint: isLink
        ? 'Put the folder in the place of the link, or move the whole home and set CLOUD_SYNC_HOME to it.'
        : 'Check the permissions of the home directory.',
      cause: error,
    });
  }
  return join(directory, 'tracker.sqlite');
}
