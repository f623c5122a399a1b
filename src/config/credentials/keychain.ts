/** Stores credentials in the keychain of the operating system, through a process of its own. */
import { spawn } from 'node:child_process';
import { extname } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { SyncError } from '../../errors.ts';
import { parseJson } from '../../lib/json.ts';
import { deserialise, serialise, type CredentialStore } from './store.ts';
import type { KeychainAction, KeychainAnswer } from './keychain-process.ts';

/** In the source this file ends in `.ts`, and in the installed package in `.js`. */
const script = fileURLToPath(new URL(`./keychain-process${extname(import.meta.url)}`, import.meta.url));

/**
 * How long the keychain may take, in ms. It may ask a person at the desktop for a password. A
 * keychain without an answer must not hold up a run for ever.
 */
const usualPatienceMs = 60_000;

/**
 * Opens the keychain. Each home has its own entry. Each method fails with CREDENTIALS_MISSING and
 * the reason if the keychain cannot be reached: its optional package is missing, the system's
 * service does not run, or it does not answer.
 */
export function openKeychain(home: string, patienceMs = usualPatienceMs): CredentialStore {
  const description = "the system's keychain";
  const ask = async (action: KeychainAction, password = '') => {
    const answer = await askProcess([action, home], password, patienceMs);
    if ('password' in answer) return answer.password;
    throw new SyncError('CREDENTIALS_MISSING', `${description} cannot be reached: ${answer.problem}`, {
      cause: answer.isTooLate ? new DOMException(answer.problem, 'TimeoutError') : undefined,
      hint: 'Start this command in the session of your desktop, or store the credentials in a file: `cloud-sync login gopro --credential-store file`.',
    });
  };
  return {
    name: 'keychain',
    description,
    load: async () => {
      const stored = await ask('get');
      return stored === null || stored === '' ? undefined : deserialise(stored, description);
    },
    hasAny: async () => Boolean(await ask('get')),
    save: async (credentials) => {
      const content = serialise(credentials);
      // Some services accept a password and do not keep it, so the password is read back.
      await ask('set', content);
      if ((await ask('get')) === content) return;
      throw new SyncError('CREDENTIALS_MISSING', `${description} does not keep what is stored in it`);
    },
    clear: async () => (await ask('delete')) !== null,
  };
}

/** Whether an error of the keychain means that it is there and gave no answer. */
export function gaveNoAnswer({ cause }: SyncError): boolean {
  return cause instanceof DOMException && cause.name === 'TimeoutError';
}

/** A library of the system can block its whole process, so only another process can give it up. */
async function askProcess(
  args: readonly string[],
  password: string,
  patienceMs: number,
): Promise<KeychainAnswer & { isTooLate?: boolean }> {
  const child = spawn(process.execPath, [script, ...args], { stdio: ['pipe', 'pipe', 'ignore'] });
  const kill = () => void child.kill('SIGKILL');
  let isTooLate = false;
  const tooLate = setTimeout(() => {
    isTooLate = true;
    kill();
  }, patienceMs);
  process.once('exit', kill);
  child.on('error', () => {}); // no output then stands for the failure
  child.stdin.on('error', () => {}); // the process may end before it reads its input
  child.stdin.end(password);
  const output = await text(child.stdout);
  clearTimeout(tooLate);
  process.off('exit', kill);
  const answer = parseJson(output) as KeychainAnswer | undefined;
  return answer ?? { isTooLate, problem: isTooLate ? `it gave no answer within ${patienceMs / 1000} s` : 'its process failed' };
}
