import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { draftPath, uploadLost } from './drafts.ts';
import { openOwnFile } from './own-files.ts';
import { errno } from './store-error.ts';
import type { Tree } from './tree.ts';

/**
 * The maximum number of files that stay open while no part uses them. Keeping a file open costs
 * less than opening it for each part, but too many open files exceed the limit of the process.
 */
const maxKept = 64;

/** The open drafts, by upload id. All parts of an upload share one open file. */
export interface OpenFiles {
  readonly tree: Tree;
  readonly inUse: Map<string, SharedFile>;
  /** Files that stay open while no part uses them. */
  readonly kept: Map<string, FileHandle>;
}

interface SharedFile {
  readonly file: Promise<FileHandle>;
  users: number;
}

/** Returns the open draft of an upload, for writing a part. Errors: UPLOAD_LOST. */
export async function acquireFile(files: OpenFiles, id: string): Promise<FileHandle> {
  const { inUse, tree } = files;
  const shared: SharedFile = inUse.get(id) ?? { file: openToWrite(draftPath(tree, id), id, takeKept(files, id)), users: 0 };
  inUse.set(id, shared);
  shared.users += 1;
  return shared.file;
}

/**
 * Ends the use of a draft by one part. After the last use, the draft may stay open if that part was
 * written.
 */
export async function releaseFile(files: OpenFiles, id: string, part: 'written' | 'abandoned'): Promise<void> {
  const shared = files.inUse.get(id);
  if (!shared) return;
  shared.users -= 1;
  if (shared.users > 0) return;
  files.inUse.delete(id);
  const file = await shared.file.catch(() => undefined);
  if (part === 'written' && file) await keepFile(files, id, file);
  else await file?.close();
}

export async function keepFile({ kept }: OpenFiles, id: string, handle: FileHandle): Promise<void> {
  if (kept.size < maxKept && !kept.has(id)) kept.set(id, handle);
  else await handle.close();
}

export function takeKept({ kept }: OpenFiles, id: string): FileHandle | undefined {
  const handle = kept.get(id);
  kept.delete(id);
  return handle;
}

export async function closeKept(files: OpenFiles): Promise<void> {
  await Promise.all([...files.kept.keys()].map(async (id) => takeKept(files, id)?.close()));
}

/**
 * Opens a draft for writing, or uses the file that was `kept` open. Throws UPLOAD_LOST if the draft
 * is gone or has a second name. A draft that a crash left with a second name is already in the
 * archive, and a write would change the archived file.
 */
async function openToWrite(path: string, id: string, kept: FileHandle | undefined): Promise<FileHandle> {
  if (kept) return kept;
  const file = await openOwnFile(path, constants.O_RDWR).catch((error: unknown) => {
    throw errno(error) === 'ENOENT' ? uploadLost(id) : error;
  });
  if ((await file.stat()).nlink <= 1) return file;
  await file.close();
  throw uploadLost(id);
}
