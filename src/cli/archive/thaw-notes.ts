/** The home remembers which files a person asked to thaw, and when. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { replaceFile } from '../../config/replace-file.ts';
import { asSyncError, SyncError } from '../../errors.ts';
import { thawTiers } from '../../media.ts';
import { isPlainId, trackerPath } from './known-archives.ts';

const note = z.object({
  /** ISO 8601. */
  askedAt: z.string(),
  tier: z.enum(thawTiers),
  days: z.number(),
  files: z.number(),
  bytes: z.number(),
  usd: z.number(),
  /** After how many hours the store said that all files can be read, at the latest. */
  hours: z.number(),
});

export type ThawNote = z.infer<typeof note>;

const maxNotes = 100;

/** Returns the notes about an archive, oldest first. An unreadable file counts as none. */
export async function readThawNotes(home: string, archiveId: string): Promise<readonly ThawNote[]> {
  try {
    return z.array(note).parse(JSON.parse(readFileSync(await pathOf(home, archiveId), 'utf8')));
  } catch {
    return [];
  }
}

/** Keeps a note. The store knows the request anyway, so a home that cannot be written is no error. */
export async function noteThaw(
  home: string,
  archiveId: string,
  added: ThawNote,
  warn: (message: string, hint?: string) => void,
): Promise<void> {
  try {
    const notes = [...(await readThawNotes(home, archiveId)), added].slice(-maxNotes);
    replaceFile(await pathOf(home, archiveId), () => `${JSON.stringify(notes, null, 2)}\n`);
  } catch (error) {
    warn(`the home could not keep a note of this thaw: ${asSyncError(error).message}`);
  }
}

async function pathOf(home: string, archiveId: string): Promise<string> {
  if (!isPlainId(archiveId)) throw new SyncError('DESTINATION_UNUSABLE', `the archive has the strange id ${archiveId}`);
  return join(dirname(await trackerPath(home, archiveId)), 'thaws.json');
}
