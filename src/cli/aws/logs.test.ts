import { describe, expect, test } from 'vitest';
import { startedRun, describedAs, executionArn, lines, machineArn, run } from '../../../test/support/aws-run.ts';
import { refusal, type FakeAnswer, type FakeAnswers } from '../../../test/support/fake-aws.ts';

/** Returns the answers for the four log groups. Every log group has the same events. */
function ofEachGroup(...events: object[]): FakeAnswer[] {
  return Array.from({ length: 4 }, () => ({ body: { events } }));
}

/** Returns one event of a log group. */
function logged(atMs: number, record: object | string) {
  return { eventId: `${atMs}`, timestamp: atMs, message: typeof record === 'string' ? record : JSON.stringify(record) };
}

describe('aws logs', () => {
  const answers: FakeAnswers = {
    ...startedRun(describedAs('SUCCEEDED')),
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

  test('`aws logs` prints the log lines of the last run in order and without secrets', async () => {
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

  test('`aws logs --level` leaves less urgent lines out, and `--json` prints each line as an object', async () => {
    const { exitCode, stdout } = await run(['aws', 'logs', '--run', 'night-1', '--level', 'error', '--json'], answers);
    expect(exitCode).toBe(0);
    expect(lines({ stdout })).toEqual([
      expect.objectContaining({ level: 'error', message: 'too late', fields: { code: 'STALLED', tries: 5 } }),
    ]);
  });

  test('`aws logs --follow` prints lines until the run ends, and prints no line twice', async () => {
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
