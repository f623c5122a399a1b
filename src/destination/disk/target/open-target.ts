import { SyncError } from '../../../errors.ts';
import type { Clock } from '../../../lib/clock.ts';
import type { LeaseFile } from '../bookkeeping/lease.ts';
import type { Naming } from '../bookkeeping/names.ts';
import type { FileLimits } from '../limits.ts';
import type { Space } from '../space.ts';
import { errno, storeError, unusableError } from '../store-error.ts';
import type { Tree } from '../tree.ts';

/** The state of one open target. */
export interface OpenTarget {
  readonly tree: Tree;
  readonly clock: Clock;
  readonly space: Space;
  readonly limits: FileLimits;
  readonly leaseFile: LeaseFile;
  readonly naming: Naming;
  /** The directories of restored files. Their names are made durable at the end, all at once. */
  readonly directories: Set<string>;
}

/** Runs an action without which no file can be restored. */
export async function needed<T>({ tree }: OpenTarget, action: () => Promise<T>): Promise<T> {
  try {
    await tree.requireOwnFolders();
    return await action();
  } catch (error) {
    throw unusableError(tree.root, error);
  }
}

/** Errors of these calls concern the folder of one file, because `prepare` could write. */
const ofOneFile = new Set(['EACCES', 'EPERM', 'EEXIST', 'ENOTDIR', 'EISDIR', 'ELOOP']);

/** Runs an action for one file. */
export async function forFile<T>({ tree }: OpenTarget, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (thrown) {
    const error = storeError(tree.root, thrown);
    if (!(error instanceof SyncError) || error.code !== 'DESTINATION_UNUSABLE') throw error;
    const code = errno(thrown);
    if (code !== undefined && !ofOneFile.has(code)) throw error;
    throw new SyncError('STORE_REFUSED', error.message, { cause: error, hint: error.hint });
  }
}
