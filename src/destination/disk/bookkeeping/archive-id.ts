import { mkdir, readFile, realpath, stat } from 'node:fs/promises';
import { z } from 'zod';
import { SyncError } from '../../../errors.ts';
import { isoTime, type Clock } from '../../../lib/clock.ts';
import { createWhole } from '../drafts.ts';
import { ignoring, syncDirectory } from '../files.ts';
import type { Tree } from '../tree.ts';

const archiveSchema = z.object({ id: z.string().min(1), version: z.number().int(), createdAt: z.string() });
const knownVersion = 1;
const fileName = 'archive.json';

/**
 * Returns the id of the archive in this directory, or undefined if the directory is missing or is
 * no archive.
 */
export async function readArchiveId(tree: Tree): Promise<string | undefined> {
  const root = await stat(tree.root).catch(ignoring('ENOENT'));
  if (root && !root.isDirectory()) {
    throw new SyncError('DESTINATION_UNUSABLE', `${tree.root} is not a directory`, {
      hint: 'Choose a directory for the archive.',
    });
  }
  const text = await readFile(tree.own(fileName), 'utf8').catch(ignoring('ENOENT'));
  return text === undefined ? undefined : parseArchive(tree, text).id;
}

/**
 * Makes the directory an archive with this id, and returns the id. If the directory already is an
 * archive, only returns the existing id.
 */
export async function writeArchiveId(tree: Tree, id: string, clock: Clock): Promise<string> {
  const existing = await readArchiveId(tree);
  if (existing !== undefined) return existing;
  await mkdir(tree.own(), { recursive: true });
  const text = `${JSON.stringify({ id, version: knownVersion, createdAt: isoTime(clock.now()) })}\n`;
  const file = await createWhole(tree, tree.own(fileName), text);
  await file?.close();
  for (const directory of [tree.own(), tree.root, await parentOf(tree.root)])
    await syncDirectory(directory).catch(ignoring('EACCES', 'EPERM'));
  return (await readArchiveId(tree)) ?? id;
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
