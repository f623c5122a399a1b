import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { redactText } from '../../lib/redact.ts';
import { loadConfig } from '../load.ts';
import { ageInDays } from './age.ts';
import { saveCredentials } from './keep-credentials.ts';
import { loadCredentials } from './load-credentials.ts';
import type { CredentialOptions } from './stores.ts';

const credentials = {
  accessToken: 'the-access-token-of-a-test',
  userId: 'the-user-of-a-test',
  userAgent: 'A Browser',
  lastUpdated: '2026-05-01T00:00:00.000Z',
};

async function optionsFor(
  environment: Readonly<Record<string, string>>,
  home = newHome(),
): Promise<CredentialOptions & { readonly home: string; readonly warnings: string[] }> {
  const warnings: string[] = [];
  const config = await loadConfig({ home }, environment);
  return { config, home, warnings, warn: (message) => void warnings.push(message), promptPassphrase: async () => undefined };
}

function newHome(): string {
  const home = mkdtempSync(join(tmpdir(), 'cloud-sync-test-'));
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));
  return home;
}

test('credentials in a plain file cause a warning, and no output shows their secrets after they are loaded', async () => {
  const options = await optionsFor({ CLOUD_SYNC_CREDENTIAL_STORE: 'file' });
  const { store } = await saveCredentials(options, credentials);
  expect(options.warnings).toEqual([expect.stringContaining('credentials.json')]);
  expect(await loadCredentials(options)).toEqual({ ...credentials, origin: store.description });
  expect(redactText(`x ${credentials.accessToken} y ${credentials.userId}`)).toBe('x [redacted] y [redacted]');
});

test('a typed passphrase encrypts and opens credentials.age, and saving to another store names and keeps that file', async () => {
  const home = newHome();
  const asked: string[] = [];
  const sealed = {
    ...(await optionsFor({ CLOUD_SYNC_CREDENTIAL_STORE: 'age' }, home)),
    promptPassphrase: async (purpose: string) => (asked.push(purpose), 'typed in'),
  };
  await saveCredentials(sealed, credentials);
  expect(await loadCredentials(sealed)).toMatchObject(credentials);
  expect(asked).toEqual(['create', 'open']);
  const { others } = await saveCredentials(await optionsFor({ CLOUD_SYNC_CREDENTIAL_STORE: 'file' }, home), credentials);
  expect(others).toContainEqual({ name: 'age', description: join(home, 'credentials.age') });
  expect(existsSync(join(home, 'credentials.age'))).toBe(true);
});

test('the encrypted file is neither written nor read without a passphrase', async () => {
  const home = newHome();
  const options = await optionsFor({ CLOUD_SYNC_CREDENTIAL_STORE: 'age' }, home);
  await expect(saveCredentials(options, credentials)).rejects.toMatchObject({
    code: 'USAGE',
    hint: expect.stringContaining('CLOUD_SYNC_PASSPHRASE'),
  });
  await saveCredentials(
    await optionsFor({ CLOUD_SYNC_CREDENTIAL_STORE: 'age', CLOUD_SYNC_PASSPHRASE: 'secret words' }, home),
    credentials,
  );
  await expect(loadCredentials(options)).rejects.toMatchObject({
    code: 'CREDENTIALS_MISSING',
    hint: expect.stringContaining('CLOUD_SYNC_PASSPHRASE'),
  });
});

test('credentials from the environment overrule stored ones, and a token without a user id is enough', async () => {
  const options = await optionsFor({
    CLOUD_SYNC_GOPRO_ACCESS_TOKEN: 'another-token-of-a-test',
    CLOUD_SYNC_CREDENTIAL_STORE: 'file',
  });
  await saveCredentials(options, credentials);
  expect(await loadCredentials(options)).toEqual({
    accessToken: 'another-token-of-a-test',
    origin: 'the environment',
    lastUpdated: null,
  });
});

test('the error about a malformed credentials file names the file and does not quote its content', async () => {
  const options = await optionsFor({ CLOUD_SYNC_CREDENTIAL_STORE: 'file' });
  writeFileSync(join(options.home, 'credentials.json'), '{"gopro": "gp_access_token=hidden"}', { mode: 0o600 });
  const error = await loadCredentials(options).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'CONFIG_UNREADABLE', message: expect.stringContaining('credentials.json') });
  expect((error as Error).message).not.toContain('hidden');
});

test('the age of credentials counts from the time when they were stored, and is unknown if that time is unknown', () => {
  expect(ageInDays({ lastUpdated: '2026-05-01T00:00:00Z' }, Date.parse('2026-05-06T12:00:00Z'))).toBe(5.5);
  expect(ageInDays({ lastUpdated: null }, 0)).toBeUndefined();
});
