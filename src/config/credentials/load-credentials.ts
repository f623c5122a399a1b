/** Loads credentials, from the environment or else from the stores of this machine. */
import { asSyncError, SyncError } from '../../errors.ts';
import { rememberSecret } from '../../lib/redact.ts';
import type { Config } from '../load.ts';
import { savingRank } from './age.ts';
import { gaveNoAnswer } from './keychain.ts';
import { readNote, type Note } from './note.ts';
import type { CredentialStore, StoredCredentials } from './store.ts';
import { openChosenStores, openStores, type CredentialOptions } from './stores.ts';

export interface LoadedCredentials extends Omit<StoredCredentials, 'lastUpdated'> {
  /** The place that the credentials come from, in words for a person. */
  readonly origin: string;
  /**
   * The time when the credentials were stored, in ISO 8601. null for credentials from the
   * environment, because their age is unknown.
   */
  readonly lastUpdated: string | null;
}

/**
 * Loads the credentials: those of the environment, or else the newest that can be read. GoPro
 * accepts a token without a user id, but not a user id without a token. Warns about a store that
 * cannot be read and may have newer ones. After this call no output shows the secrets. Errors:
 * CREDENTIALS_MISSING (the message says what is missing), CONFIG_UNREADABLE.
 */
export async function loadCredentials(options: CredentialOptions): Promise<LoadedCredentials> {
  const { credentials, unread } = await findCredentials(options);
  for (const { message, hint } of unread)
    options.warn(`${message}; the credentials from ${credentials.origin} are used, and they may be older`, hint);
  return credentials;
}

export interface Found {
  readonly credentials: LoadedCredentials;
  /** Why stores that may have newer credentials could not be read. */
  readonly unread: readonly SyncError[];
}

/** Does the same as `loadCredentials`, but returns the problems and does not warn about them. */
export async function findCredentials(options: CredentialOptions): Promise<Found> {
  const fromEnvironment = environmentCredentials(options.config);
  if (fromEnvironment) return { credentials: rememberSecrets(fromEnvironment), unread: [] };
  const note = await readNote(options.config.home);
  const { best, unread } = await readStores(openChosenStores(options), note);
  if (!best) throw noneRead(options, note, unread);
  const newer = unread.filter(({ savedAt }) => savedAt === undefined || savingRank(savedAt) > savingRank(best.lastUpdated));
  const matters = newer.filter((each) => isUsed(each) || gaveNoAnswer(each.error));
  return { credentials: rememberSecrets(best), unread: matters.map(({ error }) => error) };
}

/** A store that could not be read. */
interface Unread {
  readonly store: CredentialStore;
  readonly error: SyncError;
  /** The time by the note when credentials were last saved there. */
  readonly savedAt: string | undefined;
}

interface Readings {
  readonly best: (StoredCredentials & { readonly origin: string }) | undefined;
  readonly unread: readonly Unread[];
}

/** A keychain without a note was probably never used, and many machines have none. */
function isUsed({ store, savedAt }: Unread): boolean {
  return store.name !== 'keychain' || savedAt !== undefined;
}

/**
 * Reads the stores, except those that have older credentials by the note. A keychain may give no
 * answer for a minute, so a keychain that the note does not name is only the last resort.
 */
async function readStores(stores: readonly CredentialStore[], note: Note): Promise<Readings> {
  let best: Readings['best'];
  const unread: Unread[] = [];
  const isLastResort = ({ name }: CredentialStore) =>
    name === 'keychain' && note.keychain === undefined && Object.keys(note).length > 0;
  for (const store of [...stores.filter((each) => !isLastResort(each)), ...stores.filter(isLastResort)]) {
    const savedAt = note[store.name];
    if (best && isLastResort(store)) continue;
    if (best && savedAt !== undefined && savingRank(savedAt) < savingRank(best.lastUpdated)) continue;
    try {
      const found = await store.load();
      if (!found || (best && savingRank(found.lastUpdated) <= savingRank(best.lastUpdated))) continue;
      best = { ...found, origin: store.description };
    } catch (thrown) {
      unread.push({ store, error: asSyncError(thrown), savedAt });
    }
  }
  return { best, unread };
}

/** The error if no store has credentials that can be read. */
function noneRead(options: CredentialOptions, note: Note, unread: readonly Unread[]): SyncError {
  const used = unread.filter(isUsed).toSorted((a, b) => savingRank(b.savedAt ?? '') - savingRank(a.savedAt ?? ''));
  const [newest] = used;
  if (newest) {
    const problems = used.map(
      ({ error, savedAt }) => error.message + (savedAt === undefined ? '' : `. It has credentials of ${savedAt}`),
    );
    return new SyncError(newest.error.code, problems.join('. '), { hint: newest.error.hint, cause: newest.error });
  }
  const wanted = options.config.settings['credential-store'];
  const others = openStores(options).filter(({ name }) => wanted !== 'auto' && wanted !== name && note[name] !== undefined);
  const place = wanted === 'auto' ? options.config.home : `the credential store "${wanted}"`;
  const facts = [
    `there are no credentials for GoPro in ${place}`,
    ...unread.map(({ error }) => error.message),
    ...others.map(({ description }) => `${description} has some`),
  ];
  return new SyncError('CREDENTIALS_MISSING', facts.join('; '), {
    hint:
      others.length > 0
        ? 'Use --credential-store auto, or run `cloud-sync login gopro` to store new credentials here.'
        : 'Sign in at gopro.com, copy the cookies and run `cloud-sync login gopro`.',
  });
}

function environmentCredentials({ settings }: Config): LoadedCredentials | undefined {
  const accessToken = settings['gopro-access-token'];
  const userId = settings['gopro-user-id'];
  if (accessToken === undefined && !userId) return undefined;
  if (!accessToken) {
    const problem =
      accessToken === ''
        ? 'CLOUD_SYNC_GOPRO_ACCESS_TOKEN is set but empty'
        : 'CLOUD_SYNC_GOPRO_USER_ID is set without CLOUD_SYNC_GOPRO_ACCESS_TOKEN';
    throw new SyncError('CREDENTIALS_MISSING', problem, {
      hint: 'Set CLOUD_SYNC_GOPRO_ACCESS_TOKEN to the value of the cookie gp_access_token. Or unset both variables to use the credentials that `cloud-sync login gopro` stored.',
    });
  }
  return { accessToken, ...(userId && { userId }), origin: 'the environment', lastUpdated: null };
}

function rememberSecrets(credentials: LoadedCredentials): LoadedCredentials {
  rememberSecret(credentials.accessToken);
  if (credentials.userId) rememberSecret(credentials.userId);
  return credentials;
}
