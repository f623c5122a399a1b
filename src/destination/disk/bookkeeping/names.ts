import { link, rename } from 'node:fs/promises';
import { exists, ignoring } from '../files.ts';
import { errno } from '../store-error.ts';

/** What `nameIfFree` needs so that it never replaces another file. */
export interface Naming {
  readonly hardLinks: 'auto' | 'never';
  /** Throws LEASE_LOST if another run has taken the archive's lease. */
  readonly assertLease: () => Promise<void>;
  /** Runs one action at a time in this process. An action checks a name and then renames a file. */
  readonly renameInTurn: <T>(action: () => Promise<T>) => Promise<T>;
}

/**
 * Failures of a link that are not about links, so that a rename would fail too. File systems
 * without hard links answer with any other code: EPERM, ENOTSUP, EISDIR, EACCES, EINVAL and more.
 */
const notAboutLinks = new Set(['EDQUOT', 'EIO', 'ELOOP', 'ENAMETOOLONG', 'ENOENT', 'ENOSPC', 'ENOTDIR', 'EROFS', 'ESTALE']);

/**
 * Gives the file at `from` the name `to`. Returns false if that name is taken. Afterwards the file
 * has both names, or only `to`.
 */
export async function nameIfFree(naming: Naming, from: string, to: string): Promise<boolean> {
  if (naming.hardLinks === 'never') return renameIfFree(naming, from, to);
  try {
    await link(from, to);
    return true;
  } catch (error) {
    const code = errno(error) ?? '';
    if (code === 'EEXIST') return false;
    if (notAboutLinks.has(code)) throw error;
    return renameIfFree(naming, from, to);
  }
}

/**
 * Names a file on a file system without hard links. A rename replaces its target. Only the lease
 * keeps other runs from creating the target between the check and the rename.
 */
async function renameIfFree(naming: Naming, from: string, to: string): Promise<boolean> {
  return naming.renameInTurn(async () => {
    await naming.assertLease();
    if (await exists(to)) return false;
    // Some file systems refuse to replace a file, and so notice a name that was taken just now.
    return (await rename(from, to).then(() => true, ignoring('EEXIST'))) ?? false;
  });
}
