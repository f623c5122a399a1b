/**
 * Loads and saves credentials. They come from the environment, or else from the first store that
 * has some.
 */
import { SyncError } from '../errors.ts';
import { rememberSecret } from '../lib/redact.ts';
import { openAgeFile, openPlainFile, type AskPassphrase, type Warn } from './credential-files.ts';
import type { CredentialStore, StoredCredentials } from './credential-store.ts';
import { openKeychain } from './keychain.ts';
import type { Config } from './load.ts';

export interface LoadedCredentials extends Omit<StoredCredentials, 'lastUpdated'> {
  /** The place that the credentials come from, in words for a person. */
  readonly origin: string;
  /**
   * The time when the credentials were stored, in ISO 8601. null for credentials from the
   * environment, because their age is unknown.
   */
  readonly lastUpdated: string | null;
}

export interface CredentialOptions {
  readonly config: Config;
  readonly warn: Warn;
  /**
   * Asks a person for the passphrase that the environment does not set. Returns undefined if there
   * is no terminal.
   */
  readonly promptPassphrase: AskPassphrase;
}

/**
 * Loads the credentials. GoPro accepts a token without a user id, but not a user id without a
 * token. After this call no output shows the secrets. Errors: CREDENTIALS_MISSING (the message says
 * what is missing), CONFIG_UNREADABLE.
 */
export async function loadCredentials(options: CredentialOptions): Promise<LoadedCredentials> {
  const fromEnvironment = environmentCredentials(options.config);
  if (fromEnvironment) return rememberSecrets(fromEnvironment);
  const wanted = options.config.settings['credential-store'];
  for (const store of allStores(options).filter(({ name }) => wanted === 'auto' || wanted === name)) {
    const found = await store.load();
    if (found) return rememberSecrets({ ...found, origin: store.description });
  }
  throw new SyncError('CREDENTIALS_MISSING', 'there are no credentials for GoPro', {
    hint: 'Sign in at gopro.com, copy the cookies and run `cloud-sync login gopro`.',
  });
}

/**
 * Saves credentials in the first store that works, and removes them from all other stores. Returns
 * the description of the store. Errors: USAGE if the chosen store does not work, CONFIG_UNREADABLE.
 */
export async function saveCredentials(options: CredentialOptions, credentials: StoredCredentials): Promise<string> {
  const wanted = options.config.settings['credential-store'];
  const stores = allStores(options);
  for (const store of stores.filter(({ name }) => wanted === 'auto' || wanted === name)) {
    if (!(await store.save(credentials))) continue;
    for (const other of stores) if (other !== store) await other.clear();
    return store.description;
  }
  throw new SyncError('USAGE', `the credential store "${wanted}" does not work here`, {
    hint:
      wanted === 'age'
        ? 'Set CLOUD_SYNC_PASSPHRASE, or run at a terminal to be asked.'
        : 'Use --credential-store auto, which takes the first store that works.',
  });
}

/** Returns the days since the credentials were stored, or undefined if that time is unknown. */
export function ageInDays({ lastUpdated }: Pick<LoadedCredentials, 'lastUpdated'>, nowMs: number): number | undefined {
  const storedMs = lastUpdated === null ? NaN : Date.parse(lastUpdated);
  return Number.isNaN(storedMs) ? undefined : (nowMs - storedMs) / 86_400_000;
}

/**
 * Cloud Sync warns about credentials that are at least this many days old. GoPro's cookies last at
 * most 7 days.
 */
export const warnFromDays = 5;

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

/** Returns all stores, in the order in which they are tried. */
function allStores({ config, warn, promptPassphrase }: CredentialOptions): readonly CredentialStore[] {
  const { home, settings } = config;
  const askPassphrase: AskPassphrase = async (purpose) => settings.passphrase || promptPassphrase(purpose);
  return [openKeychain(home), openAgeFile(home, warn, askPassphrase), openPlainFile(home, warn)];
}

function rememberSecrets(credentials: LoadedCredentials): LoadedCredentials {
  rememberSecret(credentials.accessToken);
  if (credentials.userId) rememberSecret(credentials.userId);
  return credentials;
}
