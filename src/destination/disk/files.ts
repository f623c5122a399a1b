import { constants } from 'node:fs';
import { lstat, open, rename, unlink, type FileHandle } from 'node:fs/promises';
import { errno } from './store-error.ts';

/**
 * Error codes of systems that cannot open or sync a directory, or sync a file that is open for
 * reading: many network file systems, and Windows.
 */
export const syncUnsupported = [
  'EACCES',
  'EBADF',
  'EINVAL',
  'EISDIR',
  'ENOSYS',
  'ENOTSUP',
  'EOPNOTSUPP',
  'EPERM',
  'EROFS',
] as const;

/** Makes the names in a directory durable, if the file system can do that. */
export async function syncDirectory(path: string): Promise<void> {
  await using directory = await open(path, constants.O_RDONLY).catch(ignoring(...syncUnsupported));
  await directory?.sync().catch(ignoring(...syncUnsupported));
}

/**
 * Renames a file, and replaces a file at the new path. Some file systems refuse to replace a file,
 * so it is removed first. A file that another process puts there in between stays.
 */
export async function renameOver(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if (!['EEXIST', 'EPERM', 'EACCES', 'ENOTSUP'].includes(errno(error) ?? '') || !(await exists(to))) throw error;
    await unlink(to).catch(ignoring('ENOENT'));
    await rename(from, to);
  }
}

/** Shortens a file. Returns false if the file system cannot do that. */
export async function shorten(handle: FileHandle, sizeBytes: number): Promise<boolean> {
  return handle.truncate(sizeBytes).then(
    () => true,
    (error: unknown) => {
      if (!['EINVAL', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP', 'EPERM'].includes(errno(error) ?? '')) throw error;
      return false;
    },
  );
}

/**
 * Writes all of `chunks` from `position` on. If `position` is null, the file must be open for
 * appending, and the bytes are appended.
 */
export async function writeFully(handle: FileHandle, chunks: readonly Uint8Array[], position: number | null): Promise<void> {
  let rest = [...chunks];
  let at = position;
  while (rest.length > 0) {
    const { bytesWritten } = await handle.writev(rest, at ?? undefined);
    if (at !== null) at += bytesWritten;
    rest = withoutFirst(rest, bytesWritten);
  }
}

function withoutFirst(chunks: readonly Uint8Array[], bytes: number): Uint8Array[] {
  let skip = bytes;
  const rest: Uint8Array[] = [];
  for (const chunk of chunks) {
    if (chunk.length > skip) rest.push(skip > 0 ? chunk.subarray(skip) : chunk);
    skip = Math.max(0, skip - chunk.length);
  }
  return rest;
}

export async function exists(path: string): Promise<boolean> {
  return (await lstat(path).catch(ignoring('ENOENT', 'ENOTDIR'))) !== undefined;
}

/**
 * Returns a handler for `catch`. The handler returns undefined for system errors with one of
 * `codes`, and throws all other errors.
 */
export function ignoring(...codes: readonly string[]): (error: unknown) => undefined {
  return (error) => {
    if (!codes.includes(errno(error) ?? '')) throw error;
    return undefined;
  };
}

/**
 * Lets many callers share executions of `action`. Each call waits for an execution that begins
 * after the call. Calls that arrive during an execution share the next execution.
 */
export function shareRuns(action: () => Promise<void>): () => Promise<void> {
  let last = Promise.resolve();
  let waiting: Promise<void> | undefined;
  return async () => {
    waiting ??= last.then(() => {
      waiting = undefined;
      const run = action();
      last = run.catch(() => {});
      return run;
    });
    return waiting;
  };
}

/** Returns a function that runs one action after another. */
export function oneAtATime(): <T>(action: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return async (action) => {
    const run = last.then(action);
    last = run.catch(() => {});
    return run;
  };
}
