/**
 * Stores credentials in a file in the home. The file is encrypted in the age format, or plain with
 * mode 0600.
 */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { SyncError } from '../../errors.ts';
import { explainAbsence } from '../../lib/files/absence.ts';
import { describeSystemError, systemErrorCode } from '../../lib/files/system-error.ts';
import { deserialise, serialise, type CredentialStore } from './store.ts';
import { ensureHome } from '../load.ts';
import { removeFile, removeTemporaryFiles, replaceFile } from '../replace-file.ts';

export type Warn = (message: string, hint?: string) => void;

/** Returns the passphrase from the environment or from a person, or undefined if there is none. */
export type AskPassphrase = (purpose: 'open' | 'create') => Promise<string | undefined>;

/**
 * With this factor each try of a passphrase takes a third of a second, and 65,536 times the work of
 * a plain hash.
 */
const scryptWorkFactor = 16;

/**
 * Stores credentials in `credentials.age`. The standard command `age -d` can open that file too.
 */
export function openAgeFile(home: string, warn: Warn, askPassphrase: AskPassphrase): CredentialStore {
  const path = agePath(home);
  return {
    name: 'age',
    description: path,
    load: async () => {
      const sealed = await readPrivate(path, warn);
      if (!sealed) return undefined;
      const passphrase = await askPassphrase('open');
      if (!passphrase) {
        throw new SyncError('CREDENTIALS_MISSING', `${path} is encrypted, but no passphrase is set`, {
          hint: 'Set CLOUD_SYNC_PASSPHRASE, or run at a terminal to be asked.',
        });
      }
      return deserialise(await decrypt(sealed, passphrase, path), path);
    },
    hasAny: async () => exists(path),
    save: async (credentials) => {
      const passphrase = await askPassphrase('create');
      if (!passphrase) {
        throw new SyncError('CREDENTIALS_MISSING', `no passphrase is set for ${path}`, {
          hint: 'Set CLOUD_SYNC_PASSPHRASE, or run at a terminal to be asked.',
        });
      }
      const { Encrypter } = await import('age-encryption');
      const encrypter = new Encrypter();
      encrypter.setScryptWorkFactor(scryptWorkFactor);
      encrypter.setPassphrase(passphrase);
      await write(home, path, await encrypter.encrypt(serialise(credentials)));
    },
    clear: async () => remove(path),
  };
}

/** Stores credentials in `credentials.json` with mode 0600. */
export function openPlainFile(home: string, warn: Warn): CredentialStore {
  const path = plainPath(home);
  return {
    name: 'file',
    description: path,
    load: async () => {
      const content = await readPrivate(path, warn);
      return content && deserialise(content.toString('utf8'), path);
    },
    hasAny: async () => exists(path),
    save: async (credentials) => {
      await write(home, path, serialise(credentials));
      warn(
        `the credentials are unencrypted in ${path}; every program that you run can read them`,
        'Run `cloud-sync login gopro --credential-store age` to encrypt them with a passphrase, from CLOUD_SYNC_PASSPHRASE or typed in.',
      );
    },
    clear: async () => remove(path),
  };
}

/**
 * Removes the temporary files of both credential files. They may contain a secret if a process was
 * killed. Errors: CONFIG_UNREADABLE.
 */
export function removeTemporaryCredentials(home: string): void {
  for (const path of [agePath(home), plainPath(home)]) {
    try {
      removeTemporaryFiles(path);
    } catch (error) {
      throw cannot('remove the temporary files of', path, error);
    }
  }
}

function agePath(home: string): string {
  return join(home, 'credentials.age');
}

function plainPath(home: string): string {
  return join(home, 'credentials.json');
}

async function decrypt(sealed: Uint8Array, passphrase: string, path: string): Promise<string> {
  const { Decrypter } = await import('age-encryption');
  const decrypter = new Decrypter();
  decrypter.addPassphrase(passphrase);
  try {
    return await decrypter.decrypt(sealed, 'text');
  } catch (error) {
    const hint = 'Check the passphrase, or run `cloud-sync login gopro` to replace the file.';
    throw new SyncError('CREDENTIALS_MISSING', `the passphrase does not open ${path}`, { hint, cause: error });
  }
}

/**
 * Reads a file that should be private. Returns undefined if there is no file. Warns if other users
 * can read the file.
 */
async function readPrivate(path: string, warn: Warn): Promise<Buffer | undefined> {
  try {
    const content = await readFile(path);
    const { mode } = await stat(path);
    if (process.platform !== 'win32' && (mode & 0o077) !== 0)
      warn(`other users of this machine can read ${path}`, `Run: chmod 600 "${path}"`);
    return content;
  } catch (error) {
    if (isAbsent(error, path)) return undefined;
    throw cannot('read', path, error);
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    (error: unknown) => {
      if (isAbsent(error, path)) return false;
      throw cannot('read', path, error);
    },
  );
}

/** Removes a file. Returns whether there was one. */
async function remove(path: string): Promise<boolean> {
  const isThere = await exists(path);
  try {
    removeFile(path);
  } catch (error) {
    if (error instanceof SyncError) throw error;
    throw cannot('remove', path, error);
  }
  return isThere;
}

function isAbsent(error: unknown, path: string): boolean {
  return systemErrorCode(error) === 'ENOENT' && explainAbsence(error, path) === undefined;
}

function cannot(act: string, path: string, error: unknown): SyncError {
  const reason = explainAbsence(error, path) ?? describeSystemError(error);
  return new SyncError('CONFIG_UNREADABLE', `cannot ${act} ${path}: ${reason}`, {
    hint: 'Check who owns the file and its directory, or set CLOUD_SYNC_HOME to a directory on a disk of this machine.',
    cause: error,
  });
}

async function write(home: string, path: string, content: string | Uint8Array): Promise<void> {
  await ensureHome(home);
  try {
    replaceFile(path, () => content);
  } catch (error) {
    if (error instanceof SyncError) throw error;
    throw cannot('write', path, error);
  }
}
