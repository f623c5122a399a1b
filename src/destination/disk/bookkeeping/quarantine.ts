import { randomBytes } from 'node:crypto';
import { lstat, readdir, rename, unlink } from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';
import { SyncError } from '../../../errors.ts';
import { isoTime, type Clock } from '../../../lib/clock.ts';
import { ignoring } from '../files.ts';
import { nameIfFree, type Naming } from './names.ts';
import { quarantineDirectory, type Tree } from '../tree.ts';

/** The most bytes of a file's name that common file systems allow. */
const maxNameBytes = 255;
/** The length of what is added to a name: a date to the millisecond, and eight random digits. */
const suffixBytes = '.20240102T030405678Z-89abcdef'.length;

/**
 * Moves the damaged file at `key` to the same folder below `.cloud-sync/quarantine`. Returns the
 * new path, relative to the archive's root, with `/` as the separator. The move is one rename. With
 * a link and a later unlink, a run that paused between the two could unlink a file that another run
 * has put at the key.
 */
export async function moveToQuarantine(tree: Tree, naming: Naming, key: string, clock: Clock): Promise<string> {
  const from = await tree.locate(key);
  const damaged = await lstat(from).catch(ignoring('ENOENT'));
  if (!damaged) throw new SyncError('STORE_FAILED', `${from} is no longer there`);
  const to = await newPath(tree, key, clock);
  await naming.renameInTurn(async () => {
    await naming.assertLease();
    await rename(from, to);
  });
  const moved = await lstat(to);
  const isOther = moved.dev !== damaged.dev || moved.ino !== damaged.ino;
  if (isOther) await putBack(naming, to, from);
  await tree.syncNamesBeside(to);
  await tree.syncNamesBeside(from);
  if (isOther) throw new SyncError('LEASE_LOST', `another run has replaced ${from}`);
  return pathInArchive(tree, to);
}

/**
 * Gives a file its name back that another run put at the key just before the rename. The run that
 * does this has lost its lease, so this is the only naming that needs no lease.
 */
async function putBack(naming: Naming, to: string, from: string): Promise<void> {
  const withoutLease = { ...naming, assertLease: async () => {} };
  if (await nameIfFree(withoutLease, to, from)) await unlink(to).catch(ignoring('ENOENT'));
}

/**
 * Returns a path that no other run can choose. A rename to a path that two runs could choose might
 * replace the file that the other run has moved there.
 */
async function newPath(tree: Tree, key: string, clock: Clock): Promise<string> {
  const suffix = `.${isoTime(clock.now()).replaceAll(/[-:.]/g, '')}-${randomBytes(4).toString('hex')}`;
  const beside = await tree.prepare(key, tree.own(quarantineDirectory));
  return join(dirname(beside), shortened(basename(beside)) + suffix);
}

/** Cuts off the beginning of a long name. Its end names the medium, and so must stay. */
function shortened(name: string): string {
  let rest = name;
  while (Buffer.byteLength(rest) > maxNameBytes - suffixBytes) rest = rest.replace(/^./su, '');
  return rest;
}

/** Returns the latest file that was moved away from `key`, relative to the archive's root. */
export async function quarantinedCopy(tree: Tree, key: string): Promise<string | undefined> {
  const found = await findInQuarantine(tree, key);
  return found === undefined ? undefined : pathInArchive(tree, found);
}

async function findInQuarantine(tree: Tree, key: string): Promise<string | undefined> {
  const first = tree.own(quarantineDirectory, ...key.split('/'));
  const names = (await readdir(dirname(first)).catch(ignoring('ENOENT', 'ENOTDIR'))) ?? [];
  const copies = names.flatMap((name) => copyOf(basename(first), name) ?? []);
  const latest = copies.toSorted((a, b) => a.suffix.length - b.suffix.length || (a.suffix < b.suffix ? -1 : 1)).at(-1);
  return latest && join(dirname(first), latest.name);
}

/**
 * Returns the suffix of a name if it names a copy of the file `original`. Earlier versions added no
 * suffix, or only a date to the second, perhaps with a number. A later form is longer.
 */
function copyOf(original: string, name: string) {
  const start = [original, shortened(original)].find((text) => name.startsWith(text));
  const suffix = start === undefined ? undefined : name.slice(start.length);
  const isCopy = suffix === '' || /^\.\d{8}T\d{6}(?:\d{3})?Z(?:-[\da-f]+)?$/.test(suffix ?? '-');
  return suffix !== undefined && isCopy ? { name, suffix } : undefined;
}

function pathInArchive(tree: Tree, path: string): string {
  return relative(tree.root, path).replaceAll(sep, '/');
}
