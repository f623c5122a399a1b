import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { describe, expect, test, vi } from 'vitest';
import { startGoproCloud } from '../../sim/gopro/index.ts';
import { createLibrary } from '../../sim/gopro/library/library.ts';
import { startS3Store } from '../../../test/s3-server/index.ts';
import { messages } from '../contract.ts';
import { handle } from './handle.ts';
import { useLines } from '../../../test/aws/support/log-lines.ts';
import { handler } from '../functions/token-validator.ts';

const execution = { arn: 'arn:aws:states:eu-west-1:1:execution:m:night-1', name: 'night-1', started_at: '2026-11-21T04:15:00Z' };
const context = { getRemainingTimeInMillis: () => 20_000 };
const lines = useLines();

/** Starts a fake AWS: Secrets Manager with one secret, and DynamoDB without a table. */
async function startAws(secret: string | undefined) {
  const server = createServer((request, response) => {
    const found = secret !== undefined && request.headers['x-amz-target'] === 'secretsmanager.GetSecretValue';
    const body = found ? { SecretString: secret } : { __type: 'ResourceNotFoundException', Message: 'not here' };
    response.writeHead(found ? 200 : 400, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(body));
    request.resume();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = async () => {
    server.closeAllConnections();
    server.close();
  };
  return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, [Symbol.asyncDispose]: close };
}

async function startDaemon() {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const received: string[] = [];
  socket.on('message', (message) => received.push(message.toString()));
  const address = `127.0.0.1:${socket.address().port}`;
  return { address, received, [Symbol.asyncDispose]: async () => void socket.close() };
}

/** Starts the resources of token-validator and sets an environment that names them. */
async function openScene(secretOf: (cloud: { readonly accessToken: string; readonly userId: string }) => string | undefined) {
  await using stack = new AsyncDisposableStack();
  const cloud = stack.use(await startGoproCloud({ library: createLibrary() }));
  const aws = stack.use(await startAws(secretOf(cloud)));
  const store = stack.use(await startS3Store({ buckets: ['archive', 'runs'] }));
  const daemon = stack.use(await startDaemon());
  const variables = {
    AWS_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_ENDPOINT_URL: aws.endpoint,
    AWS_ENDPOINT_URL_S3: store.endpoint,
    AWS_XRAY_DAEMON_ADDRESS: daemon.address,
    _X_AMZN_TRACE_ID: 'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1',
    CLOUD_SYNC_STAGE: 'dev',
    CLOUD_SYNC_TABLE: 'table',
    CLOUD_SYNC_ARCHIVE_BUCKET: 'archive',
    CLOUD_SYNC_RUNS_BUCKET: 'runs',
    CLOUD_SYNC_SECRET: 'gopro/credentials',
    CLOUD_SYNC_GOPRO_API_URL: cloud.apiUrl,
  };
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
  const kept = stack.move();
  return { cloud, daemon, [Symbol.asyncDispose]: async () => kept.disposeAsync() };
}

const request = { provider: 'gopro', execution };

describe('the handler of token-validator, called as Lambda calls it', () => {
  test('a validation uses the credentials in the secret, and no log, metric or trace contains them', async () => {
    await using scene = await openScene(({ accessToken, userId }) =>
      JSON.stringify({ access_token: accessToken, user_id: userId, last_updated: new Date().toISOString() }),
    );
    expect(await handler(request, context)).toMatchObject({ outcome: 'valid', statusCode: 200, valid: true, cookie_age_days: 0 });
    await vi.waitFor(() => expect(scene.daemon.received).toHaveLength(2));

    const names = scene.daemon.received.map((text) => (JSON.parse(text.split('\n')[1] ?? '') as { name: string }).name);
    expect(names).toEqual(['retrieve_credentials', 'gopro_api_call']);
    expect(lines.map((line) => line['correlation_id'])).toEqual(lines.map(() => 'night-1'));
    expect(lines.find((line) => '_aws' in line)).toMatchObject({
      Provider: 'gopro',
      Environment: 'dev',
      AuthenticationSuccess: 1,
    });
    const said = JSON.stringify(lines) + scene.daemon.received.join();
    expect(said).not.toContain(scene.cloud.accessToken);
    expect(said).not.toContain(scene.cloud.userId);
  });

  test('refused credentials give the status 401', async () => {
    await using scene = await openScene(({ userId }) => JSON.stringify({ cookies: `gp_access_token=old; gp_user_id=${userId}` }));
    expect(await handler(request, context)).toMatchObject({
      outcome: 'credentials-expired',
      statusCode: 401,
      validation_method: 'api_probe',
      error: { Error: 'CREDENTIALS_EXPIRED' },
    });
    expect(lines.find((line) => '_aws' in line)).toMatchObject({ AuthenticationFailure: 1 });
    expect(scene.cloud.requests.length).toBeGreaterThan(0);
  });

  test.each([
    ['missing', undefined],
    ['malformed', '{"password":"sensitive-value"}'],
  ])('a secret that is %s gives a complete reply with the next step', async (_name, secret) => {
    await using scene = await openScene(() => secret);
    expect(await handler(request, context)).toEqual({
      outcome: 'failed',
      statusCode: 500,
      valid: false,
      cookie_age_days: null,
      validation_method: 'none',
      duration_seconds: 0,
      error: {
        Error: 'CREDENTIALS_MISSING',
        Cause: expect.stringContaining('cloud-sync login gopro --to-secret gopro/credentials'),
      },
    });
    expect(JSON.stringify(lines)).not.toContain('sensitive-value');
    expect(scene.cloud.requests).toEqual([]);
  });

  test('a wrong variable in the environment gives a reply that names the variable', async () => {
    await using scene = await openScene(() => undefined);
    vi.stubEnv('CLOUD_SYNC_TABLE', undefined);
    const reply = await handler(request, context);
    expect(reply).toMatchObject({
      outcome: 'failed',
      error: { Error: 'USAGE', Cause: expect.stringContaining('CLOUD_SYNC_TABLE') },
    });
    expect(scene.daemon.received).toEqual([]);
  });

  test('the handler throws the error CloudSync.BUG for a request that only a bug can send', async () => {
    await expect(handler({ provider: 'dropbox', execution }, context)).rejects.toMatchObject({
      name: 'CloudSync.BUG',
      message: expect.stringContaining('provider'),
    });
  });
});

test('an unexpected error is thrown as CloudSync.BUG without secrets, and earlier metrics are still written', async () => {
  await using _scene = await openScene(() => undefined);
  const surprising = handle({
    name: 'video-downloader',
    request: messages.ValidateTokens.request.pick({ execution: true }),
    run: async (_request, { metrics }) => {
      metrics.add('BytesTransferred', 7);
      throw new TypeError('no use for https://cdn.example/a.mp4?Signature=abcdef');
    },
    failed: () => 'a reply',
  });
  const thrown = await surprising({ execution }, context).catch((error: unknown) => error);
  expect(thrown).toMatchObject({ name: 'CloudSync.BUG', message: expect.stringContaining('https://cdn.example/a.mp4') });
  expect(lines.find((line) => '_aws' in line)).toMatchObject({ BytesTransferred: 7 });
  expect(lines.find(({ level }) => level === 'ERROR')).toMatchObject({
    code: 'BUG',
    stack: expect.stringContaining('handle.test.ts'),
  });
  expect(inspect(thrown) + JSON.stringify(lines)).not.toContain('abcdef');
});
