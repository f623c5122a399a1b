/**
 * A process that does one thing with the system's keychain. Its arguments are the action and the
 * home. It reads a new password from standard input, and prints its answer as JSON.
 */
import { text } from 'node:stream/consumers';

export type KeychainAction = 'get' | 'set' | 'delete';

/** The password is null if there was no entry, and empty after a change. */
export type KeychainAnswer = { readonly password: string | null } | { readonly problem: string };

const [action, home] = process.argv.slice(2);
process.stdout.write(JSON.stringify(await answer(action as KeychainAction, `gopro ${home}`)));

async function answer(wanted: KeychainAction, user: string): Promise<KeychainAnswer> {
  try {
    const { AsyncEntry } = await import('@napi-rs/keyring');
    // Without this option Linux may use the kernel's keyring, which is lost at the next boot.
    const entry = new AsyncEntry('cloud-sync', user, { linux: { store: 'secret-service' } });
    if (wanted === 'get') return { password: (await entry.getPassword()) ?? null };
    if (wanted === 'delete') return { password: (await entry.deletePassword()) ? '' : null };
    await entry.setPassword(await text(process.stdin));
    return { password: '' };
  } catch (error) {
    return { problem: problemOf(error) };
  }
}

function problemOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ERR_MODULE_NOT_FOUND') return 'the optional package @napi-rs/keyring is not installed';
  return message.replace(/^Platform failure: /, '');
}
