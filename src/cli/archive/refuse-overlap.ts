import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { SyncError } from '../../errors.ts';
import { realDirectory } from '../../lib/files/real-directory.ts';

const hint = 'Choose a directory outside of every archive.';

/**
 * Refuses a directory for `restore` that is an archive, is inside an archive, or has the archive
 * inside. Files of a person would get into an archive, or an archive into the files of a person.
 * `archive` is the directory of the archive, or undefined for an archive on S3. Errors: USAGE.
 */
export async function refuseOverlap(into: string, archive: string | undefined): Promise<void> {
  const above = await withParents(into);
  for (const path of above) {
    if (await isArchive(path)) {
      const where = path === above[0] ? 'is an archive' : `is inside the archive ${path}`;
      throw new SyncError('USAGE', `--into ${into} ${where}`, { hint });
    }
  }
  if (archive === undefined) return;
  for (const path of await withParents(archive)) {
    if (await isSame(path, above[0]!)) throw new SyncError('USAGE', `--into ${into} contains the archive ${archive}`, { hint });
  }
}

/**
 * Returns the real path of a directory, which may not exist yet, and of all directories above it.
 */
async function withParents(directory: string): Promise<readonly string[]> {
  const paths = [await realDirectory(directory)];
  for (let path = paths[0]!; path !== dirname(path); path = dirname(path)) paths.push(dirname(path));
  return paths;
}

async function isArchive(path: string): Promise<boolean> {
  return (await stat(join(path, '.cloud-sync', 'archive.json')).catch(() => undefined)) !== undefined;
}

/** One directory can have two paths, for example below two mount points. */
async function isSame(one: string, other: string): Promise<boolean> {
  if (one === other) return true;
  const [a, b] = await Promise.all([one, other].map(async (path) => stat(path).catch(() => undefined)));
  return a !== undefined && b !== undefined && a.dev === b.dev && a.ino === b.ino;
}

/** Refuses a file that would be inside an archive. Errors: USAGE. */
export async function refuseInsideArchive(file: string, option: string): Promise<void> {
  for (const path of await withParents(dirname(file))) {
    if (await isArchive(path)) throw new SyncError('USAGE', `${option} ${file} is inside the archive ${path}`, { hint });
  }
}

/** Refuses two archives of which one is inside the other. Errors: USAGE. */
export async function refuseNesting(from: string, to: string): Promise<void> {
  for (const [inner, outer] of [
    [from, to],
    [to, from],
  ] as const) {
    const [own, ...above] = await withParents(inner);
    const other = await realDirectory(outer);
    for (const path of above) {
      if (own !== other && (await isSame(path, other))) throw new SyncError('USAGE', `${inner} is inside ${outer}`, { hint });
    }
  }
}
