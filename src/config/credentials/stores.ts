import type { Config } from '../load.ts';
import { openAgeFile, openPlainFile, type AskPassphrase, type Warn } from './files.ts';
import { openKeychain } from './keychain.ts';
import type { CredentialStore } from './store.ts';

export interface CredentialOptions {
  readonly config: Config;
  readonly warn: Warn;
  /**
   * Asks a person for the passphrase that the environment does not set. Returns undefined if there
   * is no terminal.
   */
  readonly promptPassphrase: AskPassphrase;
  /** How long the keychain may take, in ms. By default a person has time to unlock it. */
  readonly keychainPatienceMs?: number;
}

/** The patience in ms of a command that only shows where credentials are. */
export const briefPatienceMs = 2_000;

/** Opens all stores. Reading the encrypted file takes longest, so it comes last. */
export function openStores(options: CredentialOptions): readonly CredentialStore[] {
  const { config, warn, promptPassphrase, keychainPatienceMs } = options;
  const { home, settings } = config;
  const askPassphrase: AskPassphrase = async (purpose) => settings.passphrase || promptPassphrase(purpose);
  return [openPlainFile(home, warn), openKeychain(home, keychainPatienceMs), openAgeFile(home, warn, askPassphrase)];
}

/** Opens the stores that `--credential-store` allows. */
export function openChosenStores(options: CredentialOptions): readonly CredentialStore[] {
  const wanted = options.config.settings['credential-store'];
  return openStores(options).filter(({ name }) => wanted === 'auto' || wanted === name);
}
