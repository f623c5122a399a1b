/** Replaces and removes whole files. A kill or a full disk never leaves half a file at the path. */
import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, lstatSync, openSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { SyncError } from '../errors.ts';
import { whileLocked } from '../lib/files/while-locked.ts';

/**
 * Replaces a file completely or not at all. Only the file's owner can read the new file. No other
 * process replaces the file while `makeContent` runs, so it may read the present file. Errors:
 * CONFIG_UNREADABLE for anything but a file, and those of the file system.
 */
export function replaceFile(path: string, makeContent: () => string | Uint8Array): void {
  refuseOtherThanFile(path);
  whileLocked(lockOf(path), () => {
    removeLeftovers(path);
    const temporary = `${path}.${randomBytes(8).toString('hex')}.new`;
    try {
      writeDurably(temporary, makeContent());
      renameSync(temporary, path);
    } catch (error) {
      rmSync(temporary, { force: true });
      throw error;
    }
  });
}

function writeDurably(path: string, content: string | Uint8Array): void {
  const file = openSync(path, 'wx', 0o600);
  try {
    writeFileSync(file, content);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/**
 * Removes a file and the temporary files that killed processes left. Does not fail if there is no
 * file. Errors: CONFIG_UNREADABLE for anything but a file, and those of the file system.
 */
export function removeFile(path: string): void {
  refuseOtherThanFile(path);
  rmSync(path, { force: true });
  removeTemporaryFiles(path);
}

/** Removes the temporary files that killed processes left of a file. The file itself stays. */
export function removeTemporaryFiles(path: string): void {
  if (leftoversOf(path).length > 0) whileLocked(lockOf(path), () => removeLeftovers(path));
}

/** If a link were replaced or removed, its target would keep an old state or a secret. */
function refuseOtherThanFile(path: string): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (!found || found.isFile()) return;
  const problem = found.isSymbolicLink() ? 'it is a symbolic link, and Cloud Sync follows no link there' : 'it is not a file';
  throw new SyncError('CONFIG_UNREADABLE', `cannot change ${path}: ${problem}`, {
    hint: 'Put the file in its place, or move the whole home and set CLOUD_SYNC_HOME to it.',
  });
}

function lockOf(path: string): string {
  return `${path}.lock`;
}

/**
 * Removes temporary files, which may contain a secret. The caller holds the lock, so no living
 * process still writes one of these files.
 */
function removeLeftovers(path: string): void {
  for (const name of leftoversOf(path)) rmSync(join(dirname(path), name), { force: true });
}

function leftoversOf(path: string): readonly string[] {
  return namesIn(dirname(path)).filter((name) => name.startsWith(`${basename(path)}.`) && /\.[\da-f]+\.new$/.test(name));
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
