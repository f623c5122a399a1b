/** Replaces and removes whole files. A kill or a full disk never leaves half a file at the path. */
import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** A process writes a temporary file within seconds. An older file was left by a killed process. */
const leftoverMs = 60 * 60_000;

/** Replaces a file completely or not at all. Only the file's owner can read the new file. */
export function replaceFile(path: string, content: string | Uint8Array): void {
  removeLeftovers(path);
  // Processes in different containers may share a pid, so only a random name is this process's own.
  const temporary = `${path}.${randomBytes(8).toString('hex')}.new`;
  try {
    const file = openSync(temporary, 'wx', 0o600);
    try {
      writeFileSync(file, content);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/**
 * Removes a file and the temporary files that killed processes left. Does not fail if there is no
 * file.
 */
export function removeFile(path: string): void {
  rmSync(path, { force: true });
  removeLeftovers(path);
}

/** Removes the temporary files of killed processes. These files may contain a secret. */
function removeLeftovers(path: string): void {
  for (const name of namesIn(dirname(path))) {
    const isTemporary = name.startsWith(`${basename(path)}.`) && /\.[\da-f]+\.new$/.test(name);
    const file = isTemporary ? statSync(join(dirname(path), name), { throwIfNoEntry: false }) : undefined;
    if (file && Date.now() - file.mtimeMs > leftoverMs) rmSync(join(dirname(path), name), { force: true });
  }
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
