/** Replaces and removes whole files. A kill or a full disk never leaves half a file at the path. */
import { closeSync, fsyncSync, openSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { isRunning } from '../lib/process.ts';

/** Replaces a file completely or not at all. Only the file's owner can read the new file. */
export function replaceFile(path: string, content: string | Uint8Array): void {
  removeLeftovers(path);
  const temporary = `${path}.${process.pid}.new`;
  try {
    const file = openSync(temporary, 'w', 0o600);
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
    const pid = name.startsWith(`${basename(path)}.`) ? /\.(\d+)\.new$/.exec(name)?.[1] : undefined;
    if (pid !== undefined && !isRunning(Number(pid))) rmSync(join(dirname(path), name), { force: true });
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
