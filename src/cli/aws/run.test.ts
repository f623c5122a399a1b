import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { describedAs, executionArn, lines, machineArn, run, startedRun } from '../../../test/support/aws-run.ts';
import { startCli, temporaryDirectory } from '../../../test/support/cli-process.ts';
import { startFakeAws, type FakeAnswer, type FakeAnswers } from '../../../test/support/fake-aws.ts';
import { stateErrorOf } from '../../aws/state-error.ts';
import { SyncError } from '../../errors.ts';
import { renewHint } from '../../source/gopro/credentials.ts';

function entered(id: number, name: string, input?: object) {
  return {
    id,
    timestamp: 1_763_700_000 + id,
    type: 'TaskStateEntered',
    stateEnteredEventDetails: { name, ...(input && { input: JSON.stringify(input) }) },
  };
}

/** Returns the history of a run that an error ended. */
function ended(Error: string, Cause: string): FakeAnswer {
  return { body: { events: [entered(30, 'SyncFailed'), entered(20, 'EndRun', { error: { Error, Cause } })] } };
}

/** Returns the progress of the three work lines of a run. */
function counted(counts: object): FakeAnswer {
  const none = { pending: 0, running: 0, succeeded: 0, failed: 0, timedOut: 0, aborted: 0, total: 3, resultsWritten: 0 };
  return { body: { itemCounts: { ...none, ...counts }, status: 'RUNNING' } };
}

/**
 * Returns the answers of AWS for a run that enters all states. Its work lines are counted twice.
 */
function watchedRun(): FakeAnswers {
  const mapRuns = [{ executionArn, mapRunArn: `${executionArn}:map`, stateMachineArn: machineArn, startDate: 1 }];
  return {
    ...startedRun(describedAs('RUNNING'), describedAs('RUNNING'), describedAs('SUCCEEDED', { output: '{"outcome":"notice"}' })),
    GetExecutionHistory: [
      { body: { events: [entered(2, 'BeginRun')] } },
      {
        body: {
          events: [entered(8, 'DownloadVideos'), entered(6, 'ListMedia'), entered(4, 'ListMedia'), entered(2, 'BeginRun')],
        },
      },
      { body: { events: [entered(11, 'SyncComplete'), entered(10, 'GenerateSummary'), entered(8, 'DownloadVideos')] } },
    ],
    ListMapRuns: [{ body: { mapRuns: [] } }, { body: { mapRuns } }],
    DescribeMapRun: [counted({ running: 2, pending: 1 }), counted({ succeeded: 2, failed: 1 })],
  };
}

describe('aws run', () => {
  test('`aws run` finds the machine by its name, starts a run and prints the name of the run', async () => {
    const { exitCode, stdout, stderr, asked } = await run(['aws', 'run', '--full'], startedRun());
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toContain(`Started night-1\n${executionArn}\n`);
    const started = asked.find(({ operation }) => operation === 'StartExecution')!.request;
    expect(started).toMatchObject({ stateMachineArn: machineArn });
    expect(JSON.parse(String(started['input']))).toEqual({ trigger: 'manual', full_listing: true });
  });

  test('`aws run` does not search for a machine whose ARN is given', async () => {
    const { exitCode, stdout, asked } = await run(['aws', 'run', '--machine', machineArn, '--json'], startedRun());
    expect({ exitCode, asked: asked.map(({ operation }) => operation) }).toEqual({ exitCode: 0, asked: ['StartExecution'] });
    expect(lines({ stdout })).toEqual([{ type: 'execution.started', time: expect.any(String), executionArn, name: 'night-1' }]);
  });

  test('`aws run --follow` prints in words what the run does', async () => {
    const { stdout } = await run(['aws', 'run', '--follow'], watchedRun());
    expect(stdout.replaceAll(/^\d\d:\d\d:\d\d {2}/gm, '').split('\n')).toEqual([
      'Started night-1',
      executionArn,
      'begins',
      'lists the library',
      'archives new media',
      '0 of 3 work lines done, 2 under way',
      '2 of 3 work lines done, 1 failed',
      'summarises',
      'Ended: clean (1m)',
      '',
    ]);
  });

  test('`aws run --follow --json` prints each state once, the progress of the work, and the end', async () => {
    const { exitCode, stdout } = await run(['aws', 'run', '--follow', '--json'], watchedRun());
    expect(exitCode).toBe(0);
    expect(lines({ stdout })).toEqual([
      { type: 'execution.started', time: expect.any(String), executionArn, name: 'night-1' },
      { type: 'execution.state', time: expect.any(String), state: 'BeginRun' },
      { type: 'execution.state', time: expect.any(String), state: 'ListMedia' },
      { type: 'execution.state', time: expect.any(String), state: 'DownloadVideos' },
      { type: 'execution.lines', time: expect.any(String), total: 3, done: 0, failed: 0, running: 2 },
      { type: 'execution.lines', time: expect.any(String), total: 3, done: 2, failed: 1, running: 0 },
      { type: 'execution.state', time: expect.any(String), state: 'GenerateSummary' },
      { type: 'execution.state', time: expect.any(String), state: 'SyncComplete' },
      {
        type: 'execution.finished',
        time: expect.any(String),
        name: 'night-1',
        status: 'SUCCEEDED',
        outcome: 'clean',
        exitCode: 0,
        message: null,
        elapsedMs: 60_000,
      },
    ]);
  });

  const failed = describedAs('FAILED', { error: 'CloudSync.Notified', cause: 'The run failed.' });

  test.each<readonly [string, FakeAnswer, FakeAnswer | undefined, number, string, string]>([
    ['clean', describedAs('SUCCEEDED', { output: '{"outcome":"clean"}' }), undefined, 0, 'Ended: clean (1m)', ''],
    ['partial', describedAs('SUCCEEDED', { output: '{"outcome":"partial"}' }), undefined, 1, 'Ended: partial', 'aws failures'],
    [
      'because another run was at work',
      describedAs('SUCCEEDED', { output: '{"outcome":"overlap"}' }),
      undefined,
      4,
      'Ended: locked',
      'another run',
    ],
    ['with an unknown outcome', describedAs('SUCCEEDED', { output: '[]' }), undefined, 1, 'Ended: failed', 'does not know'],
    ['with expired cookies', failed, ended('CREDENTIALS_EXPIRED', 'renew them'), 3, 'Ended: expired', 'renew them'],
    ['with a contradictory listing', failed, ended('LISTING_UNTRUSTED', 'two totals'), 5, 'Ended: failed', 'two totals'],
    ['with a full archive', failed, ended('DESTINATION_FULL', 'no space'), 6, 'Ended: failed', 'no space'],
    ['out of memory', failed, ended('Runtime.ExitError', 'signal: killed'), 1, 'Ended: failed', 'memory (Runtime.ExitError)'],
    [
      'without a recorded error',
      describedAs('FAILED', { error: 'States.Runtime', cause: 'a path' }),
      undefined,
      1,
      'failed',
      'States.Runtime',
    ],
    ['by an abort', describedAs('ABORTED'), undefined, 1, 'Ended: interrupted', 'aborted'],
    ['out of time', describedAs('TIMED_OUT'), undefined, 1, 'Ended: failed', 'out of time'],
  ])(
    '`aws run --follow` has the outcome and the exit code of a run that ended %s',
    async (_how, description, history, exitCode, says, complains) => {
      const answers = { ...startedRun(description), ...(history && { GetExecutionHistory: [history] }) };
      const result = await run(['aws', 'run', '--follow'], answers);
      expect(result).toMatchObject({
        exitCode,
        stdout: expect.stringContaining(says),
        stderr: expect.stringContaining(complains),
      });
    },
  );

  test.each([
    [[], 'prod', 'gopro/credentials'],
    [['--env', 'dev', '--machine', machineArn], 'dev', 'cloud-sync-dev-gopro/credentials'],
  ] as const)(
    'with the options %j the hint for expired cookies names the secret of the stage %s',
    async (options, stage, secret) => {
      const refused = new SyncError('CREDENTIALS_EXPIRED', 'api.gopro.com refuses the credentials', { hint: renewHint });
      const history = ended('CREDENTIALS_EXPIRED', stateErrorOf(refused, { stage }).Cause);
      const { stderr } = await run(['aws', 'run', '--follow', ...options], {
        ...startedRun(failed),
        GetExecutionHistory: [history],
      });
      expect(stderr).toContain(`\`cloud-sync login gopro --to-secret ${secret}\``);
      expect(stderr).not.toContain('gopro`');
    },
  );

  test('every command that `aws run` suggests repeats the option --env', async () => {
    const dev = ['--env', 'dev', '--machine', machineArn];
    expect((await run(['aws', 'run', ...dev], startedRun())).stdout).toMatch(
      /aws status --env dev`.*aws logs --follow --env dev`/,
    );
    const partial = startedRun(describedAs('SUCCEEDED', { output: '{"outcome":"partial"}' }));
    expect((await run(['aws', 'run', '--follow', ...dev], partial)).stderr).toContain('`cloud-sync aws failures --env dev`');
  });

  test('Ctrl-C ends `aws run --follow`, and a message says that the run goes on', async () => {
    const { environment } = await startFakeAws(startedRun(describedAs('RUNNING')));
    const child = startCli(['aws', 'run', '--follow'], {
      environment: { ...environment, CLOUD_SYNC_HOME: temporaryDirectory() },
    });
    child.stdout?.once('data', () => void delay(300).then(() => child.kill('SIGINT')));
    expect(await child.result).toMatchObject({
      exitCode: 130,
      stderr: expect.stringMatching(/the run night-1 continues\n.*aws status/),
    });
  });
});
