/**
 * Files and folders that only their owner may use, whatever the umask is. None of these functions
 * follows a symbolic link at the end of a path. Windows has no modes, so nothing is narrowed there.
 */
import { chmodSync, closeSync, constants, fchmodSync, lstatSync, mkdirSync, openSync, writeFileSync, type Stats } from 'node:fs';

/** Makes a folder with mode 0700, or narrows its mode. Its parent must exist. */
export function makePrivateFolder(path: string): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found && !found.isDirectory()) throw notOwn(path, found, 'a folder');
  if (found) return narrow(path, found);
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return makePrivateFolder(path);
  }
  chmodIfPossible(path, 0o700);
}

/** Makes an empty file with mode 0600, or narrows the mode of the file. */
export function makePrivateFile(path: string): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found && !found.isFile()) throw notOwn(path, found, 'a file');
  if (found) return narrow(path, found);
  try {
    closeSync(openPrivate(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    makePrivateFile(path);
  }
}

/** Writes a text to a new file with mode 0600, or over the text of the file. */
export function writePrivateFile(path: string, text: string): void {
  const file = openPrivate(path, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC);
  try {
    writeFileSync(file, text);
  } finally {
    closeSync(file);
  }
}

/**
 * Takes all permissions of other users from a file or a folder of this user. Does nothing with a
 * symbolic link. Returns the mode that the path had before, or undefined if nothing was narrowed.
 */
export function makePrivateIfOurs(path: string): number | undefined {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (!found || found.isSymbolicLink() || !isTooWide(found)) return undefined;
  return chmodIfPossible(path, found.mode & 0o700) ? found.mode : undefined;
}

/** Whether this user may change the modes of a file. Windows has no modes. */
export function mayChangeMode({ uid }: Stats): boolean {
  const ours = process.getuid?.();
  return ours !== undefined && (ours === uid || ours === 0);
}

function openPrivate(path: string, flags: number): number {
  const file = openSync(path, flags | constants.O_NOFOLLOW, 0o600);
  // The umask may have taken permissions of the owner.
  if (process.platform !== 'win32') fchmodSync(file, 0o600);
  return file;
}

function narrow(path: string, found: Stats): void {
  if (isTooWide(found)) chmodIfPossible(path, found.mode & 0o700);
}

function isTooWide(found: Stats): boolean {
  return (found.mode & 0o077) !== 0 && mayChangeMode(found);
}

/** Some file systems keep no modes. There the modes of the mount protect the file. */
function chmodIfPossible(path: string, mode: number): boolean {
  try {
    chmodSync(path, mode);
    return true;
  } catch {
    return false;
  }
}

function notOwn(path: string, found: Stats, wanted: string): Error {
  const problem = found.isSymbolicLink() ? 'is a symbolic link, and Cloud Sync follows no link there' : `is not ${wanted}`;
  return new Error(`${path} ${problem}`);
}
