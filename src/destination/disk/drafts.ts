import { randomBytes } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import { SyncError } from '../../errors.ts';
import { makeDirectory } from '../../lib/files/make-directories.ts';
import { ignoring } from './files.ts';
import { draftDirectory, type Tree } from './tree.ts';

/** A sweep deletes unused files with this suffix that have not changed for 30 days. */
export const draftSuffix = '.part';

export interface Draft {
  readonly path: string;
  readonly handle: FileHandle;
}

const idPattern = /^[0-9a-f]{32}(?:-(?<fence>\d{1,16}))?$/;

/** Returns 32 random hexadecimal digits, and the fence of the lease under which a run begins it. */
export function newDraftId(fence = 0): string {
  const digits = randomBytes(16).toString('hex');
  return fence === 0 ? digits : `${digits}-${fence}`;
}

/** Whether the id belongs to a draft. A tracker may also hold ids from other destinations. */
export function isDraftId(id: string): boolean {
  return idPattern.test(id);
}

/** Returns the fence of the id of a draft. It is 0 if the id has none. */
export function draftFence(id: string): number {
  return Number(idPattern.exec(id)?.groups?.['fence'] ?? 0);
}

/** Returns the path of a draft. Errors: UPLOAD_LOST for an id of another store. */
export function draftPath(tree: Tree, id: string): string {
  if (!isDraftId(id)) throw uploadLost(id);
  return tree.own(draftDirectory, id + draftSuffix);
}

export function uploadLost(id: string): SyncError {
  return new SyncError('UPLOAD_LOST', `the unfinished file of upload ${id} no longer exists`);
}

/**
 * Creates a new empty draft, and the directory of drafts if necessary. Fails if `.cloud-sync` is
 * missing, because the disk may be unmounted.
 */
export async function createDraft(tree: Tree, id = newDraftId()): Promise<Draft> {
  const path = tree.own(draftDirectory, id + draftSuffix);
  const created = await open(path, 'wx+').catch(ignoring('ENOENT'));
  if (created) return { path, handle: created };
  await makeDirectory(tree.own(draftDirectory));
  return { path, handle: await open(path, 'wx+') };
}
