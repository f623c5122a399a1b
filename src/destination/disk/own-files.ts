/**
 * Opens the files of `.cloud-sync`. No symbolic link is followed there: a link may lead to a file
 * of another program, which Cloud Sync would change, cut or delete.
 */
import { constants, type Stats } from 'node:fs';
import { lstat, open, type FileHandle } from 'node:fs/promises';
import { SyncError } from '../../errors.ts';
import { ignoring } from './files.ts';
import { errno } from './store-error.ts';

/**
 * Without O_NONBLOCK, opening a named pipe would wait for ever. Windows has none of these flags.
 */
const flagsOfOwn = constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Opens a file of the archive. Errors: DESTINATION_UNUSABLE if it is a link or no file. */
export async function openOwnFile(path: string, flags: number): Promise<FileHandle> {
  const file = await open(path, flags | flagsOfOwn).catch(async (error: unknown) => {
    throw ['ELOOP', 'EMLINK', 'ENXIO'].includes(errno(error) ?? '') ? await refusalAt(path, error) : error;
  });
  const found = await file.stat();
  if (found.isFile()) return file;
  await file.close();
  throw refusal(path, found);
}

/**
 * Returns the text of a file, or undefined if there is no file. Errors: DESTINATION_UNUSABLE if it
 * is a link or no file.
 */
export async function readOwnText(path: string): Promise<string | undefined> {
  const opened = await openOwnFile(path, constants.O_RDONLY).catch(ignoring('ENOENT'));
  if (!opened) return undefined;
  await using file = opened;
  return file.readFile('utf8');
}

/**
 * Returns whether there is something at the path. Errors: DESTINATION_UNUSABLE if it is a symbolic
 * link.
 */
export async function refuseLink(path: string): Promise<boolean> {
  const found = await lstat(path).catch(ignoring('ENOENT', 'ENOTDIR'));
  if (found?.isSymbolicLink()) throw refusal(path, found);
  return found !== undefined;
}

async function refusalAt(path: string, error: unknown): Promise<unknown> {
  const found = await lstat(path).catch(() => undefined);
  return found && !found.isFile() ? refusal(path, found) : error;
}

function refusal(path: string, found: Stats): SyncError {
  const problem = found.isSymbolicLink() ? 'is a symbolic link, and Cloud Sync follows no link in .cloud-sync' : 'is not a file';
  return new SyncError('DESTINATION_UNUSABLE', `${path} ${problem}`, {
    hint: 'Move it away. If it leads to a file or folder of this archive, put that file or folder in its place.',
  });
}
