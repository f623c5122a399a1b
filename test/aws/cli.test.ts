import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CreateLogGroupCommand, CreateLogStreamCommand, PutLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { CreateBucketCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { CreateSecretCommand } from '@aws-sdk/client-secrets-manager';
import { CreateStateMachineCommand, StartExecutionCommand, StopExecutionCommand } from '@aws-sdk/client-sfn';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { functionNames } from '../../src/aws/contract.ts';
import { resourceNames } from '../../src/aws/names.ts';
import { readSecret } from '../../src/aws/platform/secret.ts';
import { runCli, startCli, temporaryDirectory, type CliResult } from '../support/cli-process.ts';
import { systemClock } from '../../src/lib/clock.ts';
import type { RunFinished } from '../../src/events.ts';
import { startGoproCloud } from '../../src/sim/gopro/index.ts';
import { createTrackerTable, openDynamoTracker } from '../../src/tracker/dynamodb/index.ts';
import { medium } from '../support/builders.ts';
import { startAws, type Aws } from './support/aws.ts';

const hourMs = 3_600_000;
const names = resourceNames('prod');

let aws: Aws;

beforeAll(async () => {
  aws = await startAws();
  await createTrackerTable(aws.dynamodb, names.table);
  await aws.secrets.send(new CreateSecretCommand({ Name: names.secret }));
});

afterAll(() => aws?.[Symbol.asyncDispose]());

async function newTable(): Promise<string> {
  const table = `tracker-${randomUUID()}`;
  await createTrackerTable(aws.dynamodb, table);
  return table;
}

async function newBucket(): Promise<string> {
  const bucket = `archive-${randomUUID()}`;
  await aws.s3.send(new CreateBucketCommand({ Bucket: bucket }));
  return bucket;
}

async function openTracker(table: string, archiveId: string) {
  const tracker = await openDynamoTracker({ client: aws.dynamodb, table, provider: 'gopro', archiveId, clock: systemClock });
  onTestFinished(() => tracker.close());
  return tracker;
}

/** A machine of Pass, Wait and other states that need no function; the names of the service's states. */
async function createMachine(name: string, first: string, states: Readonly<Record<string, object>>): Promise<string> {
  const definition = JSON.stringify({ StartAt: first, States: states });
  const roleArn = 'arn:aws:iam::000000000000:role/any';
  const { stateMachineArn = '' } = await aws.sfn.send(new CreateStateMachineCommand({ name, definition, roleArn }));
  return stateMachineArn;
}

async function startHanging(): Promise<string> {
  const arn = await createMachine(`hangs-${randomUUID()}`, 'Hang', { Hang: { Type: 'Wait', Seconds: 90_000, End: true } });
  const { executionArn = '' } = await aws.sfn.send(new StartExecutionCommand({ stateMachineArn: arn }));
  return executionArn;
}

function finished({ stdout }: CliResult): RunFinished {
  return JSON.parse(stdout.trimEnd().split('\n').at(-1)!) as RunFinished;
}

function json({ stdout }: CliResult): Record<string, unknown> {
  return JSON.parse(stdout) as Record<string, unknown>;
}

test('login --to-secret replaces the secret only with what GoPro accepts, in the form that the functions read', async () => {
  await using cloud = await startGoproCloud({ preset: 'empty' });
  const file = join(temporaryDirectory(), 'cookies.txt');
  const environment = { ...aws.environment, CLOUD_SYNC_HOME: temporaryDirectory(), CLOUD_SYNC_GOPRO_API_URL: cloud.apiUrl };
  const login = async (token: string) => {
    await writeFile(file, `gp_access_token=${token}; gp_user_id=${cloud.userId}`);
    return runCli(['login', 'gopro', '--to-secret', names.secret, '--file', file], { environment });
  };
  const accepted = await login(cloud.accessToken);
  expect(accepted).toMatchObject({ exitCode: 0, stderr: '' });
  expect(accepted.stdout).toMatch(/version \S+ of the secret gopro\/credentials\.\n$/);
  const stored = { accessToken: cloud.accessToken, userId: cloud.userId };
  expect(await readSecret(aws.secrets, names.secret)).toMatchObject(stored);

  expect(await login('a-token-that-nobody-accepts-0123456789')).toMatchObject({ exitCode: 3 });
  expect(await readSecret(aws.secrets, names.secret)).toMatchObject(stored);
});

/** A cloud with five media, an empty bucket and an empty table. */
async function setSyncScene() {
  const cloud = await startGoproCloud({ preset: 'large', presetOptions: { count: 5 } });
  onTestFinished(() => cloud.close());
  const table = await newTable();
  const bucket = await newBucket();
  const environment = {
    ...aws.environment,
    CLOUD_SYNC_HOME: temporaryDirectory(),
    CLOUD_SYNC_TRACKER: 'dynamodb',
    CLOUD_SYNC_TABLE: table,
    CLOUD_SYNC_S3_ENDPOINT: aws.endpoint,
    CLOUD_SYNC_S3_PATH_STYLE: 'true',
    CLOUD_SYNC_GOPRO_API_URL: cloud.apiUrl,
    CLOUD_SYNC_GOPRO_API_RPS: '100',
    CLOUD_SYNC_GOPRO_ACCESS_TOKEN: cloud.accessToken,
    CLOUD_SYNC_GOPRO_USER_ID: cloud.userId,
    CLOUD_SYNC_TO: `s3://${bucket}`,
  };
  const sync = async (changes: Readonly<Record<string, string>> = {}, more: readonly string[] = []) =>
    runCli(['sync', '--json', ...more], { environment: { ...environment, ...changes } });
  return { cloud, table, bucket, environment, sync };
}

describe('sync --tracker dynamodb', () => {
  test('a second run, also from a home that knows nothing, transfers nothing; the other commands see the same', async () => {
    const { environment, sync, table } = await setSyncScene();
    expect(finished(await sync())).toMatchObject({ outcome: 'clean', files: { archived: 5 } });
    const nothing = { outcome: 'clean', files: { archived: 0, skipped: 5 }, bytes: { fetched: 0 } };
    expect(finished(await sync())).toMatchObject(nothing);
    expect(finished(await sync({ CLOUD_SYNC_HOME: temporaryDirectory() }))).toMatchObject(nothing);

    expect(json(await runCli(['status', '--json'], { environment }))).toMatchObject({ mediaComplete: 5 });
    expect(await runCli(['verify'], { environment })).toMatchObject({ exitCode: 0 });
    expect((await runCli(['list', '--status', 'completed'], { environment })).stdout.trimEnd().split('\n')).toHaveLength(5);
    expect(await runCli(['retry'], { environment })).toMatchObject({ stdout: 'Nothing had failed.\n' });
    const seen = json(await runCli(['aws', 'status', '--json', '--table', table], { environment }));
    expect(seen).toMatchObject({ mediaComplete: 5, lease: null, lastRuns: [{ outcome: 'clean' }, { outcome: 'clean' }, {}, {}] });
  });

  test('a dry run of an unknown place leaves no trace in the table either', async () => {
    const { environment, sync } = await setSyncScene();
    expect(finished(await sync({}, ['--dry-run']))).toMatchObject({ outcome: 'clean', exitCode: 0 });
    expect(await runCli(['aws', 'status'], { environment })).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('no archive yet'),
    });
  });

  test('a table of another archive is refused before anything is made', async () => {
    const { table, bucket, sync } = await setSyncScene();
    await openTracker(table, 'another-archive');
    expect(finished(await sync())).toMatchObject({ exitCode: 6, error: { code: 'ARCHIVE_UNKNOWN' } });
    expect((await aws.s3.send(new ListObjectsV2Command({ Bucket: bucket }))).Contents ?? []).toEqual([]);
  });

  test('waits for a run of the service that goes on, and takes over from one that was aborted', async () => {
    const { table, environment, sync } = await setSyncScene();
    await sync(undefined, ['--name', 'nothing-has-this-name']);
    const { archiveId } = json(await runCli(['status', '--json'], { environment })) as { archiveId: string };
    const execution = await startHanging();
    const tracker = await openTracker(table, archiveId);
    await tracker.acquireRunLease(execution, 12 * hourMs, async () => false);

    const locked = finished(await sync());
    expect(locked).toMatchObject({ outcome: 'locked', exitCode: 4, error: { message: expect.stringContaining(execution) } });
    expect(finished(await runCli(['verify', '--json'], { environment }))).toMatchObject({ exitCode: 4 });
    expect(json(await runCli(['aws', 'status', '--json'], { environment }))).toMatchObject({ lease: { holder: execution } });

    await aws.sfn.send(new StopExecutionCommand({ executionArn: execution }));
    expect(finished(await sync())).toMatchObject({ outcome: 'clean', files: { archived: 5 } });
    const { granted } = await tracker.acquireRunLease('arn:next', hourMs, async () => false);
    expect(granted).toBe(true);
  });

  test('holds off the service while it runs', async () => {
    const { table, environment, sync } = await setSyncScene();
    await sync(undefined, ['--name', 'nothing-has-this-name']);
    const { archiveId } = json(await runCli(['status', '--json'], { environment })) as { archiveId: string };
    const tracker = await openTracker(table, archiveId);
    const child = startCli(['sync', '--json', '--bwlimit', '100K'], { environment });
    await new Promise<void>((resolve) =>
      child.stdout?.on('data', (text: Buffer) => void (text.includes('"plan.finished"') && resolve())),
    );
    const answer = await tracker.acquireRunLease('arn:aws:states:x', hourMs, async () => false);
    expect(answer).toMatchObject({ granted: false, holder: expect.stringContaining(`"pid":${child.pid}`) });
    child.kill('SIGINT');
    expect(await child.result).toMatchObject({ exitCode: 130 });
  });
});

async function run(args: readonly string[]): Promise<CliResult> {
  return runCli(['aws', ...args], { environment: { ...aws.environment, CLOUD_SYNC_HOME: temporaryDirectory() } });
}

/** Two media that failed, one of them too often. */
async function setFailures(): Promise<string> {
  const table = await newTable();
  const tracker = await openTracker(table, 'archive-1');
  await tracker.recordPage([medium('failing'), medium('poisoned'), medium('fine')], 'run-1');
  const failure = { code: 'STALLED', reason: 'no byte arrived' } as const;
  await tracker.failMedium('failing', { ...failure, quarantineAfter: 10 });
  await tracker.failMedium('poisoned', { ...failure, quarantineAfter: 1 });
  return table;
}

describe('aws', () => {
  test('failures names each with its reason and what comes next, retry gives them a fresh start', async () => {
    const table = ['--table', await setFailures()];
    const listed = (await run(['failures', '--json', ...table])).stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    const common = { reason: 'no byte arrived', failedRuns: 1, since: expect.stringMatching(/^\d{4}-/) };
    expect(listed).toHaveLength(2);
    expect(listed).toContainEqual(
      expect.objectContaining({ ...common, status: 'failed', mediaId: 'failing', nextAttempt: expect.stringMatching(/^\d{4}-/) }),
    );
    expect(listed).toContainEqual(
      expect.objectContaining({ ...common, status: 'quarantined', mediaId: 'poisoned', nextAttempt: null }),
    );
    expect((await run(['failures', ...table])).stdout).toMatch(
      /quarantined\s+poisoned\.MP4 {2}poisoned\n.*no byte arrived\n.*1 failed run; not tried again before/,
    );
    expect((await run(['status', ...table])).stdout).toMatch(
      /1 failed, 1 quarantined[\s\S]*At work\s+nobody[\s\S]*Credentials\s+\S[\s\S]*aws failures/,
    );

    expect(await run(['retry', 'unheard-of', ...table])).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('aws failures'),
    });
    expect(await run(['retry', 'poisoned', ...table, '--json'])).toMatchObject({
      exitCode: 0,
      stdout: '{"retried":1,"started":null}\n',
    });
    expect(await run(['retry', ...table])).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('Reset 1 entry'),
    });
    expect(await run(['failures', ...table])).toMatchObject({ exitCode: 0, stdout: 'Nothing has failed.\n' });
  });

  test('status says of an unfinished run what the machine knows of it', async () => {
    const table = await setFailures();
    const tracker = await openTracker(table, 'archive-1');
    const execution = await startHanging();
    const [machine = '', name = ''] = execution.replace(':execution:', ':stateMachine:').split(/:(?=[^:]*$)/);
    await tracker.beginRun(name);
    const status = async () => json(await run(['status', '--json', '--table', table, '--machine', machine]));
    expect(await status()).toMatchObject({ lastRuns: [{ id: name, outcome: 'running' }] });
    await aws.sfn.send(new StopExecutionCommand({ executionArn: execution }));
    expect(await status()).toMatchObject({ lastRuns: [{ id: name, outcome: 'aborted' }] });

    const unasked = await run(['status', '--json', '--table', table, '--machine', 'no-such-machine']);
    expect(unasked).toMatchObject({
      exitCode: 0,
      stderr: expect.stringContaining('warning: there is no state machine no-such-machine'),
    });
    expect(json(unasked)).toMatchObject({ lastRuns: [{ id: name, outcome: null }] });
  });

  test('run --follow sees the states and the pieces of work of a machine that ends well', async () => {
    const line = { StartAt: 'DownloadVideo', States: { DownloadVideo: { Type: 'Wait', Seconds: 10, End: true } } };
    const machine = await createMachine(`ends-${randomUUID()}`, 'BeginRun', {
      BeginRun: { Type: 'Pass', Result: [1, 2, 3], Next: 'DownloadVideos' },
      DownloadVideos: {
        Type: 'Map',
        Label: 'DownloadVideos',
        MaxConcurrency: 1,
        ItemProcessor: { ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' }, ...line },
        ResultPath: null,
        Next: 'GenerateSummary',
      },
      GenerateSummary: { Type: 'Pass', Result: { outcome: 'partial' }, End: true },
    });
    const { exitCode, stdout } = await run(['run', '--follow', '--json', '--machine', machine]);
    const sights = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(exitCode).toBe(1);
    expect(sights.filter(({ type }) => type === 'execution.state').map(({ state }) => state)).toEqual([
      'BeginRun',
      'DownloadVideos',
      'GenerateSummary',
    ]);
    expect(sights).toContainEqual(expect.objectContaining({ type: 'execution.lines', total: 3, done: 3, failed: 0 }));
    expect(sights.at(-1)).toMatchObject({ type: 'execution.finished', status: 'SUCCEEDED', outcome: 'partial', exitCode: 1 });
  });

  test('run --follow ends with the exit code of what ended the run', async () => {
    const machine = await createMachine(`fails-${randomUUID()}`, 'KeepError', {
      KeepError: {
        Type: 'Pass',
        Result: { Error: 'CREDENTIALS_EXPIRED', Cause: 'GoPro refuses them' },
        ResultPath: '$.error',
        Next: 'EndRun',
      },
      EndRun: { Type: 'Pass', Next: 'SyncFailed' },
      SyncFailed: { Type: 'Fail', Error: 'CloudSync.Notified', Cause: 'The run failed.' },
    });
    expect(await run(['run', '--follow', '--machine', machine])).toMatchObject({
      exitCode: 3,
      stderr: 'error: GoPro refuses them\n',
    });
  });

  test('logs prints what mentions the last run of the machine, found by its name', async () => {
    await createMachine(names.stateMachine, 'BeginRun', { BeginRun: { Type: 'Pass', End: true } });
    expect(await run(['run'])).toMatchObject({ exitCode: 0 });
    const table = await setFailures();
    const { started } = json(await run(['retry', '--start', '--json', '--table', table])) as { started: string };
    const nowMs = Date.now();
    for (const [index, functionName] of functionNames.entries()) {
      const logGroupName = names.logGroups[functionName];
      await aws.logs.send(new CreateLogGroupCommand({ logGroupName }));
      await aws.logs.send(new CreateLogStreamCommand({ logGroupName, logStreamName: 'one' }));
      const message = (correlation_id: string) =>
        JSON.stringify({ level: 'INFO', message: `${functionName} speaks`, correlation_id });
      const timestamp = nowMs + (functionNames.length - index) * 10;
      const logEvents = [
        { timestamp, message: message('another-run') },
        { timestamp, message: message(started) },
      ];
      await aws.logs.send(new PutLogEventsCommand({ logGroupName, logStreamName: 'one', logEvents }));
    }
    const { exitCode, stdout } = await run(['logs']);
    expect(exitCode).toBe(0);
    expect(stdout.match(/\S+ speaks/g)).toEqual(functionNames.toReversed().map((name) => `${name} speaks`));
    expect(await run(['logs', '--run', 'no-such-run'])).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('no-such-run'),
    });
  });
});
