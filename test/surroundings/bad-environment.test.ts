import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test, vi } from 'vitest';
import { badInputTests, signedIn, type BadInput } from '../support/bad-input.ts';
import { runCli, temporaryDirectory } from '../support/cli-process.ts';
import { setScene } from '../support/cli-scene.ts';
import { loadConfig } from '../../src/config/load.ts';

const unknownUser = `--import=${new URL('../support/unknown-user.ts', import.meta.url).href}`;
const keys = { ...signedIn, HOME: '{dir}', AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'secret', AWS_REGION: 'eu-west-3' };
const toS3 = ['sync', '--to', 's3://bucket/a'];

const cases: readonly BadInput[] = [
  {
    what: 'a proxy without a scheme',
    args: ['sync', '--to', '{dir}/a'],
    environment: { HTTPS_PROXY: 'proxy.example.com:8080' },
    exitCode: 2,
    says: ['HTTPS_PROXY', 'http://proxy.example.com:8080'],
  },
  {
    what: 'a proxy that is no HTTP proxy',
    args: ['list', '--to', '{dir}/a'],
    environment: { http_proxy: 'socks5://127.0.0.1:1080' },
    exitCode: 2,
    says: ['http_proxy', 'socks5'],
  },
  {
    what: 'no home of a user that the system does not know',
    args: ['sync', '--to', '{dir}/a'],
    environment: { ...signedIn, CLOUD_SYNC_HOME: '', NODE_OPTIONS: unknownUser },
    exitCode: 2,
    says: ['HOME is not set', 'CLOUD_SYNC_HOME'],
  },
  {
    what: 'S3 for a user that the system does not know',
    args: toS3,
    environment: { ...signedIn, AWS_REGION: 'eu-west-3', NODE_OPTIONS: unknownUser },
    exitCode: 2,
    says: ['HOME is not set', 'AWS_CONFIG_FILE'],
  },
  {
    what: 'a region that is no name',
    args: ['aws', 'status'],
    environment: { ...keys, AWS_REGION: 'eu west 3' },
    exitCode: 2,
    says: ['AWS_REGION', '"eu west 3"'],
  },
  {
    what: 'a profile that does not exist',
    args: toS3,
    environment: { ...signedIn, HOME: '{dir}', AWS_PROFILE: 'holiday' },
    exitCode: 2,
    says: ['AWS_PROFILE', '"holiday"', '{dir}/.aws/config'],
  },
  {
    what: 'a region of the command line that is no name',
    args: [...toS3, '--s3-region', 'eu west'],
    environment: keys,
    exitCode: 2,
    says: ['--s3-region', '"eu west"'],
  },
  {
    what: 'an unreadable file without any credentials',
    args: toS3,
    environment: { ...signedIn, HOME: '/dev/null', AWS_REGION: 'eu-west-3', AWS_EC2_METADATA_DISABLED: 'true' },
    exitCode: 6,
    says: ['credentials', '/dev/null/.aws/config', 'ENOTDIR'],
  },
  {
    what: 'an AWS endpoint without a scheme',
    args: toS3,
    environment: { ...keys, AWS_ENDPOINT_URL_S3: 'minio:9000' },
    exitCode: 2,
    says: ['AWS_ENDPOINT_URL_S3', 'http://'],
  },
  {
    what: 'an AWS endpoint with no host name for the bucket',
    args: toS3,
    environment: { ...keys, AWS_ENDPOINT_URL: 'http://store.invalid:9000' },
    exitCode: 6,
    says: ['bucket.store.invalid', '--s3-path-style'],
  },
  {
    what: 'a bundle without a certificate',
    args: toS3,
    environment: { ...keys, AWS_CA_BUNDLE: '{dir}/file' },
    exitCode: 2,
    says: ['AWS_CA_BUNDLE', '{dir}/file', 'PEM'],
  },
  {
    what: 'a timetable in an unknown time zone',
    args: ['sync', '--to', '{dir}/a', '--bwlimit', '08:00,1M 23:00,off'],
    environment: { ...signedIn, TZ: 'Europe/Pariss' },
    exitCode: 2,
    says: ['TZ', '"Europe/Pariss"', 'Europe/Paris'],
  },
];

badInputTests(cases);

test('an unknown user, locale and time zone do not stop a run whose home is given', async () => {
  const { archive, environment } = await setScene();
  const more = { NODE_OPTIONS: unknownUser, TZ: 'Nowhere', LANG: 'xx_YY.none', LC_ALL: 'en_US_LONG_LONG_LONG_LONG_LONG' };
  const result = await runCli(['sync', '--to', archive], { environment: { ...environment, ...more } });
  expect(result, result.stderr).toMatchObject({ exitCode: 0 });
});

test('a current directory that was deleted ends with exit code 2', async () => {
  const cwd = temporaryDirectory();
  const script = fileURLToPath(new URL('../../bin/cloud-sync.js', import.meta.url));
  const command = 'rmdir "$PWD" && exec "$0" "$1" list --to archive';
  const child = spawn('sh', ['-c', command, process.execPath, script], { cwd, env: { PATH: '/usr/bin:/bin', HOME: '/' } });
  const [stderr, [exitCode]] = await Promise.all([text(child.stderr), once(child, 'close')]);
  expect(exitCode, stderr).toBe(2);
  expect(stderr).toContain('the current directory no longer exists');
});

test.each<[name: string, value: string]>([
  ['HTTPS_PROXY', 'http://'],
  ['HTTPS_PROXY', '10.0.0.1:3128'],
  ['https_proxy', 'ftp://proxy'],
  ['HTTP_PROXY', 'http://user:100%@proxy:1'],
  ['AWS_REGION', 'eu_west_3'],
  ['AWS_DEFAULTS_MODE', 'fast'],
  ['AWS_ENDPOINT_URL', '127.0.0.1:9000'],
  ['AWS_ENDPOINT_URL_DYNAMODB', 'ftp://store'],
  ['AWS_PROFILE', 'missing'],
  ['AWS_CONFIG_FILE', '/'],
  ['AWS_SHARED_CREDENTIALS_FILE', '/dev/null/file'],
  ['AWS_CA_BUNDLE', '/missing.pem'],
  ['NODE_EXTRA_CA_CERTS', '/missing.pem'],
  ['NODE_EXTRA_CA_CERTS', '/dev/null'],
  ['HOME', 'here'],
  ['HOME', ''],
])('a wrong %s is named: "%s"', async (name, value) => {
  const environment = { CLOUD_SYNC_HOME: temporaryDirectory(), HOME: '/', [name]: value };
  vi.stubEnv('HOME', environment.HOME); // Node reads HOME itself
  onTestFinished(() => void vi.unstubAllEnvs());
  const load = async () => (await loadConfig({}, environment)).awsNetwork('services');
  const error: unknown = await load().catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'USAGE' });
  expect(`${String(error)} ${(error as { hint?: string }).hint}`).toContain(name);
});

test('an unreadable file and the endpoint of an unused service do not stop a command', async () => {
  const environment = { CLOUD_SYNC_HOME: temporaryDirectory(), HOME: '/dev/null', AWS_ENDPOINT_URL_DYNAMODB: 'localhost:8000' };
  vi.stubEnv('HOME', environment.HOME); // Node reads HOME itself
  onTestFinished(() => void vi.unstubAllEnvs());
  const network = (await loadConfig({}, environment)).awsNetwork('archive');
  expect(network).toMatchObject({ unreadable: expect.stringContaining('/dev/null/.aws/config') });
});

test('a wrong password of a proxy appears in no message', async () => {
  const environment = { CLOUD_SYNC_HOME: temporaryDirectory(), HTTP_PROXY: 'user:open-sesame@proxy:1' };
  const error: unknown = await loadConfig({}, environment).catch((thrown: unknown) => thrown);
  expect(`${String(error)} ${(error as { hint?: string }).hint}`).not.toContain('open-sesame');
});
