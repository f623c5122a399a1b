import { realpath } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { SyncError } from '../../errors.ts';
import { makeDirectory } from '../../lib/files/make-directories.ts';
import { ignoring, shareRuns, syncDirectory } from './files.ts';
import { refuseLink } from './own-files.ts';
import { absentOrUnreadable } from './store-error.ts';

/**
 * The only directory that belongs to Cloud Sync. Everything else in the root belongs to the person.
 */
export const ownDirectory = '.cloud-sync';

/** The folders in `.cloud-sync` for unfinished files and for damaged files. */
export const draftDirectory = 'partial';
export const quarantineDirectory = 'quarantine';
const ownFolders = [draftDirectory, quarantineDirectory];

/** Translates keys to paths below the archive's root. */
export interface Tree {
  readonly root: string;
  /** Returns a path in `.cloud-sync`. */
  own(...names: readonly string[]): string;
  /**
   * Checks that `.cloud-sync` and its folders are no symbolic links. Checks them only once, after
   * `.cloud-sync` exists.
   */
  requireOwnFolders(): Promise<void>;
  /**
   * Returns the path of a key. Checks that the existing directories of the path are inside the
   * root. Errors: DESTINATION_UNUSABLE if they are not, STORE_FAILED if they cannot be read.
   */
  locate(key: string): Promise<string>;
  /**
   * Returns the path of a key below `within` (default: the root). Creates the directories of the
   * path and makes them durable.
   */
  prepare(key: string, within?: string): Promise<string>;
  /**
   * Makes the names in the directory that contains `path` durable. Simultaneous calls share one
   * sync.
   */
  syncNamesBeside(path: string): Promise<void>;
  /** Forgets which directories exist, because one of them has vanished. */
  forget(): void;
}

/**
 * Whether a text can be a key. A key has no segment that is empty, `.` or `..`, and is outside
 * `.cloud-sync`.
 */
export function isKey(key: string): boolean {
  const segments = key.split('/');
  const odd = segments.some((segment) => segment === '' || segment === '.' || segment === '..' || /[\0\\]/.test(segment));
  return !odd && segments[0]?.toLowerCase() !== ownDirectory;
}

/**
 * Creates the tree below an absolute path. Each directory is checked and created only once. `noun`
 * names the tree in messages.
 */
export function createTree(root: string, noun = 'the archive'): Tree {
  const inside = new Map<string, Promise<void>>();
  const ready = new Map<string, Promise<void>>();
  const sync = shareSyncs();
  const ownPath = join(root, ownDirectory);
  let hasOwnFolders = false;
  const makeReady = async (directory: string): Promise<void> => {
    if (directory === root) return;
    await remembered(ready, directory, async () => {
      await makeReady(dirname(directory));
      if (await makeDirectory(directory)) await sync(dirname(directory));
      else if (isInside(directory, ownPath)) await refuseLink(directory);
      else await checkInside(root, directory, noun);
    });
  };
  return {
    root,
    own: (...names) => join(ownPath, ...names),
    requireOwnFolders: async () => {
      hasOwnFolders ||= await refuseOwnLinks(ownPath);
    },
    locate: async (key) => {
      const path = pathOf(root, key);
      const directory = dirname(path);
      await remembered(inside, directory, async () => checkInside(root, directory, noun));
      return path;
    },
    prepare: async (key, within = root) => {
      const path = pathOf(within, key);
      await makeReady(dirname(path));
      return path;
    },
    syncNamesBeside: async (path) => sync(dirname(path)),
    forget: () => {
      inside.clear();
      ready.clear();
      hasOwnFolders = false;
    },
  };
}

/** Returns a function that syncs a directory. Simultaneous calls for one directory share a sync. */
function shareSyncs(): (directory: string) => Promise<void> {
  const syncs = new Map<string, () => Promise<void>>();
  return async (directory) => {
    const run = syncs.get(directory) ?? shareRuns(async () => syncDirectory(directory));
    syncs.set(directory, run);
    return run();
  };
}

/** Refuses links in the place of our own folders. Returns whether `.cloud-sync` exists. */
async function refuseOwnLinks(ownPath: string): Promise<boolean> {
  const found = await refuseLink(ownPath);
  for (const name of ownFolders) await refuseLink(join(ownPath, name));
  return found;
}

function pathOf(root: string, key: string): string {
  if (!isKey(key)) throw new SyncError('BUG', `${JSON.stringify(key)} cannot be the key of an archived file`);
  return join(root, ...key.split('/'));
}

/**
 * Checks that a directory is inside the root. A person may link directories inside an archive, but
 * not out of the archive and not to `.cloud-sync`.
 */
async function checkInside(root: string, directory: string, noun: string): Promise<void> {
  const realRoot = await realpath(root).catch(ignoring('ENOENT'));
  const real = await realpath(directory).catch(absentOrUnreadable(directory));
  if (realRoot === undefined || real === undefined) return;
  if (isInside(real, realRoot) && !isInside(real, join(realRoot, ownDirectory))) return;
  const where = isInside(real, realRoot) ? 'into .cloud-sync' : `out of ${noun}`;
  throw new SyncError('DESTINATION_UNUSABLE', `${directory} leads ${where}, to ${real}`, {
    hint: 'Remove that symbolic link, or choose another directory.',
  });
}

function isInside(path: string, directory: string): boolean {
  return path === directory || path.startsWith(directory + sep);
}

/**
 * Calls `call` once for each name, and gives the result to all callers. Forgets a call that failed.
 */
async function remembered(calls: Map<string, Promise<void>>, name: string, call: () => Promise<void>): Promise<void> {
  const known = calls.get(name);
  if (known) return known;
  const fresh = call();
  calls.set(name, fresh);
  fresh.catch(() => calls.delete(name));
  return fresh;
}
