import { lstat, mkdir, open, readdir, realpath, rename, rm, rmdir, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { SyncError } from '../../../errors.ts';
import { isoTime, type Clock } from '../../../lib/clock.ts';
import { makeDirectories } from '../../../lib/files/make-directories.ts';
import { createDraft, draftSuffix, newDraftId } from '../drafts.ts';
import { ignoring, renameOver, syncDirectory } from '../files.ts';
import { readOwnText, refuseLink } from '../own-files.ts';
import { errno } from '../store-error.ts';
import { draftDirectory, type Tree } from '../tree.ts';

const archiveSchema = z.object({ id: z.string().min(1), version: z.number().int(), createdAt: z.string() });
const knownVersion = 1;
const fileName = 'archive.json';

/**
 * Returns the id of the archive in this directory, or undefined if the directory is missing or is
 * no archive. An incomplete id without archived files is no archive: the first run was killed, or
 * the disk was full.
 */
export async function readArchiveId(tree: Tree): Promise<string | undefined> {
  const root = await stat(tree.root).catch(ignoring('ENOENT'));
  if (root && !root.isDirectory()) {
    throw new SyncError('DESTINATION_UNUSABLE', `${tree.root} is not a directory`, {
      hint: 'Choose a directory for the archive.',
    });
  }
  const text = await readOwnText(tree.own(fileName));
  if (text === undefined || (!isJson(text) && !(await isUsed(tree)))) return undefined;
  return parseArchive(tree, text).id;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** True if the directory has a description of a file, or a folder that may hold archived files. */
async function isUsed(tree: Tree): Promise<boolean> {
  const manifest = await lstat(tree.own('manifest.jsonl')).catch(ignoring('ENOENT'));
  if (manifest && manifest.size > 0) return true;
  return (await readdir(tree.root)).some((name) => name.endsWith('-videos'));
}

/**
 * Makes the directory an archive unless it already is one. Returns the id that the archive then
 * has. Simultaneous calls of several processes return the same id.
 */
export async function writeArchiveId(tree: Tree, id: string, clock: Clock): Promise<string> {
  const text = `${JSON.stringify({ id, version: knownVersion, createdAt: isoTime(clock.now()) })}\n`;
  await makeDirectories(tree.own(draftDirectory));
  await tree.requireOwnFolders();
  const chosen = await choose(tree, text);
  // The id is read after the choice, because an earlier choice ends only after its id is written.
  const existing = await readArchiveId(tree);
  if (existing === undefined) await writeText(tree, chosen);
  for (const directory of [tree.own(), tree.root, await parentOf(tree.root)])
    await syncDirectory(directory).catch(ignoring('EACCES', 'EPERM'));
  await endChoice(tree);
  return existing ?? parseArchive(tree, chosen).id;
}

/**
 * Returns the text that the first of several processes proposes. Each process renames its proposal,
 * a directory, to the same name. Every file system, even one without hard links, refuses to rename
 * a directory onto a directory that is not empty.
 */
async function choose(tree: Tree, text: string): Promise<string> {
  const proposal = tree.own(draftDirectory, newDraftId() + draftSuffix);
  await refuseLink(choicePath(tree));
  try {
    await mkdir(proposal);
    await writeNew(join(proposal, fileName), text);
    await syncDirectory(proposal);
    for (let attempt = 1; ; attempt += 1) {
      const refusal = await rename(proposal, choicePath(tree)).then(
        () => undefined,
        (error: unknown) => error,
      );
      if (refusal === undefined) return text;
      const chosen = await readOwnText(join(choicePath(tree), fileName));
      if (chosen !== undefined) return chosen;
      // The name was taken, but the text is gone, because another process has just removed it.
      if (!['ENOTEMPTY', 'EEXIST'].includes(errno(refusal) ?? '') || attempt === 100) throw refusal;
    }
  } finally {
    await rm(proposal, { recursive: true, force: true });
  }
}

/** The directory of the choice. A sweep removes it if a killed process left it. */
function choicePath(tree: Tree): string {
  return tree.own(draftDirectory, `archive-id${draftSuffix}`);
}

async function endChoice(tree: Tree): Promise<void> {
  await unlink(join(choicePath(tree), fileName)).catch(ignoring('ENOENT'));
  await rmdir(choicePath(tree)).catch(ignoring('ENOENT', 'ENOTEMPTY', 'EEXIST'));
}

/** Puts the complete file in place by a rename, which also replaces an incomplete file. */
async function writeText(tree: Tree, text: string): Promise<void> {
  const draft = await createDraft(tree);
  try {
    await using file = draft.handle;
    await file.writeFile(text);
    await file.sync();
    await renameOver(draft.path, tree.own(fileName));
  } catch (error) {
    await unlink(draft.path).catch(ignoring('ENOENT'));
    throw error;
  }
}

async function writeNew(path: string, text: string): Promise<void> {
  await using file = await open(path, 'wx');
  await file.writeFile(text);
  await file.sync();
}

async function parentOf(directory: string): Promise<string> {
  return realpath(`${directory}/..`);
}

function parseArchive(tree: Tree, text: string): z.infer<typeof archiveSchema> {
  let archive: z.infer<typeof archiveSchema>;
  try {
    archive = archiveSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new SyncError('DESTINATION_UNUSABLE', `${tree.own(fileName)} is not a valid archive file`, {
      cause: error,
      hint: 'Restore that file from a backup; it contains the id of the archive.',
    });
  }
  if (archive.version <= knownVersion) return archive;
  throw new SyncError('DESTINATION_UNUSABLE', `${tree.root} was made by a newer Cloud Sync (version ${archive.version})`, {
    hint: 'Update Cloud Sync.',
  });
}
