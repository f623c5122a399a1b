import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemErrorCode } from './system-error.ts';

/**
 * Creates a directory and its missing parents with this mode. Node's recursive `mkdir` reports a
 * read-only file system as a missing file. This function fails with the true error.
 */
export async function makeDirectories(path: string, mode = 0o777): Promise<void> {
  try {
    await makeDirectory(path, mode);
  } catch (error) {
    const parent = dirname(path);
    if (systemErrorCode(error) !== 'ENOENT' || parent === path) throw error;
    await makeDirectories(parent, mode);
    await makeDirectory(path, mode);
  }
}

async function makeDirectory(path: string, mode: number): Promise<void> {
  await mkdir(path, { mode }).catch(async (error: unknown) => {
    if (!(await isDirectory(path))) throw error;
  });
}

async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
