import { lstat, readdir, unlink } from 'node:fs/promises';
import { basename, dirname, relative, sep } from 'node:path';
import { SyncError } from '../../../errors.ts';
import { isoTime, type Clock } from '../../../lib/clock.ts';
import { exists, ignoring } from '../files.ts';
import { nameIfFree, type Naming } from './names.ts';
import type { Tree } from '../tree.ts';

const folder = 'quarantine';

/**
 * Moves the file at `key` to the same path below `.cloud-sync/quarantine`, and adds the date if
 * that path is taken. Returns the new path, relative to the archive's root, with `/` as the
 * separator. After a crash the file may have both names. Then a repeated call removes the first.
 */
export async function moveToQuarantine(tree: Tree, naming: Naming, key: string, clock: Clock): Promise<string> {
  const from = await tree.locate(key);
  if (!(await exists(from))) throw new SyncError('STORE_FAILED', `${from} is no longer there`);
  const date = isoTime(clock.now()).replaceAll(/[-:]|\.\d+/g, '');
  const earlier = await findInQuarantine(tree, key);
  for (let attempt = 0; ; attempt += 1) {
    const suffix = ['', `.${date}`][attempt] ?? `.${date}-${attempt}`;
    const isMoved = earlier !== undefined && (await isSameFile(from, earlier));
    const to = isMoved ? earlier : await tree.prepare(key + suffix, tree.own(folder));
    if (!isMoved && !(await nameIfFree(naming, from, to))) continue;
    await tree.syncNamesBeside(to);
    await unlink(from).catch(ignoring('ENOENT'));
    await tree.syncNamesBeside(from);
    return pathInArchive(tree, to);
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

async function isSameFile(one: string, other: string): Promise<boolean> {
  const [a, b] = await Promise.all([one, other].map(async (path) => lstat(path).catch(ignoring('ENOENT'))));
  return a !== undefined && b !== undefined && a.dev === b.dev && a.ino === b.ino;
}

function pathInArchive(tree: Tree, path: string): string {
  return relative(tree.root, path).replaceAll(sep, '/');
}
