import { readFile } from 'node:fs/promises';
import { addAbortSignal } from 'node:stream';
import { text } from 'node:stream/consumers';
import { commandsFor } from '../../aws/commands.ts';
import { saveCredentials } from '../../config/credentials/keep-credentials.ts';
import type { StoredCredentials } from '../../config/credentials/store.ts';
import { SyncError } from '../../errors.ts';
import { isoTime, systemClock } from '../../lib/clock.ts';
import { clean } from '../../lib/log.ts';
import { rememberSecret } from '../../lib/redact.ts';
import { describeSystemError } from '../../lib/files/system-error.ts';
import type { Context } from '../command.ts';
import { extractCredentials } from '../login/extract.ts';
import { readPasted } from '../prompt.ts';
import { credentialOptions, openApiClient, openSource } from '../provider.ts';

/**
 * Stores the credentials that a person pastes, and names the other stores. Stored credentials stay
 * unchanged until the API accepts the new credentials.
 */
export async function runLogin(context: Context): Promise<number> {
  const secret = context.config.settings['to-secret'];
  try {
    return await login(context);
  } catch (error) {
    throw secret !== undefined && error instanceof SyncError ? withSecretInHint(error, secret) : error;
  }
}

/** Adds `--to-secret` to the `login` command in the error's hint. */
function withSecretInHint(error: SyncError, secret: string): SyncError {
  const { code, message, cause } = error;
  return new SyncError(code, message, { hint: error.hintWith(commandsFor({ stage: 'prod', secret })), cause });
}

async function login(context: Context): Promise<number> {
  const { config, log, stdout, interruption } = context;
  const credentials = extractCredentials(await readInput(context));
  rememberSecret(credentials.accessToken);
  if (credentials.userId) rememberSecret(credentials.userId);

  const http = openApiClient(config);
  try {
    await openSource(config, { credentials, http, onWarning: log.warn }).validate(interruption.signal);
  } catch (error) {
    const refused = error instanceof SyncError && error.code === 'CREDENTIALS_EXPIRED';
    throw refused
      ? new SyncError('CREDENTIALS_EXPIRED', `${error.message}; the stored credentials are unchanged`, {
          hint: 'Sign in at gopro.com again and copy the new cookies.',
          cause: error,
        })
      : error;
  } finally {
    await http.close();
  }
  const since = isoTime(systemClock.now());
  const secret = config.settings['to-secret'];
  if (secret !== undefined) {
    const { putCredentials } = await import('../aws/secret.ts');
    const version = await putCredentials(config, secret, { ...credentials, since });
    stdout.write(`GoPro accepts the credentials. They are now version ${clean(version)} of the secret ${clean(secret)}.\n`);
    return 0;
  }
  await store(context, { ...credentials, lastUpdated: since });
  if (config.settings['gopro-access-token'] !== undefined) {
    log.warn('CLOUD_SYNC_GOPRO_ACCESS_TOKEN is set and overrules the stored credentials', 'Unset it to use the new credentials.');
  }
  return 0;
}

async function store(context: Context, credentials: StoredCredentials): Promise<void> {
  const saved = await saveCredentials(credentialOptions(context), credentials);
  const lines = [`GoPro accepts the credentials. They are stored in ${saved.store.description}.`];
  if (saved.removed) lines.push(`The unencrypted file ${saved.removed.description} is removed.`);
  for (const { name, description, problem } of saved.others) {
    const older = `Older credentials are still in ${description}. \`cloud-sync logout gopro --credential-store ${name}\` removes them.`;
    lines.push(problem === undefined ? older : `Not used: ${problem}.`);
  }
  context.stdout.write(lines.map((line) => `${clean(line)}\n`).join(''));
}

async function readInput({ config, stdin, stderr, interruption: { signal } }: Context): Promise<string> {
  const { file } = config.settings;
  if (file === undefined) {
    const pasted = stdin.isTTY ? readPasted({ stdin, stderr, signal }) : text(addAbortSignal(signal, stdin));
    return pasted.catch((error: unknown) => {
      throw signal.aborted ? signal.reason : error;
    });
  }
  return readFile(file, 'utf8').catch((error: unknown) => {
    throw new SyncError('USAGE', `cannot read --file ${file}: ${describeSystemError(error)}`, {
      hint: 'Check the name and permissions of the file.',
      cause: error,
    });
  });
}
