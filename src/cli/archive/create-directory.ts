import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { SyncError } from '../../errors.ts';
import { describeSystemError, systemErrorCode } from '../../lib/files/system-error.ts';

/**
 * Checks that the parent directory exists, because only the last directory of a path is created. If
 * the parent is missing, the disk may not be mounted, and the files would fill another disk.
 */
export async function requireParent(path: string): Promise<void> {
  const parent = dirname(path);
  const found = await stat(parent).catch((error: unknown) => {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw cannotCreate(path, error);
  });
  if (found?.isDirectory()) return;
  const problem = found ? 'is not a directory' : 'does not exist';
  throw new SyncError('DESTINATION_UNUSABLE', `cannot create ${path}: the directory ${parent} ${problem}`, {
    hint: found ? 'Choose another place.' : `Create ${parent}, or check whether the disk is mounted.`,
  });
}

export async function createDirectory(path: string): Promise<void> {
  await mkdir(path).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code === 'EEXIST' && (await stat(path).catch(() => undefined))?.isDirectory()) return;
    throw cannotCreate(path, error);
  });
}

function cannotCreate(path: string, error: unknown): SyncError {
  return new SyncError('DESTINATION_UNUSABLE', `cannot create ${path}: ${describeSystemError(error)}`, {
    hint: 'Check the permissions of the parent directory, and that the disk is mounted and not read-only.',
    cause: error,
  });
}
