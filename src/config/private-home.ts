/** Keeps other users of this machine out of the home. On Windows the folder of the user does that. */
import { chmodSync, readdirSync, statSync, type Stats } from 'node:fs';
import { basename, join, resolve, sep } from 'node:path';
import { SyncError } from '../errors.ts';
import { makePrivateIfOurs, mayChangeMode } from '../lib/private-files.ts';

const hasModes = process.getuid !== undefined;
const othersWrite = 0o002;
const othersRead = 0o044;
const isCredentials = /[/\\]credentials\.(?:json|age)$/;
/** In a folder with this bit, such as /tmp, each user can create files. */
const sticky = 0o1000;

/**
 * Takes the permission to write from other users, before config.toml decides where the credentials
 * are sent. Returns warnings. Errors: CONFIG_UNREADABLE for a home that every user can change.
 */
export function keepOthersFromWriting(home: string): readonly string[] {
  const found = hasModes ? statusOf(home) : undefined;
  if (!found?.isDirectory() || (found.mode & othersWrite) === 0) return [];
  if ((found.mode & sticky) !== 0 || !mayChangeMode(found)) {
    throw new SyncError('CONFIG_UNREADABLE', `every user of this machine can change the home directory ${home}`, {
      hint: 'Set CLOUD_SYNC_HOME to a directory of your own. It holds the credentials and says where they are sent.',
    });
  }
  const isClosed = (): boolean => (statSync(home).mode & othersWrite) === 0;
  try {
    chmodSync(home, found.mode & 0o7755);
  } catch {
    // A file system without modes refuses. The warning says so.
  }
  return [
    isClosed()
      ? `every user of this machine could change ${home}; only you can now. Check its config.toml`
      : `every user of this machine can change ${home}, and its file system keeps no permissions; use another directory`,
  ];
}

/**
 * Gives mode 0700 to the folders and 0600 to the files that Cloud Sync has in the home. Leaves the
 * home itself as it is if it also contains the archive, which other users may read. Returns a
 * warning for credentials that other users could read, and for a config.toml that they could change.
 */
export function narrowHome(home: string, to: string | undefined): readonly string[] {
  if (!hasModes) return [];
  if (to === undefined || !resolve(to).startsWith(home + sep)) makePrivateIfOurs(home);
  return [...ownPaths(home)].flatMap((path) => {
    const before = makePrivateIfOurs(path) ?? 0;
    if (isCredentials.test(path) && (before & othersRead) !== 0)
      return [`other users of this machine could read ${path}; only you can now`];
    if (basename(path) === 'config.toml' && (before & othersWrite) !== 0)
      return [`every user of this machine could change ${path}; only you can now. Check its content`];
    return [];
  });
}

/** Returns undefined for a path that cannot be used. Whoever reads config.toml reports that. */
function statusOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}

function* ownPaths(home: string): Iterable<string> {
  const ownFile = /^(?:config\.toml|archives\.json|credentials\.(?:json|age))(?:\.|$)/;
  for (const name of namesIn(home)) if (ownFile.test(name)) yield join(home, name);
  const archives = join(home, 'archives');
  yield archives;
  for (const id of namesIn(archives)) {
    yield join(archives, id);
    for (const name of namesIn(join(archives, id))) if (name.startsWith('tracker.sqlite')) yield join(archives, id, name);
  }
}

/** The names in a folder. Whoever needs a folder that cannot be read reports that. */
function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
