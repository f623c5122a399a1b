import { lstat, readdir, rename, unlink } from 'node:fs/promises';
import { basename, dirname, relative, sep } from 'node:path';
import { SyncError } from '../../../errors.ts';
import { isoTime, type Clock } from '../../../lib/clock.ts';
import { exists, ignoring } from '../files.ts';
import { nameIfFree, type Naming } from './names.ts';
import type { Tree } from '../tree.ts';

const folder = 'quarantine';

/**
 * Moves the damaged file at `key` to the same path below `.cloud-sync/quarantine`, and adds the
 * date if that path is taken. Returns the new path, relative to the archive's root, with `/` as the
 * separator. The move is one rename. With a link and a later unlink, a run that paused between the
 * two could unlink a file that another run has put at the key.
 */
export async function moveToQuarantine(tree: Tree, naming: Naming, key: string, clock: Clock): Promise<string> {
  const from = await tree.locate(key);
  const damaged = await lstat(from).catch(ignoring('ENOENT'));
  if (!damaged) throw new SyncError('STORE_FAILED', `${from} is no longer there`);
  const to = await freePath(tree, key, clock);
  await naming.renameInTurn(async () => {
    await naming.assertLease();
    await rename(from, to);
  });
  // If another run replaced the file just before the rename, the new file gets its name back.
  const moved = await lstat(to);
  const isOther = moved.dev !== damaged.dev || moved.ino !== damaged.ino;
  if (isOther && (await nameIfFree(naming, to, from))) await unlink(to).catch(ignoring('ENOENT'));
  await tree.syncNamesBeside(to);
  await tree.syncNamesBeside(from);
  if (isOther) throw new SyncError('LEASE_LOST', `another run has replaced ${from}`);
  return pathInArchive(tree, to);
}

async function freePath(tree: Tree, key: string, clock: Clock): Promise<string> {
  const date = isoTime(clock.now()).replaceAll(/[-:]|\.\d+/g, '');
  for (let attempt = 0; ; attempt += 1) {
    const suffix = ['', `.${date}`][attempt] ?? `.${date}-${attempt}`;
    const path = await tree.prepare(key + suffix, tree.own(folder));
    if (!(await exists(path))) return path;
  }
}

/** Returns the latest file that was moved away from `key`, relative to the archive's root. */
export async function quarantinedCopy(tree: Tree, key: string): Promise<string | undefined> {
  const found = await findInQuarantine(tree, key);
  return found === undefined ? undefined : pathInArchive(tree, found);
}

async function findInQuarantine(tree: Tree, key: string): Promise<string | undefined> {
  const first = tree.own(folder, ...key.split('/'));
  const names = (await readdir(dirname(first)).catch(ignoring('ENOENT', 'ENOTDIR'))) ?? [];
  const copies = names.filter((name) => name === basename(first) || isDated(name, basename(first)));
  const latest = copies.toSorted((a, b) => a.length - b.length || (a < b ? -1 : 1)).at(-1);
  return latest === undefined ? undefined : tree.own(folder, ...key.split('/').slice(0, -1), latest);
}

function isDated(name: string, original: string): boolean {
  return name.startsWith(original) && /^\.\d{8}T\d{6}Z(?:-\d+)?$/.test(name.slice(original.length));
}

function pathInArchive(tree: Tree, path: string): string {
  return relative(tree.root, path).replaceAll(sep, '/');
}
