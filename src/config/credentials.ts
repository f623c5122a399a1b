/** Where credentials come from and go to: the environment, else the first store of this machine that has them. */
import { SyncError } from '../errors.ts';
import { rememberSecret } from '../lib/redact.ts';
import { openAgeFile, openPlainFile, type AskPassphrase, type Warn } from './credential-files.ts';
import type { CredentialStore, StoredCredentials } from './credential-store.ts';
import { openKeychain } from './keychain.ts';
import type { Config } from './load.ts';

export interface LoadedCredentials extends Omit<StoredCredentials, 'lastUpdated'> {
  /** Which place they came from, for a person. */
  readonly origin: string;
  /** ISO 8601; null for the environment, which does not tell. */
  readonly lastUpdated: string | null;
}

export interface CredentialOptions {
  readonly config: Config;
  readonly warn: Warn;
  /** Asks a person; undefined when there is no terminal. Only called when the environment has no passphrase. */
  readonly promptPassphrase: AskPassphrase;
}

/**
 * A token without a user id works with GoPro; a user id without a token is half a pair. Every secret is kept out of all output from here
 * on. Errors: CREDENTIALS_MISSING naming what is missing, CONFIG_UNREADABLE.
 */
export async function loadCredentials(options: CredentialOptions): Promise<LoadedCredentials> {
  const fromEnvironment = environmentCredentials(options.config);
  if (fromEnvironment) return remembered(fromEnvironment);
  const wanted = options.config.settings['credential-store'];
  for (const store of allStores(options).filter(({ name }) => wanted === 'auto' || wanted === name)) {
    const found = await store.load();
    if (found) return remembered({ ...found, origin: store.description });
  }
  throw new SyncError('CREDENTIALS_MISSING', 'there are no credentials for GoPro', {
    hint: 'Sign in at gopro.com, copy the cookies and run `cloud-sync login gopro`.',
  });
}

/** Puts credentials into the first store that works and removes older ones from the others. Returns where they are. */
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
        : 'Use --credential-store auto, which takes the first that works.',
  });
}

/** Days since the credentials were stored; undefined where that is not known. GoPro's cookies live for at most 7. */
export function ageInDays({ lastUpdated }: Pick<LoadedCredentials, 'lastUpdated'>, nowMs: number): number | undefined {
  const storedMs = lastUpdated === null ? NaN : Date.parse(lastUpdated);
  return Number.isNaN(storedMs) ? undefined : (nowMs - storedMs) / 86_400_000;
}

/** From this age on a run warns. */
export const warnFromDays = 5;

function environmentCredentials({ settings }: Config): LoadedCredentials | undefined {
  const accessToken = settings['gopro-access-token'];
  const userId = settings['gopro-user-id'];
  if (accessToken === undefined && !userId) return undefined;
  if (!accessToken) {
    const what =
      accessToken === ''
        ? 'CLOUD_SYNC_GOPRO_ACCESS_TOKEN is set but empty'
        : 'CLOUD_SYNC_GOPRO_USER_ID is set without CLOUD_SYNC_GOPRO_ACCESS_TOKEN';
    throw new SyncError('CREDENTIALS_MISSING', what, {
      hint: 'Set it to the value of the cookie gp_access_token, or unset it to use what `cloud-sync login gopro` stored.',
    });
  }
  return { accessToken, ...(userId && { userId }), origin: 'the environment', lastUpdated: null };
}

/** In the order in which they are tried. */
function allStores({ config, warn, promptPassphrase }: CredentialOptions): readonly CredentialStore[] {
  const { home, settings } = config;
  const askPassphrase: AskPassphrase = async (purpose) => settings.passphrase || promptPassphrase(purpose);
  return [openKeychain(home), openAgeFile(home, warn, askPassphrase), openPlainFile(home, warn)];
}

function remembered(credentials: LoadedCredentials): LoadedCredentials {
  rememberSecret(credentials.accessToken);
  if (credentials.userId) rememberSecret(credentials.userId);
  return credentials;
}
