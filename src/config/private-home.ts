/**
 * Keeps other users of this machine out of the home. On Windows the folder of the user does that.
 */
import { readdirSync, readFileSync, statSync, type Stats } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { SyncError } from '../errors.ts';
import { parseJson } from '../lib/json.ts';
import { makePrivateIfOurs } from '../lib/files/private-files.ts';
import { isAtOrBelow, realDirectory } from '../lib/files/real-directory.ts';
import { resolveDirectory } from './system.ts';

export const othersWrite = 0o002;
const othersRead = 0o044;
/** New files in a folder with this bit get its group, so the folder is meant for a group. */
const forGroup = 0o2000;
const isCredentials = /[/\\]credentials\.(?:json|age)$/;
const ownFile = /^(?:config\.toml|archives\.json|credential-stores\.json|credentials\.(?:json|age))(?:\.|$)/;
/** The cache of bin/compile-cache.js. */
const compiledCode = '.compiled-code';

/** Errors: USAGE if the archive would be in the cache of compiled code. */
export async function checkArchiveInHome(home: string, to: string | undefined): Promise<void> {
  const archive = await directoryOf(to);
  const cache = join(await realDirectory(home), compiledCode);
  if (archive === undefined || !isAtOrBelow(cache, archive)) return;
  throw new SyncError('USAGE', `--to ${to}: Node keeps compiled code in ${cache}`, { hint: 'Choose another directory.' });
}

/**
 * Gives mode 0700 to the folders and 0600 to the files that Cloud Sync has in the home. Gives mode
 * 0700 to the home itself only if nothing else is in it. Returns a warning for credentials that
 * other users could read, and for a config.toml that they could change.
 */
export async function narrowHome(home: string, to: string | undefined): Promise<readonly string[]> {
  if (process.getuid === undefined) return [];
  await narrowHomeItself(home, to);
  return [...ownPaths(home)].flatMap((path) => {
    const before = makePrivateIfOurs(path) ?? 0;
    if (isCredentials.test(path) && (before & othersRead) !== 0)
      return [`other users of this machine could read ${path}; only you can now`];
    if (basename(path) === 'config.toml' && (before & othersWrite) !== 0)
      return [`every user of this machine could change ${path}; only you can now. Check its content`];
    return [];
  });
}

/**
 * Leaves a folder that other users may need: one with other files, of a group, or with an archive.
 */
async function narrowHomeItself(home: string, to: string | undefined): Promise<void> {
  const found = statusOf(home);
  if (!found?.isDirectory() || found.uid !== process.getuid?.() || (found.mode & forGroup) !== 0) return;
  const real = await realDirectory(home);
  // A folder such as /srv belongs to the machine, even if it holds nothing else yet.
  if (dirname(dirname(real)) === dirname(real) || !holdsOnlyHome(real)) return;
  const archive = await directoryOf(to);
  const locations = archive === undefined ? knownLocations(real) : [...knownLocations(real), archive];
  if (!locations.some((location) => isAtOrBelow(real, location))) makePrivateIfOurs(real);
}

/** Whether Cloud Sync has files in a folder, and nobody else has. */
export function holdsOnlyHome(folder: string): boolean {
  const names = namesIn(folder).filter((name) => name !== compiledCode);
  return names.length > 0 && names.every((name) => name === 'archives' || ownFile.test(name));
}

/** The names in a folder. Whoever needs a folder that cannot be read reports that. */
export function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Returns undefined for a path that cannot be used. Whoever reads config.toml reports that. */
export function statusOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}

/**
 * Returns the real path of the directory that `--to` names, or undefined if it names another place.
 */
async function directoryOf(to: string | undefined): Promise<string | undefined> {
  return to === undefined || /^[a-z][a-z0-9+.-]+:/i.test(to) ? undefined : realDirectory(resolveDirectory(to));
}

/** The locations of the archives that the home knows. Whoever needs a damaged file reports that. */
function knownLocations(home: string): readonly string[] {
  try {
    return Object.keys(parseJson(readFileSync(join(home, 'archives.json'), 'utf8')) ?? {});
  } catch {
    return [];
  }
}

function* ownPaths(home: string): Iterable<string> {
  for (const name of namesIn(home)) if (ownFile.test(name)) yield join(home, name);
  const archives = join(home, 'archives');
  yield archives;
  for (const folder of namesIn(archives).map((id) => join(archives, id))) {
    const trackers = namesIn(folder).filter((name) => name.startsWith('tracker.sqlite'));
    if (trackers.length > 0) yield folder;
    for (const name of trackers) yield join(folder, name);
  }
}
