/** A fake AWS on which a run of the state machine was started. */
import { runCli, temporaryDirectory, type CliResult } from './cli-process.ts';
import { startFakeAws, type FakeAnswer, type FakeAnswers } from './fake-aws.ts';

export const machineArn = 'arn:aws:states:eu-west-3:123456789012:stateMachine:gopro-sync-orchestrator';
export const executionArn = 'arn:aws:states:eu-west-3:123456789012:execution:gopro-sync-orchestrator:night-1';
export const machine = { stateMachineArn: machineArn, name: 'gopro-sync-orchestrator', type: 'STANDARD', creationDate: 1 };

export function describedAs(status: string, more: object = {}): FakeAnswer {
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

/** The answers of an AWS that starts a run. `descriptions` are the answers to DescribeExecution. */
export function startedRun(...descriptions: readonly FakeAnswer[]): FakeAnswers {
  return {
    ListStateMachines: [
      { body: { stateMachines: [{ ...machine, name: 'another' }], nextToken: 'more' } },
      { body: { stateMachines: [machine] } },
    ],
    StartExecution: [{ body: { executionArn, startDate: 1_763_700_000 } }],
    DescribeExecution: descriptions,
    GetExecutionHistory: [{ body: { events: [] } }],
    ListMapRuns: [{ body: { mapRuns: [] } }],
  };
}

/** Runs the command line against a fake AWS with these answers. */
export async function run(args: readonly string[], answers: FakeAnswers) {
  const { environment, asked } = await startFakeAws(answers);
  const result = await runCli(args, { environment: { ...environment, CLOUD_SYNC_HOME: temporaryDirectory() } });
  return { ...result, asked };
}

/** The lines of standard output, each parsed as JSON. */
export function lines({ stdout }: Pick<CliResult, 'stdout'>): unknown[] {
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
}
