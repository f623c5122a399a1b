import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { refusal, startFakeAws, type FakeAnswer, type FakeAnswers } from '../../test/support/fake-aws.ts';
import { stateErrorOf } from '../aws/state-error.ts';
import { SyncError } from '../errors.ts';
import { renewHint } from '../source/gopro/credentials.ts';
import { runCli, startCli, temporaryDirectory, type CliResult } from '../../test/support/cli-process.ts';

const machineArn = 'arn:aws:states:eu-west-3:123456789012:stateMachine:gopro-sync-orchestrator';
const executionArn = 'arn:aws:states:eu-west-3:123456789012:execution:gopro-sync-orchestrator:night-1';
const machine = { stateMachineArn: machineArn, name: 'gopro-sync-orchestrator', type: 'STANDARD', creationDate: 1 };

function entered(id: number, name: string, input?: object) {
  return {
    id,
    timestamp: 1_763_700_000 + id,
    type: 'TaskStateEntered',
    stateEnteredEventDetails: { name, ...(input && { input: JSON.stringify(input) }) },
  };
}

function describedAs(status: string, more: object = {}): FakeAnswer {
  return {
    body: {
      executionArn,
      stateMachineArn: machineArn,
      name: 'night-1',
      status,
      startDate: 1_763_700_000,
      stopDate: 1_763_700_060,
      ...more,
    },
  };
}

/** A run that was started, and how it stands when it is asked about. */
function aRun(...standing: readonly FakeAnswer[]): FakeAnswers {
  return {
    ListStateMachines: [
      { body: { stateMachines: [{ ...machine, name: 'another' }], nextToken: 'more' } },
      { body: { stateMachines: [machine] } },
    ],
    StartExecution: [{ body: { executionArn, startDate: 1_763_700_000 } }],
    DescribeExecution: standing,
    GetExecutionHistory: [{ body: { events: [] } }],
    ListMapRuns: [{ body: { mapRuns: [] } }],
  };
}

async function run(args: readonly string[], answers: FakeAnswers) {
  const { environment, asked } = await startFakeAws(answers);
  const result = await runCli(args, { environment: { ...environment, CLOUD_SYNC_HOME: temporaryDirectory() } });
  return { ...result, asked };
}

function lines({ stdout }: Pick<CliResult, 'stdout'>): unknown[] {
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
}

/** How far the three pieces of work of a run are. */
function counted(counts: object): FakeAnswer {
  const none = { pending: 0, running: 0, succeeded: 0, failed: 0, timedOut: 0, aborted: 0, total: 3, resultsWritten: 0 };
  return { body: { itemCounts: { ...none, ...counts }, status: 'RUNNING' } };
}

/** The history of a run that an error ended. */
function ended(Error: string, Cause: string): FakeAnswer {
  return { body: { events: [entered(30, 'SyncFailed'), entered(20, 'EndRun', { error: { Error, Cause } })] } };
}

/** An answer that is given once for each function. */
function ofEachGroup(...events: object[]): FakeAnswer[] {
  return Array.from({ length: 4 }, () => ({ body: { events } }));
}

/** One event of a log group. */
function logged(atMs: number, record: object | string) {
  return { eventId: `${atMs}`, timestamp: atMs, message: typeof record === 'string' ? record : JSON.stringify(record) };
}

describe('aws run', () => {
  test('finds the machine by its name, starts a run that tries everything and says which', async () => {
    const { exitCode, stdout, stderr, asked } = await run(['aws', 'run', '--full'], aRun());
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toContain(`Started night-1\n${executionArn}\n`);
    const started = asked.find(({ operation }) => operation === 'StartExecution')!.request;
    expect(started).toMatchObject({ stateMachineArn: machineArn });
    expect(JSON.parse(String(started['input']))).toEqual({ trigger: 'manual', full_listing: true });
  });

  test('takes the ARN of a machine without looking for it', async () => {
    const { exitCode, stdout, asked } = await run(['aws', 'run', '--machine', machineArn, '--json'], aRun());
    expect({ exitCode, asked: asked.map(({ operation }) => operation) }).toEqual({ exitCode: 0, asked: ['StartExecution'] });
    expect(lines({ stdout })).toEqual([{ type: 'execution.started', time: expect.any(String), executionArn, name: 'night-1' }]);
  });

  /** A run in which all states and some of the work are seen. */
  function aSeenRun(): FakeAnswers {
    const mapRuns = [{ executionArn, mapRunArn: `${executionArn}:map`, stateMachineArn: machineArn, startDate: 1 }];
    return {
      ...aRun(describedAs('RUNNING'), describedAs('RUNNING'), describedAs('SUCCEEDED', { output: '{"outcome":"notice"}' })),
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

  test('--follow says in words what a run does', async () => {
    const { stdout } = await run(['aws', 'run', '--follow'], aSeenRun());
    expect(stdout.replaceAll(/^\d\d:\d\d:\d\d {2}/gm, '').split('\n')).toEqual([
      'Started night-1',
      executionArn,
      'begins',
      'lists the library',
      'archives what is new',
      '0 of 3 pieces of work done, 2 under way',
      '2 of 3 pieces of work done, 1 failed',
      'sums up',
      'Ended: clean (1m)',
      '',
    ]);
  });

  test('--follow tells each state once, how much of the work is done, and the end', async () => {
    const { exitCode, stdout } = await run(['aws', 'run', '--follow', '--json'], aSeenRun());
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
      'beside another',
      describedAs('SUCCEEDED', { output: '{"outcome":"overlap"}' }),
      undefined,
      4,
      'Ended: locked',
      'another run',
    ],
    ['in no known way', describedAs('SUCCEEDED', { output: '[]' }), undefined, 1, 'Ended: failed', 'does not know'],
    ['with expired cookies', failed, ended('CREDENTIALS_EXPIRED', 'renew them'), 3, 'Ended: expired', 'renew them'],
    ['with a listing that lies', failed, ended('LISTING_UNTRUSTED', 'two totals'), 5, 'Ended: failed', 'two totals'],
    ['with a full archive', failed, ended('DESTINATION_FULL', 'no space'), 6, 'Ended: failed', 'no space'],
    ['out of memory', failed, ended('Runtime.ExitError', 'signal: killed'), 1, 'Ended: failed', 'memory (Runtime.ExitError)'],
    [
      'without a word',
      describedAs('FAILED', { error: 'States.Runtime', cause: 'a path' }),
      undefined,
      1,
      'failed',
      'States.Runtime',
    ],
    ['aborted', describedAs('ABORTED'), undefined, 1, 'Ended: interrupted', 'aborted'],
    ['out of time', describedAs('TIMED_OUT'), undefined, 1, 'Ended: failed', 'out of time'],
  ])('--follow ends as the run does: %s', async (_how, standing, history, exitCode, says, complains) => {
    const answers = { ...aRun(standing), ...(history && { GetExecutionHistory: [history] }) };
    const result = await run(['aws', 'run', '--follow'], answers);
    expect(result).toMatchObject({ exitCode, stdout: expect.stringContaining(says), stderr: expect.stringContaining(complains) });
  });

  test.each([
    [[], 'prod', 'gopro/credentials'],
    [['--env', 'dev', '--machine', machineArn], 'dev', 'cloud-sync-dev-gopro/credentials'],
  ] as const)('what is to be done about expired cookies is done to the secret: %j', async (options, stage, secret) => {
    const refused = new SyncError('CREDENTIALS_EXPIRED', 'api.gopro.com refuses the credentials', { hint: renewHint });
    const history = ended('CREDENTIALS_EXPIRED', stateErrorOf(refused, { stage }).Cause);
    const { stderr } = await run(['aws', 'run', '--follow', ...options], { ...aRun(failed), GetExecutionHistory: [history] });
    expect(stderr).toContain(`\`cloud-sync login gopro --to-secret ${secret}\``);
    expect(stderr).not.toContain('gopro`');
  });

  test('what is advised is for the stage that was named', async () => {
    const dev = ['--env', 'dev', '--machine', machineArn];
    expect((await run(['aws', 'run', ...dev], aRun())).stdout).toMatch(/aws status --env dev`.*aws logs --follow --env dev`/);
    const partial = aRun(describedAs('SUCCEEDED', { output: '{"outcome":"partial"}' }));
    expect((await run(['aws', 'run', '--follow', ...dev], partial)).stderr).toContain('`cloud-sync aws failures --env dev`');
  });

  test('Ctrl-C ends --follow at once and says that the run goes on', async () => {
    const { environment } = await startFakeAws(aRun(describedAs('RUNNING')));
    const child = startCli(['aws', 'run', '--follow'], {
      environment: { ...environment, CLOUD_SYNC_HOME: temporaryDirectory() },
    });
    child.stdout?.once('data', () => void delay(300).then(() => child.kill('SIGINT')));
    expect(await child.result).toMatchObject({
      exitCode: 130,
      stderr: expect.stringMatching(/the run night-1 goes on\n.*aws status/),
    });
  });
});

describe('aws logs', () => {
  const answers: FakeAnswers = {
    ...aRun(describedAs('SUCCEEDED')),
    ListExecutions: [
      {
        body: { executions: [{ executionArn, stateMachineArn: machineArn, name: 'night-1', status: 'SUCCEEDED', startDate: 1 }] },
      },
    ],
    FilterLogEvents: [
      {
        body: {
          events: [
            logged(4_000, {
              level: 'ERROR',
              message: 'too late',
              correlation_id: 'night-1',
              event: { code: 'STALLED', tries: 5 },
            }),
          ],
        },
      },
      {
        body: {
          events: [logged(1_000, { level: 'INFO', message: 'GET https://cdn.example/a?Signature=very-secret-value' })],
          nextToken: 'x',
        },
      },
      refusal('ResourceNotFoundException'),
      {
        body: {
          events: [logged(3_000, 'no JSON\u001b[31m night-1\n'), logged(2_000, { level: 'DEBUG', message: 'small talk' })],
        },
      },
    ],
  };

  test('prints what the functions said in the last run, in order, without secrets', async () => {
    const { exitCode, stdout, asked } = await run(['aws', 'logs'], answers);
    expect(exitCode).toBe(0);
    const [first, second, third, ...more] = stdout.split('\n');
    expect(first).toMatch(
      /^1970-01-01T00:00:01.000Z INFO {2}gopro-sync-[\w-]+: GET https:\/\/cdn\.example\/a\?Signature=\[redacted\]$/,
    );
    expect(second).toMatch(/INFO {2}gopro-sync-[\w-]+: no JSON\\u001b\[31m night-1$/);
    expect(third).toMatch(/ERROR gopro-sync-[\w-]+: too late code=STALLED tries=5$/);
    expect(more).toEqual(['']);
    const filters = asked.filter(({ operation }) => operation === 'FilterLogEvents').map(({ request }) => request);
    expect(filters[0]).toMatchObject({ filterPattern: '"night-1"', startTime: 1_763_700_000_000 });
    expect(new Set(filters.map((request) => request['logGroupName']))).toEqual(
      new Set(
        ['token-validator', 'media-lister', 'video-downloader', 'run-manager'].map((name) => `/aws/lambda/gopro-sync-${name}`),
      ),
    );
  });

  test('--level and --json', async () => {
    const { exitCode, stdout } = await run(['aws', 'logs', '--run', 'night-1', '--level', 'error', '--json'], answers);
    expect(exitCode).toBe(0);
    expect(lines({ stdout })).toEqual([
      expect.objectContaining({ level: 'error', message: 'too late', fields: { code: 'STALLED', tries: 5 } }),
    ]);
  });

  test('--follow goes on until the run has ended, and prints no line twice', async () => {
    const early = logged(1_763_700_001_000, { level: 'INFO', message: 'first' });
    const late = logged(1_763_700_050_000, { level: 'INFO', message: 'second' });
    const { stdout } = await run(['aws', 'logs', '--follow'], {
      ...answers,
      DescribeExecution: [describedAs('RUNNING'), describedAs('RUNNING'), describedAs('SUCCEEDED')],
      FilterLogEvents: [...ofEachGroup(early), ...ofEachGroup(early, late)],
    });
    expect(stdout.match(/first|second/g)).toEqual(['first', 'second']);
  });
});

describe('what AWS refuses ends with 2 and the next step', () => {
  test.each<readonly [string, readonly string[], FakeAnswers, readonly string[]]>([
    [
      'no such machine',
      ['aws', 'run'],
      { ListStateMachines: [{ body: { stateMachines: [] } }] },
      ['gopro-sync-orchestrator in eu-west-3', 'AWS_REGION'],
    ],
    [
      'a machine of dev',
      ['aws', 'run', '--env', 'dev'],
      { ListStateMachines: [{ body: { stateMachines: [machine] } }] },
      ['cloud-sync-dev-gopro-sync-orchestrator'],
    ],
    [
      'an ARN of nothing',
      ['aws', 'run', '--machine', machineArn],
      { StartExecution: [refusal('StateMachineDoesNotExist')] },
      [machineArn, 'Deploy'],
    ],
    [
      'no permission',
      ['aws', 'run'],
      { ListStateMachines: [refusal('AccessDeniedException', 'not you')] },
      ['not you', 'may do this'],
    ],
    [
      'credentials of AWS that expired',
      ['aws', 'run'],
      { ListStateMachines: [refusal('ExpiredTokenException')] },
      ['ExpiredToken', 'Set or renew the AWS'],
    ],
    ['a run that is unknown', ['aws', 'logs', '--run', 'gone'], aRun(refusal('ExecutionDoesNotExist')), ['gone', 'aws status']],
    ['a machine that never ran', ['aws', 'logs'], { ...aRun(), ListExecutions: [{ body: { executions: [] } }] }, ['aws run']],
    [
      'no logs',
      ['aws', 'logs', '--run', 'night-1'],
      { ...aRun(describedAs('SUCCEEDED')), FilterLogEvents: [refusal('ResourceNotFoundException')] },
      ['log groups', '--env'],
    ],
    [
      'no table',
      ['aws', 'status'],
      { GetItem: [refusal('ResourceNotFoundException')], BatchGetItem: [refusal('ResourceNotFoundException')] },
      ['no table gopro-sync-tracker in eu-west-3', 'AWS_REGION, --env or --table'],
    ],
    [
      'a table without an archive',
      ['aws', 'failures'],
      { GetItem: [{ body: {} }], BatchGetItem: [{ body: { Responses: {} } }] },
      ['no archive yet', '`cloud-sync aws run`'],
    ],
    [
      'a table of dev without an archive',
      ['aws', 'status', '--env', 'dev'],
      { GetItem: [{ body: {} }], BatchGetItem: [{ body: { Responses: {} } }] },
      ['cloud-sync-dev-gopro-sync-tracker', '`cloud-sync aws run --env dev`'],
    ],
    [
      'a run that dev does not know',
      ['aws', 'logs', '--run', 'gone', '--env', 'dev', '--machine', machineArn],
      aRun(refusal('ExecutionDoesNotExist')),
      ['gone', '`cloud-sync aws status --env dev`'],
    ],
    [
      'a machine of dev that never ran',
      ['aws', 'logs', '--env', 'dev', '--machine', machineArn],
      { ...aRun(), ListExecutions: [{ body: { executions: [] } }] },
      ['`cloud-sync aws run --env dev`'],
    ],
  ])('%s', async (_what, args, answers, says) => {
    const { exitCode, stderr } = await run(args, answers);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/^error: .+\n {7}.+/m);
    for (const part of says) expect(stderr).toContain(part);
  });
});
