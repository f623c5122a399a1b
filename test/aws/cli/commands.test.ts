import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CreateLogGroupCommand, CreateLogStreamCommand, PutLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { CreateSecretCommand } from '@aws-sdk/client-secrets-manager';
import { StopExecutionCommand } from '@aws-sdk/client-sfn';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { functionNames } from '../../../src/aws/contract.ts';
import { resourceNames } from '../../../src/aws/names.ts';
import { readSecret } from '../../../src/aws/platform/secret.ts';
import { startGoproCloud } from '../../../src/sim/gopro/index.ts';
import { runCli, temporaryDirectory } from '../../support/cli-process.ts';
import { startAws, type Aws } from '../support/aws.ts';
import { createMachine, json, openTracker, run, setDispute, setFailures, setLoss, startHanging } from '../support/cli-bed.ts';

const names = resourceNames('prod');

let aws: Aws;

beforeAll(async () => {
  aws = await startAws();
});

afterAll(() => aws?.[Symbol.asyncDispose]());

test('`login --to-secret` stores only credentials that GoPro accepts, and the functions can read them', async () => {
  await using cloud = await startGoproCloud({ preset: 'empty' });
  await aws.secrets.send(new CreateSecretCommand({ Name: names.secret }));
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

describe('aws', () => {
  test('`aws failures` names each failed medium with the reason and the next attempt, and `aws retry` resets the failures', async () => {
    const table = ['--table', await setFailures(aws)];
    const listed = (await run(aws, ['failures', '--json', ...table])).stdout
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
    expect((await run(aws, ['failures', ...table])).stdout).toMatch(
      /quarantined\s+poisoned\.MP4 {2}poisoned\n.*no byte arrived\n.*1 failed run; not tried again before/,
    );
    expect((await run(aws, ['status', ...table])).stdout).toMatch(
      /1 failed, 1 quarantined[\s\S]*At work\s+nobody[\s\S]*Credentials\s+\S[\s\S]*aws failures/,
    );

    expect(await run(aws, ['retry', 'unheard-of', ...table])).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('aws failures'),
    });
    expect(await run(aws, ['retry', 'poisoned', ...table, '--json'])).toMatchObject({
      exitCode: 0,
      stdout: '{"retried":1,"started":null}\n',
    });
    expect(await run(aws, ['retry', ...table])).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('Reset 1 entry'),
    });
    expect(await run(aws, ['failures', ...table])).toMatchObject({ exitCode: 0, stdout: 'Nothing has failed.\n' });
  });

  test('a file that `aws accept` accepts stays in the list of `aws failures`, and `aws retry` makes it lost again', async () => {
    const { table, lost, sound } = await setLoss(aws);
    const command = async (...args: readonly string[]) => run(aws, [...args, '--table', table]);
    expect((await command('failures')).stdout).toMatch(
      /^lost +\S+ {2}lost\n.*no longer has it\n.*`cloud-sync aws accept` accepts/,
    );
    expect((await command('status')).stdout).toMatch(/Lost +1 file, [\s\S]*Next +`cloud-sync aws failures` names the lost files/);
    expect(await command('accept', lost, sound, 'nobody')).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(/is completed: nothing is wrong with it; nobody is no key[\s\S]*`cloud-sync aws failures`/),
    });
    expect(await command('accept', lost, '--json')).toMatchObject({ exitCode: 0, stdout: '{"accepted":1}\n' });
    expect((await command('failures')).stdout).toMatch(
      /^accepted +\S+ {2}lost\n.*\n.*accepted on .*`cloud-sync aws retry` undoes this/,
    );
    expect(json(await command('status', '--json'))).toMatchObject({
      lost: 0,
      accepted: 1,
      evidence: { lost: { files: 0 }, accepted: { files: 1, bytes: expect.any(Number) } },
    });
    expect(await command('retry', lost, '--json')).toMatchObject({ exitCode: 0, stdout: '{"retried":1,"started":null}\n' });
    expect(json(await command('status', '--json'))).toMatchObject({ lost: 1, accepted: 0 });
  });

  test('`aws failures` names a disputed file, also after `aws accept`, and `aws status` counts the proofs', async () => {
    const { table, disputed } = await setDispute(aws);
    const command = async (...args: readonly string[]) => run(aws, [...args, '--table', table]);
    expect((await command('failures')).stdout).toMatch(
      /^disputed +\S+ {2}disputed\n {2}its bytes came twice, .*\n.*; it stays as it is, `cloud-sync aws accept` accepts it\n$/,
    );
    expect((await command('status')).stdout).toMatch(
      /^Proven +1 of 2 files [^\n]*; 1 disputed: `cloud-sync aws failures` names them$/m,
    );
    expect(await command('accept', disputed, '--json')).toMatchObject({ exitCode: 0, stdout: '{"accepted":1}\n' });
    expect((await command('failures')).stdout).toMatch(/^accepted +\S+ {2}disputed\n/);
    expect(json(await command('status', '--json'))).toMatchObject({ proofs: { proven: 1, disputed: 1 }, neverRead: 0 });
  });

  test('`aws status` asks the state machine about a run that has recorded no end', async () => {
    const table = await setFailures(aws);
    const tracker = await openTracker(aws, table, 'archive-1');
    const execution = await startHanging(aws);
    const [machine = '', name = ''] = execution.replace(':execution:', ':stateMachine:').split(/:(?=[^:]*$)/);
    await tracker.beginRun(name, 'sync');
    const status = async () => json(await run(aws, ['status', '--json', '--table', table, '--machine', machine]));
    expect(await status()).toMatchObject({ lastRuns: [{ id: name, outcome: 'running' }] });
    await aws.sfn.send(new StopExecutionCommand({ executionArn: execution }));
    expect(await status()).toMatchObject({ lastRuns: [{ id: name, outcome: 'aborted' }] });

    const unasked = await run(aws, ['status', '--json', '--table', table, '--machine', 'no-such-machine']);
    expect(unasked).toMatchObject({
      exitCode: 0,
      stderr: expect.stringContaining('warning: there is no state machine no-such-machine'),
    });
    expect(json(unasked)).toMatchObject({ lastRuns: [{ id: name, outcome: null }] });
  });

  test('`aws run --follow` prints the states and the progress of a run that succeeds', async () => {
    const line = { StartAt: 'DownloadVideo', States: { DownloadVideo: { Type: 'Wait', Seconds: 10, End: true } } };
    const machine = await createMachine(aws, `ends-${randomUUID()}`, 'BeginRun', {
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
    const { exitCode, stdout } = await run(aws, ['run', '--follow', '--json', '--machine', machine]);
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

  test('`aws run --follow` ends with the exit code of the error that ended the run', async () => {
    const machine = await createMachine(aws, `fails-${randomUUID()}`, 'KeepError', {
      KeepError: {
        Type: 'Pass',
        Result: { Error: 'CREDENTIALS_EXPIRED', Cause: 'GoPro refuses them' },
        ResultPath: '$.error',
        Next: 'EndRun',
      },
      EndRun: { Type: 'Pass', Next: 'SyncFailed' },
      SyncFailed: { Type: 'Fail', Error: 'CloudSync.Notified', Cause: 'The run failed.' },
    });
    expect(await run(aws, ['run', '--follow', '--machine', machine])).toMatchObject({
      exitCode: 3,
      stderr: 'error: GoPro refuses them\n',
    });
  });

  test('`aws logs` finds the state machine by its name and prints the log lines about its last run', async () => {
    await createMachine(aws, names.stateMachine, 'BeginRun', { BeginRun: { Type: 'Pass', End: true } });
    expect(await run(aws, ['run'])).toMatchObject({ exitCode: 0 });
    const table = await setFailures(aws);
    const { started } = json(await run(aws, ['retry', '--start', '--json', '--table', table])) as { started: string };
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
    const { exitCode, stdout } = await run(aws, ['logs']);
    expect(exitCode).toBe(0);
    expect(stdout.match(/\S+ speaks/g)).toEqual(functionNames.toReversed().map((name) => `${name} speaks`));
    expect(await run(aws, ['logs', '--run', 'no-such-run'])).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('no-such-run'),
    });
  });
});
