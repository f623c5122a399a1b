/** The note in the home that says which stores hold credentials. It has no secret. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { SyncError } from '../../errors.ts';
import { parseJson } from '../../lib/json.ts';
import { describeSystemError, systemErrorCode } from '../../lib/files/system-error.ts';
import { ensureHome } from '../load.ts';
import { replaceFile } from '../replace-file.ts';
import type { StoreName } from './store.ts';

/** The time when credentials were last saved in each store, in ISO 8601. */
export type Note = { readonly [Name in StoreName]?: string | undefined };

const times = z.object({ keychain: z.string(), age: z.string(), file: z.string() }).partial();
const schema = z.object({ gopro: times.optional() });

function notePath(home: string): string {
  return join(home, 'credential-stores.json');
}

/**
 * Reads the note. It is empty if there is none, or if a person has spoilt it: the stores themselves
 * decide, and the note only helps to explain. Errors: CONFIG_UNREADABLE.
 */
export async function readNote(home: string): Promise<Note> {
  const path = notePath(home);
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (systemErrorCode(error) === 'ENOENT') return '';
    throw new SyncError('CONFIG_UNREADABLE', `cannot read ${path}: ${describeSystemError(error)}`, {
      hint: 'Check who owns the home directory and whether its disk is sound.',
      cause: error,
    });
  });
  return schema.safeParse(parseJson(text)).data?.gopro ?? {};
}

/**
 * Notes when credentials were saved in a store. Without a time, forgets the store. Errors:
 * CONFIG_UNREADABLE, and those of `replaceFile`.
 */
export async function changeNote(home: string, store: StoreName, savedAt: string | undefined): Promise<void> {
  const { [store]: before, ...others } = await readNote(home);
  if (before === savedAt) return;
  await ensureHome(home);
  const gopro = savedAt === undefined ? others : { ...others, [store]: savedAt };
  replaceFile(notePath(home), () => `${JSON.stringify({ gopro }, null, 2)}\n`);
}
