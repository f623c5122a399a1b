import { describe, expect, test } from 'vitest';
import { startedRun, describedAs, machine, machineArn, run } from '../../../test/support/aws-run.ts';
import { refusal, type FakeAnswers } from '../../../test/support/fake-aws.ts';

describe('an error of AWS ends a command with exit code 2 and names the next step', () => {
  test.each<readonly [string, readonly string[], FakeAnswers, readonly string[]]>([
    [
      'a machine that does not exist',
      ['aws', 'run'],
      { ListStateMachines: [{ body: { stateMachines: [] } }] },
      ['gopro-sync-orchestrator in eu-west-3', 'AWS_REGION'],
    ],
    [
      'a machine that does not exist in the stage dev',
      ['aws', 'run', '--env', 'dev'],
      { ListStateMachines: [{ body: { stateMachines: [machine] } }] },
      ['cloud-sync-dev-gopro-sync-orchestrator'],
    ],
    [
      'the ARN of a machine that does not exist',
      ['aws', 'run', '--machine', machineArn],
      { StartExecution: [refusal('StateMachineDoesNotExist')] },
      [machineArn, 'Deploy'],
    ],
    [
      'a missing permission',
      ['aws', 'run'],
      { ListStateMachines: [refusal('AccessDeniedException', 'not you')] },
      ['not you', 'with the permission'],
    ],
    [
      'expired credentials of AWS',
      ['aws', 'run'],
      { ListStateMachines: [refusal('ExpiredTokenException')] },
      ['ExpiredToken', 'Set or renew the AWS'],
    ],
    ['an unknown run', ['aws', 'logs', '--run', 'gone'], startedRun(refusal('ExecutionDoesNotExist')), ['gone', 'aws status']],
    [
      'a machine that never ran',
      ['aws', 'logs'],
      { ...startedRun(), ListExecutions: [{ body: { executions: [] } }] },
      ['aws run'],
    ],
    [
      'missing log groups',
      ['aws', 'logs', '--run', 'night-1'],
      { ...startedRun(describedAs('SUCCEEDED')), FilterLogEvents: [refusal('ResourceNotFoundException')] },
      ['log groups', '--env'],
    ],
    [
      'a missing table',
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
      'a table of the stage dev without an archive',
      ['aws', 'status', '--env', 'dev'],
      { GetItem: [{ body: {} }], BatchGetItem: [{ body: { Responses: {} } }] },
      ['cloud-sync-dev-gopro-sync-tracker', '`cloud-sync aws run --env dev`'],
    ],
    [
      'an unknown run in the stage dev',
      ['aws', 'logs', '--run', 'gone', '--env', 'dev', '--machine', machineArn],
      startedRun(refusal('ExecutionDoesNotExist')),
      ['gone', '`cloud-sync aws status --env dev`'],
    ],
    [
      'a machine of the stage dev that never ran',
      ['aws', 'logs', '--env', 'dev', '--machine', machineArn],
      { ...startedRun(), ListExecutions: [{ body: { executions: [] } }] },
      ['`cloud-sync aws run --env dev`'],
    ],
  ])('the error for %s has exit code 2 and the next step', async (_what, args, answers, says) => {
    const { exitCode, stderr } = await run(args, answers);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/^error: .+\n {7}.+/m);
    for (const part of says) expect(stderr).toContain(part);
  });
});
