import { link, rename } from 'node:fs/promises';
import { exists } from '../files.ts';
import { errno } from '../store-error.ts';

/** What is needed to name a file without ever replacing another one. */
export interface Naming {
  readonly hardLinks: 'auto' | 'never';
  /** Throws LOCKED when the archive's lease is lost, or was not taken although `required`. */
  readonly assertLease: (lease: { readonly required: boolean }) => Promise<void>;
  /** Runs one check and rename at a time in this process. */
  readonly renameInTurn: <T>(action: () => Promise<T>) => Promise<T>;
}

const noHardLinks = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EXDEV']);

/**
 * Gives the file at `from` the name `to`; false: the name is taken. `from` may be gone afterwards.
 */
export async function nameIfFree(naming: Naming, from: string, to: string): Promise<boolean> {
  if (naming.hardLinks === 'never') return renameIfFree(naming, from, to);
  try {
    await link(from, to);
    return true;
  } catch (error) {
    const code = errno(error) ?? '';
    if (code === 'EEXIST') return false;
    if (noHardLinks.has(code)) return renameIfFree(naming, from, to);
    throw error;
  }
}

/**
 * For file systems without hard links. A rename replaces the target, so only the lease keeps other
 * runs out between the check and the rename.
 */
async function renameIfFree(naming: Naming, from: string, to: string): Promise<boolean> {
  return naming.renameInTurn(async () => {
    await naming.assertLease({ required: true });
    if (await exists(to)) return false;
    await rename(from, to);
    return true;
  });
}
