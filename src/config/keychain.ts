import { deserialise, serialise, type CredentialStore } from './credential-store.ts';

/** The part of the class `AsyncEntry` of @napi-rs/keyring that is used here. */
interface KeychainEntry {
  getPassword(): Promise<string | null | undefined>;
  setPassword(password: string): Promise<void>;
  deletePassword(): Promise<boolean>;
}

/**
 * Stores credentials in the keychain of the operating system. The store does not work if its
 * optional package is missing or the system's service does not run. Each home has its own entry.
 */
export function openKeychain(home: string): CredentialStore {
  const description = "the system's keychain";
  return {
    name: 'keychain',
    description,
    load: async () => {
      const text = await attempt(home, (entry) => entry.getPassword());
      return typeof text === 'string' && text !== '' ? deserialise(text, description) : undefined;
    },
    save: async (credentials) => {
      const text = serialise(credentials);
      // Some services accept a password and do not keep it, so the password is read back.
      const stored = await attempt(home, async (entry) => {
        await entry.setPassword(text);
        return entry.getPassword();
      });
      return stored === text;
    },
    clear: async () => void (await attempt(home, (entry) => entry.deletePassword())),
  };
}

/**
 * Returns undefined if there is no working keychain. That is no error, because the next store is
 * tried.
 */
async function attempt<Result>(home: string, use: (entry: KeychainEntry) => Promise<Result>): Promise<Result | undefined> {
  try {
    const { AsyncEntry } = await import('@napi-rs/keyring');
    // Without this option Linux may use the kernel's keyring, which is lost at the next boot.
    return await use(new AsyncEntry('cloud-sync', `gopro ${home}`, { linux: { store: 'secret-service' } }));
  } catch {
    return undefined;
  }
}
