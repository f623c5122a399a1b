import { expect, test } from 'vitest';
import { readEnvironment } from './environment.ts';

const least = {
  CLOUD_SYNC_STAGE: 'dev',
  CLOUD_SYNC_TABLE: 'table',
  CLOUD_SYNC_ARCHIVE_BUCKET: 'archive',
  CLOUD_SYNC_RUNS_BUCKET: 'runs',
  CLOUD_SYNC_SECRET: 'gopro/credentials',
};

test('the variables that the stack always sets are enough to read an environment', () => {
  expect(readEnvironment(least)).toEqual({
    stage: 'dev',
    table: 'table',
    archiveBucket: 'archive',
    runsBucket: 'runs',
    secret: 'gopro/credentials',
    roles: ['source', 'raw'],
    proves: true,
    quarantineAfter: 10,
    concurrency: 5,
    goproApiUrl: 'https://api.gopro.com',
    goproRps: 4,
    plainHttp: false,
    s3Endpoint: undefined,
    pathStyle: false,
    stallMs: 30_000,
    network: {},
    sliceMs: undefined,
  });
});

test("if the provider's address is overridden, the address and the media hosts may be plain http", () => {
  const environment = readEnvironment({
    ...least,
    CLOUD_SYNC_GOPRO_API_URL: 'http://127.0.0.1:8080',
    CLOUD_SYNC_SLICE_SECONDS: '2.5',
  });
  expect(environment).toMatchObject({ goproApiUrl: 'http://127.0.0.1:8080', plainHttp: true, sliceMs: 2_500 });
});

test.each([
  ['', ['source', 'raw']],
  ['edits', ['source', 'raw', 'edit']],
  ['sidecars,edits', ['source', 'raw', 'edit', 'sidecar']],
])('the variable CLOUD_SYNC_INCLUDE=%s gives the roles %j', (include, roles) => {
  expect(readEnvironment({ ...least, CLOUD_SYNC_INCLUDE: include }).roles).toEqual(roles);
});

test('with CLOUD_SYNC_NO_PROVE a function compares no file with the claim of the provider', () => {
  expect(readEnvironment({ ...least, CLOUD_SYNC_NO_PROVE: 'true' }).proves).toBe(false);
});

test('a function uses the proxies of its environment', () => {
  expect(readEnvironment({ ...least, HTTPS_PROXY: 'http://proxy:3128', NO_PROXY: '*.amazonaws.com' }).network).toEqual({
    proxies: { https: new URL('http://proxy:3128'), bypass: ['*.amazonaws.com'] },
  });
});

test.each([
  ['HTTPS_PROXY', 'proxy:3128'],
  ['AWS_CA_BUNDLE', '/missing.pem'],
  ['CLOUD_SYNC_TABLE', undefined],
  ['CLOUD_SYNC_TABLE', ''],
  ['CLOUD_SYNC_STAGE', 'production'],
  ['CLOUD_SYNC_INCLUDE', 'proxies'],
  ['CLOUD_SYNC_QUARANTINE_AFTER', '0'],
  ['CLOUD_SYNC_CONCURRENCY', 'many'],
  ['CLOUD_SYNC_GOPRO_API_URL', 'nowhere'],
])('the variable %s=%s is refused, and the error names the variable', (name, value) => {
  expect(() => readEnvironment({ ...least, [name]: value })).toThrow(name);
});
