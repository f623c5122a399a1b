import { constants, lstatSync } from 'node:fs';
import { lstat, open, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { SyncError } from '../../../errors.ts';
import type { ListedFile, ListOptions, StatOptions, StoredFile } from '../../destination.ts';
import { contentOf } from '../content.ts';
import { ignoring } from '../files.ts';
import { absentOrDenied, errno, storeError, unreadable } from '../store-error.ts';
import type { Manifest } from './manifest.ts';
import { ownDirectory, type Tree } from '../tree.ts';

/** Yields every described file whose key is not in `except`, with the size that it has now. */
export async function* describedFiles(
  tree: Tree,
  manifest: Manifest,
  { except, onUnreadable }: ListOptions = {},
): AsyncIterable<ListedFile> {
  for await (const entries of manifest.entries(except)) {
    const directories = Map.groupBy(entries, (entry) => entry.key.slice(0, entry.key.lastIndexOf('/') + 1));
    for (const [directory, files] of directories) {
      try {
        const path = dirname(await tree.locate(`${directory}file`));
        yield* files.map((file) => ({ ...file, presentBytes: sizeOf(join(path, file.key.slice(directory.length))) }));
      } catch (error) {
        if (!onUnreadable) throw error;
        for (const { key } of files) onUnreadable(key, storeError(tree.root, error));
      }
    }
  }
}

/**
 * Returns the size of a file, or null if there is no such file. A symbolic link is no archived
 * file, because its target is outside the archive's care. The call is synchronous, because
 * asynchronous calls for 100,000 files take three times the CPU time.
 */
function sizeOf(path: string): number | null {
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found?.isFile() ? found.size : null;
}

/**
 * Returns the file at a key with its size on the disk. `deep` also computes the CRC32 from its
 * bytes.
 */
export async function statFile(
  tree: Tree,
  key: string,
  { deep = false, from = 0, to, take, signal }: StatOptions = {},
): Promise<StoredFile | undefined> {
  const path = await tree.locate(key).catch(asErrorOfOneFile);
  const found = await lstat(path).catch(absentOrDenied(path));
  if (!found?.isFile()) return undefined;
  if (!deep) return { key, sizeBytes: found.size, crc32: null };
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW).catch(absentOrDenied(path, 'ELOOP'));
  if (!file) return undefined;
  try {
    const { sizeBytes, crc32 } = await contentOf(file, found.size, null, { from, to, take, signal });
    return { key, sizeBytes, crc32 };
  } catch (error) {
    throw errno(error) === 'EIO' ? unreadable(path, error) : error;
  } finally {
    await file.close();
  }
}

/**
 * A folder that leads out of the archive hides its own files, but does not stop the work on others.
 */
function asErrorOfOneFile(error: unknown): never {
  if (!(error instanceof SyncError) || error.code !== 'DESTINATION_UNUSABLE') throw error;
  throw new SyncError('STORE_FAILED', error.message, { cause: error, ...(error.hint !== undefined && { hint: error.hint }) });
}

/**
 * Yields the files outside `.cloud-sync` whose key is not in `known`. Names are compared in NFC,
 * because some file systems decompose them. Directories that we may not read, such as `lost+found`,
 * are skipped.
 */
export async function* unknownFiles(tree: Tree, known: ReadonlySet<string>): AsyncIterable<string> {
  const waiting = [''];
  const otherSpelling = spellings(tree, known);
  for (let directory = waiting.pop(); directory !== undefined; directory = waiting.pop()) {
    const path = join(tree.root, directory);
    const entries = await readdir(path, { withFileTypes: true }).catch(ignoring('ENOENT', 'EACCES', 'EPERM', 'ENOTDIR'));
    for (const entry of entries ?? []) {
      const key = directory === '' ? entry.name : `${directory}/${entry.name}`;
      if (key === ownDirectory) continue;
      if (entry.isDirectory()) waiting.push(key);
      else if (!known.has(key) && !known.has(key.normalize('NFC')) && !(await otherSpelling(key))) yield key;
    }
  }
}

/**
 * Returns a function that says whether a path is another spelling of a known key. A file system
 * that ignores case may show a folder as somebody else has spelled it.
 */
function spellings(tree: Tree, known: ReadonlySet<string>): (key: string) => Promise<boolean> {
  let folded: Map<string, string> | undefined;
  return async (key) => {
    folded ??= new Map(Array.from(known, (name) => [fold(name), name]));
    const name = folded.get(fold(key));
    if (name === undefined) return false;
    const [one, other] = await Promise.all([key, name].map(async (path) => lstat(join(tree.root, path)).catch(() => undefined)));
    return one !== undefined && one.ino === other?.ino && one.dev === other.dev;
  };
}

function fold(key: string): string {
  return key.normalize('NFC').toLowerCase();
}
