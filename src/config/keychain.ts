import { deserialise, serialise, type CredentialStore } from './credential-store.ts';

/** What of @napi-rs/keyring is used here. */
interface Entry {
  getPassword(): Promise<string | null | undefined>;
  setPassword(password: string): Promise<void>;
  deletePassword(): Promise<boolean>;
}

/**
 * The keychain of the operating system, where there is one: an optional package that may be absent, and a service that may not run. Each home
 * has its own entry.
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
      // Read back, because some services accept what they do not keep.
      const stored = await attempt(home, async (entry) => {
        await entry.setPassword(text);
        return entry.getPassword();
      });
      return stored === text;
    },
    clear: async () => void (await attempt(home, (entry) => entry.deletePassword())),
  };
}

/** The result, or undefined when there is no working keychain: that is no error, the next store takes over. */
async function attempt<Result>(home: string, use: (entry: Entry) => Promise<Result>): Promise<Result | undefined> {
  try {
    const { AsyncEntry } = await import('@napi-rs/keyring');
    // Without this Linux may fall back to the kernel's keyring, which forgets everything at the next boot.
    return await use(new AsyncEntry('cloud-sync', `gopro ${home}`, { linux: { store: 'secret-service' } }));
  } catch {
    return undefined;
  }
}
