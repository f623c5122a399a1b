/**
 * Every connection of every client goes through the proxy, and trusts the certificates that the
 * settings name.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createLibrary } from '../../src/sim/gopro/library/library.ts';
import { startGoproCloud } from '../../src/sim/gopro/index.ts';
import { makeCertificate } from '../support/certificate.ts';
import { runCli as runCliAnywhere } from '../support/cli.ts';
import { runCli, temporaryDirectory } from '../support/cli-process.ts';
import { startFakeAws } from '../support/fake-aws.ts';
import { startForwardProxy } from '../support/forward-proxy.ts';
import { openS3Place } from '../support/places.ts';
import { expectExit, openScene } from '../support/scene.ts';
import { createMediaMaker } from '../support/simulated-media.ts';

const recorder = new URL('../support/record-connections.ts', import.meta.url).href;

/** Returns variables that make a process record its connections, and a function that reads them. */
function recordConnections() {
  const log = join(temporaryDirectory(), 'connections');
  return {
    environment: { NODE_OPTIONS: `--import=${recorder}`, CONNECTION_LOG: log },
    read: async () => (await readFile(log, 'utf8').catch(() => '')).split('\n').filter((line) => line !== ''),
  };
}

const arn = 'arn:aws:states:eu-west-3:123456789012:stateMachine:gopro-sync-orchestrator';
const answers = {
  DescribeExecution: [{ body: { executionArn: arn, stateMachineArn: arn, startDate: 1, status: 'RUNNING' } }],
  FilterLogEvents: [{ body: { events: [] } }],
};

/** Makes a home whose profile `sso` signs in by single sign-on. Its token must be renewed. */
async function homeWithSignOn(): Promise<string> {
  const home = temporaryDirectory();
  await mkdir(join(home, '.aws', 'sso', 'cache'), { recursive: true });
  const session = 'sso_start_url = https://x.awsapps.com/start\nsso_region = eu-west-3\n';
  const profile = 'sso_session = s\nsso_account_id = 123456789012\nsso_role_name = r\n';
  await writeFile(join(home, '.aws', 'config'), `[sso-session s]\n${session}[profile sso]\n${profile}`);
  const token = {
    accessToken: 'x',
    expiresAt: new Date(Date.now() + 60_000),
    refreshToken: 'x',
    clientId: 'x',
    clientSecret: 'x',
  };
  const name = createHash('sha1').update('s').digest('hex');
  await writeFile(join(home, '.aws', 'sso', 'cache', `${name}.json`), JSON.stringify(token));
  return home;
}

describe('a proxy in the environment', () => {
  test('every request for the library, the media and the archive on S3 goes through the proxy', async () => {
    const maker = createMediaMaker('proxied');
    const library = createLibrary([maker.photo(), maker.video(1_000_000)]);
    await using proxy = await startForwardProxy({ credentials: 'user:p@ss word' });
    const connections = recordConnections();
    const environment = {
      http_proxy: proxy.url.replace('//', '//user:p%40ss%20word@'),
      HTTP_PROXY: '',
      ...connections.environment,
    };
    await using scene = await openScene({ library, place: await openS3Place(), environment });
    expectExit(await scene.sync(), 0);
    await scene.expectComplete();
    expect(new Set(await connections.read())).toEqual(new Set([new URL(proxy.url).host]));
  });

  test('a proxy that wants a password ends the command, and the error names the variables', async () => {
    await using proxy = await startForwardProxy({ credentials: 'user:secret' });
    const place = await openS3Place();
    await using scene = await openScene({ library: createLibrary([]), place });
    const variables = { HTTP_PROXY: proxy.url, HTTPS_PROXY: proxy.url };
    const tunnelled = { ...variables, CLOUD_SYNC_S3_ENDPOINT: place.store.endpoint.replace('http:', 'https:') };
    const [doctor, forward, tunnel] = await Promise.all([
      runCliAnywhere(['doctor'], { environment: scene.environment(variables) }),
      runCliAnywhere(['verify', '--to', place.to], { environment: scene.environment(variables) }),
      runCliAnywhere(['verify', '--to', place.to], { environment: scene.environment(tunnelled) }),
    ]);
    expect(doctor.stdout).toMatch(/network.*407[^]*HTTP_PROXY, HTTPS_PROXY/);
    for (const { exitCode, stderr } of [forward, tunnel]) {
      expect(exitCode, stderr).toBe(6);
      expect(stderr).toMatch(/407[^]*HTTP_PROXY, HTTPS_PROXY/);
    }
  });

  test('a proxy that is dead, or cannot reach the store or the library, is named with the way around it', async () => {
    const broken = createServer((_, response) => void response.writeHead(503).end()).listen(0, '127.0.0.1');
    await once(broken, 'listening');
    const brokenUrl = `http://127.0.0.1:${(broken.address() as AddressInfo).port}`;
    const place = await openS3Place();
    await using scene = await openScene({ library: createLibrary([]), place });
    const run = async (args: readonly string[], HTTP_PROXY: string, more = {}) =>
      runCliAnywhere(args, { environment: scene.environment({ HTTP_PROXY, ...more }) });
    const sync = ['sync', '--to', place.to];
    const [deadStore, brokenStore, deadLibrary] = await Promise.all([
      run(sync, 'http://127.0.0.1:9'),
      run(sync, brokenUrl),
      run(['sync', '--to', temporaryDirectory()], 'http://127.0.0.1:9'),
    ]);
    broken.close();
    expect([deadStore, brokenStore, deadLibrary].map(({ exitCode }) => exitCode)).toEqual([6, 6, 5]);
    for (const { stderr } of [deadStore, brokenStore, deadLibrary]) expect(stderr).toMatch(/HTTP_PROXY[^]*NO_PROXY=127\.0\.0\.1/);
  });

  const keys = { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '' };
  test.each([
    { client: 'DynamoDB, for the ledger of a service', args: ['aws', 'status'], asks: 'GetItem' },
    { client: 'DynamoDB, for a tracker', args: ['sync', '--tracker', 'dynamodb', '--to', '{dir}'], asks: 'GetItem' },
    { client: 'Step Functions', args: ['aws', 'run'], asks: 'ListStateMachines' },
    { client: 'CloudWatch Logs', args: ['aws', 'logs', '--machine', arn, '--run', 'x'], asks: 'FilterLogEvents' },
    { client: 'Secrets Manager', args: ['login', 'gopro', '--to-secret', 'x'], asks: 'DescribeSecret' },
    {
      client: 'Security Token Service',
      args: ['aws', 'run'],
      more: { ...keys, AWS_ROLE_ARN: 'arn:aws:iam::123456789012:role/x' },
    },
    { client: 'single sign-on', args: ['aws', 'run'], more: { ...keys, AWS_PROFILE: 'sso' } },
  ])('every request of $client goes through the proxy', async ({ args, asks, more = {} }) => {
    // The services that give credentials are not imitated: the proxy refuses their requests.
    await using proxy = await startForwardProxy(asks === undefined ? { credentials: 'unknown:unknown' } : {});
    await using cloud = await startGoproCloud({ preset: 'empty' });
    const aws = await startFakeAws(answers);
    const connections = recordConnections();
    const HOME = await homeWithSignOn();
    const { stderr } = await runCli(
      args.map((word) => word.replace('{dir}', join(HOME, 'archive'))),
      {
        input: `gp_access_token=${cloud.accessToken}; gp_user_id=${cloud.userId}`,
        environment: {
          ...aws.environment,
          ...connections.environment,
          ...more,
          HOME,
          AWS_CONFIG_FILE: join(HOME, '.aws', 'config'),
          AWS_WEB_IDENTITY_TOKEN_FILE: join(HOME, '.aws', 'config'),
          CLOUD_SYNC_HOME: HOME,
          CLOUD_SYNC_GOPRO_API_URL: cloud.apiUrl,
          CLOUD_SYNC_GOPRO_ACCESS_TOKEN: cloud.accessToken,
          HTTP_PROXY: proxy.url,
          HTTPS_PROXY: proxy.url,
        },
      },
    );
    expect([...new Set(await connections.read())], stderr).toEqual([new URL(proxy.url).host]);
    if (asks !== undefined)
      expect(
        aws.asked.map(({ operation }) => operation),
        stderr,
      ).toContain(asks);
    expect(proxy.used).toBeGreaterThan(0);
  });
});

test('a proxy that decrypts is trusted with NODE_EXTRA_CA_CERTS, and for S3 also with AWS_CA_BUNDLE', async () => {
  const certificate = makeCertificate();
  await using proxy = await startForwardProxy({ certificate });
  const place = await openS3Place();
  await using scene = await openScene({ library: createLibrary([createMediaMaker('decrypted').photo()]), place });
  expectExit(await scene.sync(), 0);
  const pem = join(temporaryDirectory(), 'authority.pem');
  await writeFile(pem, certificate.cert);
  const connections = recordConnections();
  const run = async (command: string, variables: Record<string, string>) =>
    runCliAnywhere([command, ...(command === 'doctor' ? [] : ['--to', place.to]), ...(command === 'sync' ? ['--dry-run'] : [])], {
      environment: scene.environment({
        ...connections.environment,
        CLOUD_SYNC_GOPRO_API_URL: scene.cloud.apiUrl.replace('http:', 'https:'),
        CLOUD_SYNC_S3_ENDPOINT: place.store.endpoint.replace('http:', 'https:'),
        HTTPS_PROXY: proxy.url,
        ...variables,
      }),
    });
  const [both, onlyAws, library, nothing] = await Promise.all([
    run('sync', { NODE_EXTRA_CA_CERTS: pem }),
    run('verify', { AWS_CA_BUNDLE: pem }),
    run('doctor', { AWS_CA_BUNDLE: pem }),
    run('verify', {}),
  ]);
  expect(both, both.stderr).toMatchObject({ exitCode: 0 });
  expect(onlyAws, onlyAws.stderr).toMatchObject({ exitCode: 0 });
  expect(library.stdout).toMatch(/network.*certificate[^]*NODE_EXTRA_CA_CERTS/);
  expect(nothing.exitCode).toBe(6);
  expect(nothing.stderr).toContain('AWS_CA_BUNDLE');
  expect([...new Set(await connections.read())]).toEqual([new URL(proxy.url).host]);
});
