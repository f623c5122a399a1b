import { randomBytes } from 'node:crypto';
import { link, mkdir, open, unlink, type FileHandle } from 'node:fs/promises';
import { ignoring } from './files.ts';
import { errno } from './store-error.ts';
import type { Tree } from './tree.ts';

/** Where files grow until they get their name. What a crash leaves there is swept after a week. */
export const draftDirectory = 'partial';
export const draftSuffix = '.part';

export interface Draft {
  /** 32 random hexadecimal digits. */
  readonly id: string;
  readonly path: string;
  readonly handle: FileHandle;
}

/** A new empty file. Our own directory is never created here: where it is missing, the disk is not mounted. */
export async function createDraft(tree: Tree): Promise<Draft> {
  const id = randomBytes(16).toString('hex');
  const path = tree.own(draftDirectory, id + draftSuffix);
  const created = await open(path, 'wx+').catch(ignoring('ENOENT'));
  if (created) return { id, path, handle: created };
  await mkdir(tree.own(draftDirectory)).catch(ignoring('EEXIST'));
  return { id, path, handle: await open(path, 'wx+') };
}

/**
 * Creates a small file that appears with all of its text or not at all; undefined when the name is taken. The open file stays the one
 * created here, even when another one takes its name. Without hard links a crash may leave it empty.
 */
export async function createWhole(tree: Tree, path: string, text: string): Promise<FileHandle | undefined> {
  const draft = await createDraft(tree);
  try {
    await draft.handle.write(text, 0);
    await draft.handle.sync();
    await link(draft.path, path);
    return draft.handle;
  } catch (error) {
    await draft.handle.close();
    if (errno(error) === 'EEXIST') return undefined;
    const file = await open(path, 'wx+').catch(ignoring('EEXIST'));
    await file?.write(text, 0);
    await file?.sync();
    return file;
  } finally {
    await unlink(draft.path);
  }
}
