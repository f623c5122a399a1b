import { link, rename } from 'node:fs/promises';
import { exists } from '../files.ts';
import { errno } from '../store-error.ts';

/** How a file gets a name that nothing is ever replaced under. */
export interface Naming {
  readonly hardLinks: 'auto' | 'never';
  /** LOCKED when the archive's lease is lost, or was never taken where it is required. */
  readonly assertLease: (lease: { readonly required: boolean }) => Promise<void>;
  /** Keeps one check and rename of this process from coming between another's. */
  readonly renameInTurn: <T>(action: () => Promise<T>) => Promise<T>;
}

const noHardLinks = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EXDEV']);

/** Gives the file at `from` the name `to`; false: the name is taken. `from` may be gone then. */
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

/** Without hard links. A rename replaces: only the lease keeps others out between the two steps. */
async function renameIfFree(naming: Naming, from: string, to: string): Promise<boolean> {
  return naming.renameInTurn(async () => {
    await naming.assertLease({ required: true });
    if (await exists(to)) return false;
    await rename(from, to);
    return true;
  });
}
