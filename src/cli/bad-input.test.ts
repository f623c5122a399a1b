import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { awsEnvironment } from '../../test/support/fake-aws.ts';
import { startGoproCloud } from '../sim/gopro/index.ts';
import { runCli, temporaryDirectory } from '../../test/support/cli-process.ts';

const token = 'a-token-that-nobody-accepts-0123456789';
const noAws = { AWS_CONFIG_FILE: '/dev/null', AWS_SHARED_CREDENTIALS_FILE: '/dev/null', AWS_EC2_METADATA_DISABLED: 'true' };
const signedIn = { CLOUD_SYNC_GOPRO_ACCESS_TOKEN: token };

interface BadInput {
  readonly what: string;
  readonly args: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly input?: string;
  /** Written to config.toml. */
  readonly config?: string;
  readonly exitCode: number;
  /** What the message names, and the next step. */
  readonly says: readonly string[];
}

/** `{dir}` is an empty directory, `{api}` a simulated cloud that accepts no token of these tests. */
const cases: readonly BadInput[] = [
  { what: 'an unknown command', args: ['snyc'], exitCode: 2, says: ["'snyc'", 'did you mean sync', '--help'] },
  {
    what: 'an unknown option',
    args: ['sync', '--concurency', '3'],
    exitCode: 2,
    says: ["'--concurency'", 'did you mean --concurrency', 'sync --help'],
  },
  { what: 'an option without its value', args: ['sync', '--to'], exitCode: 2, says: ['--to', '--help'] },
  { what: 'too many arguments', args: ['verify', 'here'], exitCode: 2, says: ['too many arguments', 'verify --help'] },
  {
    what: 'an unknown provider',
    args: ['sync', '--provider', 'gopr0', '--to', '{dir}/a'],
    exitCode: 2,
    says: ['--provider', '"gopr0"', 'did you mean "gopro"'],
  },
  {
    what: 'an unknown provider to sign in to',
    args: ['login', 'dropbox'],
    exitCode: 2,
    says: ['dropbox', 'gopro', 'login --help'],
  },
  {
    what: 'an unknown role',
    args: ['sync', '--include', 'edits,sidecar', '--to', '{dir}/a'],
    exitCode: 2,
    says: ['--include', '"sidecar"', 'did you mean "sidecars"'],
  },
  {
    what: 'an unknown type',
    args: ['sync', '--type', 'Vidoe', '--to', '{dir}/a'],
    exitCode: 2,
    says: ['--type', '"Vidoe"', 'did you mean "Video"'],
  },
  {
    what: 'an unknown status',
    args: ['list', '--status', 'faild', '--to', '{dir}/a'],
    exitCode: 2,
    says: ['--status', 'did you mean "failed"'],
  },
  {
    what: 'a number that is too large',
    args: ['sync', '--concurrency', '65', '--to', '{dir}/a'],
    exitCode: 2,
    says: ['--concurrency', '"65"', '1 to 64', '64'],
  },
  {
    what: 'a number that is none',
    args: ['sync', '--to', '{dir}/a'],
    environment: { CLOUD_SYNC_STALL_TIMEOUT_MS: 'soon' },
    exitCode: 2,
    says: ['CLOUD_SYNC_STALL_TIMEOUT_MS', '"soon"', '30000'],
  },
  {
    what: 'a day that does not exist',
    args: ['sync', '--since', '2026-02-30', '--to', '{dir}/a'],
    exitCode: 2,
    says: ['--since', '2026-02-30', '2025-07-04'],
  },
  {
    what: 'a malformed date',
    args: ['sync', '--until', 'yesterday', '--to', '{dir}/a'],
    exitCode: 2,
    says: ['--until', 'yesterday'],
  },
  {
    what: 'a range that is empty',
    args: ['sync', '--since', '2026-02-02', '--until', '2026-01-01', '--to', '{dir}/a'],
    exitCode: 2,
    says: ['--since', '--until', 'swap'],
  },
  {
    what: 'a size that is none',
    args: ['sync', '--min-size', 'big', '--to', '{dir}/a'],
    exitCode: 2,
    says: ['--min-size', 'big'],
  },
  {
    what: 'a bandwidth that is none',
    args: ['sync', '--bwlimit', 'fast', '--to', '{dir}/a'],
    exitCode: 2,
    says: ['--bwlimit', 'fast', '20M'],
  },
  { what: 'a missing --to', args: ['sync'], exitCode: 2, says: ['--to', 's3://bucket/prefix'] },
  { what: 'an empty --to', args: ['verify', '--to', ''], exitCode: 2, says: ['--to', 'empty'] },
  {
    what: 'an http address as destination',
    args: ['sync', '--to', 'http://example.com/a'],
    exitCode: 2,
    says: ['http://example.com/a', 's3://bucket/prefix'],
  },
  { what: 'an S3 address with one slash', args: ['sync', '--to', 's3:/bucket/a'], exitCode: 2, says: ['s3:/bucket/a', 's3://'] },
  { what: 'an S3 address without bucket', args: ['sync', '--to', 's3://'], exitCode: 2, says: ['bucket is missing'] },
  {
    what: 'a bucket name that cannot be',
    args: ['sync', '--to', 's3://My_Bucket/a'],
    exitCode: 2,
    says: ['My_Bucket', '3 to 63'],
  },
  {
    what: '--hash on S3',
    args: ['sync', '--hash', 'sha256', '--to', 's3://bucket/a'],
    environment: signedIn,
    exitCode: 2,
    says: ['--hash', 'directories'],
  },
  {
    what: 'verify of a place that is no archive',
    args: ['verify', '--to', '{dir}'],
    exitCode: 2,
    says: ['{dir}', 'is no archive', 'sync'],
  },
  {
    what: 'status of a place that is missing',
    args: ['status', '--to', '{dir}/missing'],
    exitCode: 2,
    says: ['{dir}/missing', 'is no archive'],
  },
  {
    what: 'a destination whose parent is missing',
    args: ['sync', '--to', '{dir}/not/there'],
    environment: signedIn,
    exitCode: 6,
    says: ['{dir}/not', 'does not exist', 'mounted'],
  },
  {
    what: 'a destination that is a file',
    args: ['sync', '--to', '{dir}/file'],
    environment: signedIn,
    exitCode: 6,
    says: ['{dir}/file', 'not a directory'],
  },
  {
    what: 'a destination that cannot be written to',
    args: ['sync', '--to', '/proc/archive'],
    environment: signedIn,
    exitCode: 6,
    says: ['/proc'],
  },
  {
    what: 'an S3 endpoint where nothing listens',
    args: ['sync', '--to', 's3://bucket/a', '--s3-endpoint', 'http://127.0.0.1:1'],
    environment: { ...signedIn, AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'secret' },
    exitCode: 6,
    says: ['s3://bucket/a', 'cannot be reached'],
  },
  {
    what: 'an API address that is none',
    args: ['sync', '--gopro-api-url', 'gopro', '--to', '{dir}/a'],
    environment: signedIn,
    exitCode: 2,
    says: ['--gopro-api-url', 'gopro', 'https'],
  },
  {
    what: 'an unknown key in config.toml',
    args: ['sync'],
    config: 'concurency = 3',
    exitCode: 2,
    says: ['config.toml', '"concurency"', 'did you mean "concurrency"'],
  },
  {
    what: 'a secret in config.toml',
    args: ['sync'],
    config: 'gopro-access-token = "x"',
    exitCode: 2,
    says: ['config.toml', 'gopro-access-token', 'login gopro'],
  },
  {
    what: 'a wrong value in config.toml',
    args: ['sync'],
    config: 'concurrency = "many"',
    exitCode: 2,
    says: ['concurrency in ', 'config.toml', '"many"'],
  },
  {
    what: 'a config.toml that is no TOML',
    args: ['sync'],
    config: 'to = "a"\nconcurrency = = 3\n',
    exitCode: 2,
    says: ['config.toml', 'line 2, column'],
  },
  { what: 'no credentials', args: ['sync', '--to', '{dir}/a'], exitCode: 3, says: ['no credentials', 'login gopro'] },
  {
    what: 'half a cookie',
    args: ['sync', '--to', '{dir}/a'],
    environment: { CLOUD_SYNC_GOPRO_USER_ID: 'someone' },
    exitCode: 3,
    says: ['CLOUD_SYNC_GOPRO_USER_ID', 'without CLOUD_SYNC_GOPRO_ACCESS_TOKEN'],
  },
  {
    what: 'an empty token',
    args: ['sync', '--to', '{dir}/a'],
    environment: { CLOUD_SYNC_GOPRO_ACCESS_TOKEN: '' },
    exitCode: 3,
    says: ['CLOUD_SYNC_GOPRO_ACCESS_TOKEN is set but empty', 'gp_access_token'],
  },
  {
    what: 'an expired cookie',
    args: ['sync', '--to', '{dir}/a'],
    environment: { ...signedIn, CLOUD_SYNC_GOPRO_API_URL: '{api}' },
    exitCode: 3,
    says: ['refuses the credentials', 'login gopro'],
  },
  {
    what: 'a login with half a cookie',
    args: ['login', 'gopro'],
    input: 'gp_user_id=someone',
    exitCode: 3,
    says: ['gp_user_id, but not gp_access_token', 'Copy as cURL'],
  },
  {
    what: 'a login with a HAR file without cookies',
    args: ['login', 'gopro'],
    input: '{"log":{"entries":[{"request":{"url":"https://api.gopro.com/media/user","headers":[],"cookies":[]}}]}}',
    exitCode: 3,
    says: ['HAR file has no cookie', 'sensitive data'],
  },
  {
    what: 'a login for a secret with nothing',
    args: ['login', 'gopro', '--to-secret', 'my/secret'],
    input: '',
    exitCode: 3,
    says: ['input is empty', '`cloud-sync login gopro --to-secret my/secret`'],
  },
  {
    what: 'a login for a secret with half a cookie',
    args: ['login', 'gopro', '--to-secret', 'my/secret'],
    input: 'gp_user_id=someone',
    exitCode: 3,
    says: ['not gp_access_token', '`cloud-sync login gopro --to-secret my/secret`'],
  },
  {
    what: 'a login for a secret with what no cookie can hold',
    args: ['login', 'gopro', '--to-secret', 'my/secret'],
    input: 'gp_access_token=a,b',
    exitCode: 3,
    says: ['no cookie can hold', '`cloud-sync login gopro --to-secret my/secret`'],
  },
  {
    what: 'a login with an expired cookie',
    args: ['login', 'gopro'],
    input: token,
    environment: { CLOUD_SYNC_GOPRO_API_URL: '{api}' },
    exitCode: 3,
    says: ['refuses the credentials', 'unchanged'],
  },
  {
    what: 'a login from a file that is missing',
    args: ['login', 'gopro', '--file', '{dir}/none.har'],
    exitCode: 2,
    says: ['{dir}/none.har', 'cannot be read'],
  },
  { what: 'a group without a command', args: ['aws'], exitCode: 2, says: ['aws needs', 'aws --help'] },
  {
    what: 'an unknown command of a group',
    args: ['aws', 'statis'],
    exitCode: 2,
    says: ["'statis'", 'did you mean status', 'aws --help'],
  },
  {
    what: 'an unknown option of a command of a group',
    args: ['aws', 'run', '--folow'],
    exitCode: 2,
    says: ["'--folow'", 'did you mean --follow', 'aws run --help'],
  },
  {
    what: 'an unknown stage',
    args: ['aws', 'run', '--env', 'production'],
    exitCode: 2,
    says: ['--env', '"production"', 'dev, staging, prod'],
  },
  { what: 'an unknown level', args: ['aws', 'logs', '--level', 'loud'], exitCode: 2, says: ['--level', '"loud"', 'debug'] },
  {
    what: 'an unknown tracker',
    args: ['sync', '--tracker', 'dynamo', '--to', '{dir}/a'],
    environment: signedIn,
    exitCode: 2,
    says: ['--tracker', 'did you mean "dynamodb"'],
  },
  {
    what: 'a machine that cannot be',
    args: ['aws', 'run', '--machine', 'arn:aws:lambda:eu-west-3:1:function:x'],
    exitCode: 2,
    says: ['--machine', 'arn:aws:lambda', 'stateMachine:NAME'],
  },
  { what: 'no region of AWS', args: ['aws', 'run'], environment: noAws, exitCode: 2, says: ['Region is missing', 'AWS_REGION'] },
  {
    what: 'no credentials of AWS',
    args: ['aws', 'run'],
    environment: { ...noAws, AWS_REGION: 'eu-west-3' },
    exitCode: 2,
    says: ['state machine', 'Set or renew the AWS credentials'],
  },
  {
    what: 'a table without a region',
    args: ['aws', 'status'],
    environment: noAws,
    exitCode: 2,
    says: ['gopro-sync-tracker', 'AWS_REGION'],
  },
  {
    what: 'a table that cannot be reached, for an archive that is not there yet',
    args: ['sync', '--tracker', 'dynamodb', '--to', '{dir}/a'],
    environment: { ...signedIn, ...awsEnvironment, AWS_ENDPOINT_URL: 'http://127.0.0.1:1' },
    exitCode: 2,
    says: ['gopro-sync-tracker', 'Check the network'],
  },
  {
    what: 'a secret for an expired cookie',
    args: ['login', 'gopro', '--to-secret', 'gopro/credentials'],
    input: token,
    environment: { ...noAws, CLOUD_SYNC_GOPRO_API_URL: '{api}' },
    exitCode: 3,
    says: ['refuses the credentials', 'unchanged'],
  },
  {
    what: 'an unknown fault',
    args: ['simulate', 'gopro', '--fault', 'earthquake'],
    exitCode: 2,
    says: ['--fault', 'earthquake'],
  },
];

describe('bad input ends with a message that names the thing and the next step', () => {
  test.each(cases)('$what: exit $exitCode', async ({ args, environment = {}, input, config, exitCode, says }) => {
    await using cloud = await startGoproCloud({ preset: 'empty' });
    const dir = temporaryDirectory();
    const home = temporaryDirectory();
    writeFileSync(join(dir, 'file'), '');
    if (config !== undefined) writeFileSync(join(home, 'config.toml'), config);
    const fill = (word: string) => word.replaceAll('{dir}', dir).replaceAll('{api}', cloud.apiUrl);
    const filled = Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, fill(value)]));

    const result = await runCli(args.map(fill), {
      environment: { CLOUD_SYNC_HOME: home, ...filled },
      ...(input !== undefined && { input }),
    });
    expect(result).toMatchObject({ exitCode, stdout: expect.not.stringMatching(/^archived /m) });
    expect(result.stderr).toMatch(/^error: .+\n {7}.+/m);
    for (const part of says) expect(result.stderr).toContain(fill(part));
    expect(result.stderr + result.stdout).not.toContain(token);
    expect(cloud.stats().cdnBytesSent).toBe(0);
  });
});
