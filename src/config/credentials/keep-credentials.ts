/** Stores credentials on this machine, and removes them. */
import { asSyncError, SyncError } from '../../errors.ts';
import { describeSystemError } from '../../lib/files/system-error.ts';
import { savingRank } from './age.ts';
import { removeTemporaryCredentials } from './files.ts';
import { changeNote, readNote, type Note } from './note.ts';
import type { CredentialStore, StoredCredentials, StoreName } from './store.ts';
import { briefPatienceMs, openChosenStores, openStores, type CredentialOptions } from './stores.ts';

export interface Saved {
  readonly store: CredentialStore;
  /** The plain file, if it is removed because the credentials are encrypted now. */
  readonly removed: CredentialStore | undefined;
  /** The other stores. They are unchanged. */
  readonly others: readonly OtherStore[];
}

/**
 * Saves credentials in the store that `--credential-store` names. With `auto` they go where they
 * are kept already, or else into the first store that works. Credentials that are encrypted now do
 * not stay in the plain file. Errors: USAGE if the chosen store does not work, CONFIG_UNREADABLE.
 */
export async function saveCredentials(options: CredentialOptions, credentials: StoredCredentials): Promise<Saved> {
  const stores = await inOrderOfChoice(options, await readNote(options.config.home));
  for (const store of stores) {
    try {
      await store.save(credentials);
    } catch (thrown) {
      const error = asSyncError(thrown);
      if (error.code !== 'CREDENTIALS_MISSING') throw error;
      if (stores.length > 1) continue;
      throw new SyncError('USAGE', `the credential store "${store.name}" does not work here: ${error.message}`, {
        hint: store.name === 'age' ? error.hint : 'Use another --credential-store: file, or age with a passphrase.',
        cause: error,
      });
    }
    await noteChange(options, store.name, credentials.lastUpdated);
    const removed = store.name === 'age' ? await removePlainFile(options) : undefined;
    removeLeftovers(options);
    return { store, removed, others: await otherStores(options, store.description) };
  }
  throw new SyncError('BUG', 'no credential store works');
}

/**
 * Removes the plain file. Returns undefined if there was none, or if it can only be warned about.
 */
async function removePlainFile(options: CredentialOptions): Promise<CredentialStore | undefined> {
  const plain = openStores(options).find(({ name }) => name === 'file');
  try {
    if (!(await plain?.clear())) return undefined;
    await noteChange(options, 'file', undefined);
    return plain;
  } catch (thrown) {
    const { message, hint } = asSyncError(thrown);
    options.warn(message, hint);
    return undefined;
  }
}

/** Removes what killed processes left in the home, whichever store they wrote to. */
function removeLeftovers({ config, warn }: CredentialOptions): void {
  try {
    removeTemporaryCredentials(config.home);
  } catch (thrown) {
    const { message, hint } = asSyncError(thrown);
    warn(message, hint);
  }
}

/** A store besides the one that is used. */
export interface OtherStore extends Pick<CredentialStore, 'name' | 'description'> {
  /** Why the store cannot be asked. undefined if it has credentials. */
  readonly problem?: string;
}

/**
 * Returns the other stores that have credentials, or that cannot be asked. Many machines have no
 * keychain, so its problem counts only if the note names it or a person asked for it.
 */
export async function otherStores(options: CredentialOptions, used: string): Promise<readonly OtherStore[]> {
  const stores = openStores({ ...options, keychainPatienceMs: briefPatienceMs });
  const others = stores.filter(({ description }) => description !== used);
  const note = await readNote(options.config.home);
  const isKeychainWanted = note.keychain !== undefined || options.config.settings['credential-store'] === 'keychain';
  const found = await Promise.all(
    others.map(async (store): Promise<OtherStore | undefined> => {
      const { name, description } = store;
      return store.hasAny().then(
        (hasAny) => (hasAny ? { name, description } : undefined),
        (error: unknown) =>
          name === 'keychain' && !isKeychainWanted ? undefined : { name, description, problem: asSyncError(error).message },
      );
    }),
  );
  return found.filter((store) => store !== undefined);
}

export interface Removed {
  readonly removed: readonly CredentialStore[];
  /** Why a store could not be asked. A store without credentials is no failure. */
  readonly failures: readonly SyncError[];
}

/** Removes the credentials from the stores that `--credential-store` allows. */
export async function removeCredentials(options: CredentialOptions): Promise<Removed> {
  const note = await readNote(options.config.home);
  const stores = openChosenStores(options);
  const removed: CredentialStore[] = [];
  const failures: SyncError[] = [];
  for (const store of stores) {
    try {
      if (await store.clear()) removed.push(store);
      await noteChange(options, store.name, undefined);
    } catch (thrown) {
      // Many machines have no keychain. That matters only if it has credentials, or was asked for.
      const matters = store.name !== 'keychain' || note.keychain !== undefined || stores.length === 1;
      if (matters) failures.push(asSyncError(thrown));
    }
  }
  removeLeftovers(options);
  return { removed, failures };
}

/** The order in which `auto` tries the stores if none has credentials. */
const usualOrder: readonly StoreName[] = ['keychain', 'age', 'file'];

async function inOrderOfChoice(options: CredentialOptions, note: Note): Promise<readonly CredentialStore[]> {
  const stores = openChosenStores(options);
  if (stores.length === 1) return stores;
  const kept = await keptIn(stores, note);
  // A person who sets a passphrase does not want a plain file any more.
  const first = kept === 'file' && options.config.settings.passphrase ? 'age' : kept;
  const names = [...(first ? [first] : []), ...usualOrder.filter((name) => name !== first)];
  return names.flatMap((name) => stores.filter((store) => store.name === name));
}

/** The store that has the newest credentials. Earlier versions wrote no note. */
async function keptIn(stores: readonly CredentialStore[], note: Note): Promise<StoreName | undefined> {
  const noted = usualOrder.filter((name) => note[name] !== undefined);
  if (noted.length > 0) return noted.toSorted((a, b) => savingRank(note[b] ?? '') - savingRank(note[a] ?? ''))[0];
  for (const name of usualOrder) {
    const store = stores.find((each) => each.name === name);
    if (await store?.hasAny().catch(() => false)) return name;
  }
  return undefined;
}

/** The note is only a help, so the credentials count as stored even if it cannot be written. */
async function noteChange({ config, warn }: CredentialOptions, store: StoreName, savedAt: string | undefined): Promise<void> {
  await changeNote(config.home, store, savedAt).catch((error: unknown) => {
    warn(`cannot note in ${config.home} where the credentials are: ${describeSystemError(error)}`);
  });
}
