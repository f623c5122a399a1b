import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import { StopExecutionCommand } from '@aws-sdk/client-sfn';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { RunFinished } from '../../../src/events.ts';
import { startGoproCloud } from '../../../src/sim/gopro/index.ts';
import { grant } from '../../conformance/tracker/fixtures.ts';
import { runCli, startCli, temporaryDirectory, type CliResult } from '../../support/cli-process.ts';
import { startAws, type Aws } from '../support/aws.ts';
import { json, newBucket, newTable, openTracker, startHanging } from '../support/cli-bed.ts';

let aws: Aws;

beforeAll(async () => {
  aws = await startAws();
});

afterAll(() => aws?.[Symbol.asyncDispose]());

function finished({ stdout }: CliResult): RunFinished {
  return JSON.parse(stdout.trimEnd().split('\n').at(-1)!) as RunFinished;
}

/** A cloud with five media, an empty bucket and an empty table. */
async function setSyncScene() {
  const cloud = await startGoproCloud({ preset: 'large', presetOptions: { count: 5 } });
  onTestFinished(() => cloud.close());
  const table = await newTable(aws);
  const bucket = await newBucket(aws);
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
  test('a second run transfers nothing, even from an empty home, and `status`, `verify`, `list` and `retry` use the same table', async () => {
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

  test('a dry run of a new archive writes nothing to the table', async () => {
    const { environment, sync } = await setSyncScene();
    expect(finished(await sync({}, ['--dry-run']))).toMatchObject({ outcome: 'clean', exitCode: 0 });
    expect(await runCli(['aws', 'status'], { environment })).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('no archive yet'),
    });
  });

  test('a table of another archive is refused before anything is created', async () => {
    const { table, bucket, sync } = await setSyncScene();
    await openTracker(aws, table, 'another-archive');
    expect(finished(await sync())).toMatchObject({ exitCode: 6, error: { code: 'ARCHIVE_UNKNOWN' } });
    expect((await aws.s3.send(new ListObjectsV2Command({ Bucket: bucket }))).Contents ?? []).toEqual([]);
  });

  test('`sync` ends as locked while the service runs an execution, and succeeds after that execution is aborted', async () => {
    const { table, environment, sync } = await setSyncScene();
    await sync(undefined, ['--name', 'nothing-has-this-name']);
    const { archiveId } = json(await runCli(['status', '--json'], { environment })) as { archiveId: string };
    const execution = await startHanging(aws);
    const tracker = await openTracker(aws, table, archiveId);
    await grant(tracker, { owner: execution, process: null });

    const locked = finished(await sync());
    expect(locked).toMatchObject({ outcome: 'locked', exitCode: 4, error: { message: expect.stringContaining(execution) } });
    expect(finished(await runCli(['verify', '--json'], { environment }))).toMatchObject({ exitCode: 4 });
    expect(json(await runCli(['aws', 'status', '--json'], { environment }))).toMatchObject({ lease: { holder: execution } });

    await aws.sfn.send(new StopExecutionCommand({ executionArn: execution }));
    expect(finished(await sync())).toMatchObject({ outcome: 'clean', files: { archived: 5 } });
    expect((await tracker.lease.read()).record).toMatchObject({ released: true, fence: 3 });
  });

  test('`sync` holds the run lease, so the service cannot start a run meanwhile', async () => {
    const { table, environment, sync } = await setSyncScene();
    await sync(undefined, ['--name', 'nothing-has-this-name']);
    const { archiveId } = json(await runCli(['status', '--json'], { environment })) as { archiveId: string };
    const tracker = await openTracker(aws, table, archiveId);
    const child = startCli(['sync', '--json', '--bwlimit', '100K'], { environment });
    await new Promise<void>((resolve) =>
      child.stdout?.on('data', (text: Buffer) => void (text.includes('"plan.finished"') && resolve())),
    );
    const { record } = await tracker.lease.read();
    expect(record).toMatchObject({ released: false, owner: expect.stringContaining(`process ${child.pid} on `) });
    expect(json(await runCli(['aws', 'status', '--json'], { environment }))).toMatchObject({ lease: { holder: record?.owner } });
    child.kill('SIGINT');
    expect(await child.result).toMatchObject({ exitCode: 130 });
  });
});
