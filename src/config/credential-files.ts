/** Credentials in files of the home: encrypted with a passphrase in the format of the age tool, or plain for their owner alone. */
import { readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { SyncError } from '../errors.ts';
import { deserialise, serialise, type CredentialStore } from './credential-store.ts';
import { ensureHome } from './load.ts';
import { replaceFile } from './replace-file.ts';

export type Warn = (message: string, hint?: string) => void;

/** Asks for the passphrase, from the environment or a person; undefined when there is nobody to ask. */
export type AskPassphrase = (purpose: 'open' | 'create') => Promise<string | undefined>;

/** About a third of a second for whoever has the passphrase, 65,536 times the work of a plain hash for whoever guesses. */
const scryptWorkFactor = 16;

/** `credentials.age`, which the stock `age -d` opens too. */
export function openAgeFile(home: string, warn: Warn, askPassphrase: AskPassphrase): CredentialStore {
  const path = join(home, 'credentials.age');
  return {
    name: 'age',
    description: path,
    load: async () => {
      const sealed = await readPrivate(path, warn);
      if (!sealed) return undefined;
      const passphrase = await askPassphrase('open');
      if (!passphrase) {
        throw new SyncError('CREDENTIALS_MISSING', `${path} is encrypted and there is no passphrase`, {
          hint: 'Set CLOUD_SYNC_PASSPHRASE, or run at a terminal to be asked.',
        });
      }
      return deserialise(await decrypt(sealed, passphrase, path), path);
    },
    save: async (credentials) => {
      const passphrase = await askPassphrase('create');
      if (!passphrase) return false;
      const { Encrypter } = await import('age-encryption');
      const encrypter = new Encrypter();
      encrypter.setScryptWorkFactor(scryptWorkFactor);
      encrypter.setPassphrase(passphrase);
      await write(home, path, await encrypter.encrypt(serialise(credentials)));
      return true;
    },
    clear: async () => rm(path, { force: true }),
  };
}

/** `credentials.json` with mode 0600. */
export function openPlainFile(home: string, warn: Warn): CredentialStore {
  const path = join(home, 'credentials.json');
  return {
    name: 'file',
    description: path,
    load: async () => {
      const content = await readPrivate(path, warn);
      return content && deserialise(content.toString('utf8'), path);
    },
    save: async (credentials) => {
      await write(home, path, serialise(credentials));
      warn(
        `the credentials are in ${path}, readable by every program that you run`,
        'Set CLOUD_SYNC_PASSPHRASE before `login` to keep them encrypted.',
      );
      return true;
    },
    clear: async () => rm(path, { force: true }),
  };
}

async function decrypt(sealed: Uint8Array, passphrase: string, path: string): Promise<string> {
  const { Decrypter } = await import('age-encryption');
  const decrypter = new Decrypter();
  decrypter.addPassphrase(passphrase);
  try {
    return await decrypter.decrypt(sealed, 'text');
  } catch (error) {
    const hint = 'Check the passphrase, or run `cloud-sync login gopro` to write the file anew.';
    throw new SyncError('CREDENTIALS_MISSING', `${path} does not open with this passphrase`, { hint, cause: error });
  }
}

/** The content, or undefined when there is no such file; warns when others may read it. */
async function readPrivate(path: string, warn: Warn): Promise<Buffer | undefined> {
  try {
    const content = await readFile(path);
    const { mode } = await stat(path);
    if (process.platform !== 'win32' && (mode & 0o077) !== 0)
      warn(`other users of this machine may read ${path}`, `Run: chmod 600 "${path}"`);
    return content;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new SyncError('CONFIG_UNREADABLE', `cannot read ${path}: ${(error as Error).message}`, {
      hint: 'Check its permissions.',
      cause: error,
    });
  }
}

async function write(home: string, path: string, content: string | Uint8Array): Promise<void> {
  await ensureHome(home);
  await replaceFile(path, content).catch((error: Error) => {
    throw new SyncError('CONFIG_UNREADABLE', `cannot write ${path}: ${error.message}`, {
      hint: 'Check the permissions and free space of its directory.',
      cause: error,
    });
  });
}
