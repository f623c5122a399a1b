/**
 * Replaces the library of the system's keychain in every process of the command line, with
 * `node --import`. The file FAKE_KEYCHAIN holds the entries as JSON. While there is no such file,
 * the keychain cannot be reached. With FAKE_KEYCHAIN=mute it never answers.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { setTimeout as delay } from 'node:timers/promises';

const file = process.env['FAKE_KEYCHAIN'] ?? '';

function entries(): Record<string, string> {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>;
  } catch {
    throw new Error('Platform failure: the bus of the desktop is not there');
  }
}

export class AsyncEntry {
  readonly #user: string;

  constructor(_service: string, user: string) {
    this.#user = user;
  }

  async getPassword(): Promise<string | null> {
    if (file === 'mute') await delay(3_600_000);
    return entries()[this.#user] ?? null;
  }

  async setPassword(password: string): Promise<void> {
    writeFileSync(file, JSON.stringify({ ...entries(), [this.#user]: password }));
  }

  async deletePassword(): Promise<boolean> {
    const { [this.#user]: before, ...others } = entries();
    writeFileSync(file, JSON.stringify(others));
    return before !== undefined;
  }
}

registerHooks({
  resolve: (specifier, context, next) =>
    specifier === '@napi-rs/keyring' ? { url: import.meta.url, shortCircuit: true } : next(specifier, context),
});
