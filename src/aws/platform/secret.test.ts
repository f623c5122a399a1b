import { ResourceNotFoundException, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { redactText } from '../../lib/redact.ts';
import { readSecret, writeSecret } from './secret.ts';

/** Starts a fake of Secrets Manager that has one secret and answers only the needed requests. */
async function startSecrets(initial?: string, refusal?: string) {
  let value = initial;
  const calls: { readonly operation: string; readonly body: Record<string, string> }[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const operation = String(request.headers['x-amz-target']).split('.').at(-1) ?? '';
      const body = JSON.parse(Buffer.concat(chunks).toString()) as Record<string, string>;
      calls.push({ operation, body });
      const isMissing = refusal !== undefined || value === undefined;
      if (operation !== 'GetSecretValue' && !isMissing) value = body['SecretString'];
      const reply = isMissing
        ? { __type: refusal ?? 'ResourceNotFoundException', Message: 'no' }
        : { SecretString: value, CreatedDate: 1_790_000_000, VersionId: body['ClientRequestToken'] };
      response.writeHead(isMissing ? 400 : 200, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(reply));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = new SecretsManagerClient({
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  const dispose = async () => {
    client.destroy();
    server.closeAllConnections();
    server.close();
  };
  return { client, calls, [Symbol.asyncDispose]: dispose };
}

test('a written secret can be read again, and its values are redacted in all later texts', async () => {
  await using secrets = await startSecrets('{}');
  const since = '2026-11-20T10:00:00.000Z';
  const credentials = { accessToken: 'token-of-the-test-1', userId: 'user-of-the-test-1', userAgent: 'Browser/1', since };
  const version = await writeSecret(secrets.client, 'gopro/credentials', credentials);
  expect(version).toMatch(/^[0-9a-f]{64}$/);
  expect(await readSecret(secrets.client, 'gopro/credentials')).toEqual(credentials);
  expect(redactText('token-of-the-test-1 of user-of-the-test-1')).toBe('[redacted] of [redacted]');
});

test('writing the same credentials again adds no version, and writing new credentials adds a version', async () => {
  await using secrets = await startSecrets('{}');
  const credentials = { accessToken: 'token-of-the-test-2', since: null };
  const first = await writeSecret(secrets.client, 'name', credentials);
  expect(await writeSecret(secrets.client, 'name', credentials)).toBe(first);
  expect(await writeSecret(secrets.client, 'name', { ...credentials, userId: 'u' })).not.toBe(first);
});

test('a secret that does not exist is not created', async () => {
  await using secrets = await startSecrets();
  const write = writeSecret(secrets.client, 'gopro/credential', { accessToken: 'token-of-the-test-3', since: null });
  await expect(write).rejects.toThrow(ResourceNotFoundException);
  expect(secrets.calls.map(({ operation }) => operation)).toEqual(['PutSecretValue']);
});

test('a secret may hold the cookies in the form in which a browser sends them', async () => {
  const cookies = '_ga=1; gp_access_token=eyJhbGciOi=.x; gp_user_id=1234-5678';
  await using secrets = await startSecrets(JSON.stringify({ cookies, 'user-agent': 'Browser/2' }));
  expect(await readSecret(secrets.client, 'name')).toEqual({
    accessToken: 'eyJhbGciOi=.x',
    userId: '1234-5678',
    userAgent: 'Browser/2',
    since: new Date(1_790_000_000_000).toISOString(),
  });
});

test.each(['InvalidRequestException', 'AccessDeniedException'])(
  'if Secrets Manager answers with %s, the error has a next step',
  async (__type) => {
    await using secrets = await startSecrets('{}', __type);
    const error = await readSecret(secrets.client, 'gopro/credentials').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'CREDENTIALS_MISSING', hint: expect.any(String) });
  },
);

test.each([
  ['missing', undefined],
  ['empty', ''],
  ['not JSON', 'gp_access_token=sensitive-value'],
  ['JSON of another shape', '{"username":"sensitive-value"}'],
  ['an object with an empty token', '{"access_token":""}'],
  ['a text of cookies without the access token', '{"cookies":"gp_user_id=sensitive-value"}'],
])('the error for a secret that is %s has the next step and quotes no value', async (_name, text) => {
  await using secrets = await startSecrets(text);
  const error = await readSecret(secrets.client, 'gopro/credentials').catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'CREDENTIALS_MISSING', hint: expect.stringContaining('--to-secret gopro/credentials') });
  expect(JSON.stringify(error) + String(error)).not.toContain('sensitive-value');
});
