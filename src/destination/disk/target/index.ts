import { constants } from 'node:fs';
import { lstat, open, readdir, rmdir, unlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { SyncError } from '../../../errors.ts';
import type { Clock } from '../../../lib/clock.ts';
import { makeDirectory } from '../../../lib/files/make-directories.ts';
import type { ContentFacts } from '../../destination.ts';
import type { Target } from '../../target.ts';
import { createLeaseFile } from '../bookkeeping/lease.ts';
import { contentOf } from '../content.ts';
import { draftSuffix } from '../drafts.ts';
import { ignoring, oneAtATime, syncDirectory } from '../files.ts';
import { createFileLimits } from '../limits.ts';
import { createSpace, freeBytesAt } from '../space.ts';
import { errno } from '../store-error.ts';
import { createTree, draftDirectory, type Tree } from '../tree.ts';
import { forFile, needed, type OpenTarget } from './open-target.ts';
import { beginFile } from './target-file.ts';

/** Space that stays free, for directories and for the lease. */
const minimumFreeBytes = 1024 * 1024;
/** Every common file system takes a name of this length in bytes. */
const usualNameBytes = 255;
/** File systems that encrypt names take a little more than this. */
const shortNameBytes = 140;

/** Opens a directory for `restore`. Nothing is created before `prepare`. */
export function openTarget(directory: string, { clock }: { readonly clock: Clock }): Target {
  const target = createTarget(resolve(directory), clock);
  const { tree, leaseFile } = target;
  return {
    location: tree.root,
    lease: {
      read: async () => needed(target, async () => leaseFile.read()),
      replace: async (before, after) =>
        needed(target, async () => {
          // A run that has just ended may have removed the folder. Only a new lease needs it.
          if (before?.token !== after.token) await makeOwnFolders(tree);
          return leaseFile.replace(before, after);
        }),
    },
    prepare: async () => needed(target, async () => makeOwnFolders(tree)),
    maxNameBytes: async () => needed(target, async () => findMaxNameBytes(tree)),
    compare: async (name, wanted, signal) => forFile(target, async () => compare(tree, name, wanted, signal)),
    begin: async (name, wanted) => forFile(target, async () => beginFile(target, name, wanted)),
    syncNames: async () =>
      needed(target, async () => {
        for (const path of target.directories) await syncDirectory(path);
      }),
    tidy: async () => needed(target, async () => removeOwn(tree)),
    close: async () => leaseFile.close(),
  };
}

function createTarget(root: string, clock: Clock): OpenTarget {
  const tree = createTree(root, 'the directory');
  const leaseFile = createLeaseFile(tree);
  const assertLease = async () => {
    if (!(await leaseFile.isOurs())) throw new SyncError('LEASE_LOST', `another run took over ${root}`);
  };
  return {
    tree,
    clock,
    space: createSpace({ location: root, askFreeBytes: async () => freeBytesAt(root), minimumFreeBytes, clock }),
    limits: createFileLimits(),
    leaseFile,
    naming: { hardLinks: 'auto', assertLease, renameInTurn: oneAtATime() },
    directories: new Set(),
  };
}

/** Never creates the root again, because the disk of a missing root is no longer mounted. */
async function makeOwnFolders(tree: Tree): Promise<void> {
  await makeDirectory(tree.own());
  await makeDirectory(tree.own(draftDirectory));
}

async function findMaxNameBytes(tree: Tree): Promise<number> {
  const isTooLong = await lstat(join(tree.root, 'x'.repeat(usualNameBytes))).then(
    () => false,
    (error: unknown) => errno(error) === 'ENAMETOOLONG',
  );
  return isTooLong ? shortNameBytes : usualNameBytes;
}

async function compare(
  tree: Tree,
  name: string,
  wanted: ContentFacts,
  signal: AbortSignal,
): Promise<'absent' | 'same' | 'other'> {
  const path = await tree.locate(name);
  const found = await lstat(path).catch(ignoring('ENOENT', 'ENOTDIR'));
  if (!found) return 'absent';
  if (!found.isFile() || found.size !== wanted.sizeBytes) return 'other';
  await using file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  const content = await contentOf(file, found.size, null, { signal });
  return content.sizeBytes === wanted.sizeBytes && content.crc32 === wanted.crc32 ? 'same' : 'other';
}

/**
 * Removes our files in `.cloud-sync`, and the folder if nothing else is in it. The lease goes last,
 * so that no other run begins before.
 */
async function removeOwn(tree: Tree): Promise<void> {
  const drafts = await readdir(tree.own(draftDirectory)).catch(ignoring('ENOENT'));
  for (const name of drafts ?? []) {
    if (name.endsWith(draftSuffix)) await unlink(tree.own(draftDirectory, name)).catch(ignoring('ENOENT'));
  }
  await removeIfEmpty(tree.own(draftDirectory));
  await unlink(tree.own('lease')).catch(ignoring('ENOENT'));
  await removeIfEmpty(tree.own());
}

async function removeIfEmpty(directory: string): Promise<void> {
  await rmdir(directory).catch(ignoring('ENOENT', 'ENOTEMPTY', 'EEXIST'));
}
