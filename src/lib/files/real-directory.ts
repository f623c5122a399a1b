import { readlink, realpath } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';

/**
 * Follows the links in an absolute path, also if the directory or the target of a link is missing.
 */
export async function realDirectory(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    const parent = dirname(path);
    if (parent === path) return path;
    // `realpath` also fails if the path is a link whose target is not mounted. Such a link is
    // followed here.
    const target = (error as NodeJS.ErrnoException).code === 'ENOENT' ? await readlink(path).catch(() => undefined) : undefined;
    return target === undefined ? join(await realDirectory(parent), basename(path)) : realDirectory(resolve(parent, target));
  }
}

/** Whether a path is a directory or below it. Both paths are real. */
export function isAtOrBelow(directory: string, path: string): boolean {
  return path === directory || path.startsWith(directory.endsWith(sep) ? directory : directory + sep);
}
