/** Executions of the state machine, seen from outside. */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  DescribeExecutionCommand,
  DescribeMapRunCommand,
  ListMapRunsCommand,
  StartExecutionCommand,
  paginateGetExecutionHistory,
  paginateListExecutions,
  type ExecutionStatus,
  type HistoryEvent,
} from '@aws-sdk/client-sfn';
import type { Aws } from './aws.ts';

export interface EndedExecution {
  readonly arn: string;
  readonly name: string;
  readonly status: ExecutionStatus | undefined;
  /** The error of an execution that failed. */
  readonly error: string | undefined;
  readonly cause: string | undefined;
  readonly output: Readonly<Record<string, unknown>>;
  /** States in the order in which they were entered. */
  readonly states: readonly string[];
  readonly history: readonly HistoryEvent[];
}

export interface StartedExecution {
  readonly arn: string;
  readonly name: string;
  status(): Promise<ExecutionStatus | undefined>;
  /** Rejects if the execution did not end in time. */
  ended(options?: { readonly withinMs?: number }): Promise<EndedExecution>;
}

export async function startExecution(
  { sfn }: Pick<Aws, 'sfn'>,
  stateMachineArn: string,
  input: unknown,
): Promise<StartedExecution> {
  const { executionArn: arn = '' } = await sfn.send(new StartExecutionCommand({ stateMachineArn, input: JSON.stringify(input) }));
  const describe = async () => sfn.send(new DescribeExecutionCommand({ executionArn: arn }));
  return {
    arn,
    name: arn.slice(arn.lastIndexOf(':') + 1),
    status: async () => (await describe()).status,
    ended: async ({ withinMs = 120_000 } = {}) => {
      const deadlineMs = Date.now() + withinMs;
      while ((await describe()).status === 'RUNNING') {
        if (Date.now() > deadlineMs) throw new Error(`${arn} still runs after ${withinMs} ms`);
        await sleep(100);
      }
      return describeEnded({ sfn }, arn);
    },
  };
}

/** Describes an ended execution of the machine, or an ended child of its map. */
export async function describeEnded({ sfn }: Pick<Aws, 'sfn'>, executionArn: string): Promise<EndedExecution> {
  const { name = '', status, error, cause, output } = await sfn.send(new DescribeExecutionCommand({ executionArn }));
  const history: HistoryEvent[] = [];
  for await (const page of paginateGetExecutionHistory({ client: sfn }, { executionArn, includeExecutionData: true })) {
    history.push(...(page.events ?? []));
  }
  const states = history.flatMap(({ stateEnteredEventDetails }) => stateEnteredEventDetails?.name ?? []);
  return { arn: executionArn, name, status, error, cause, output: parsed(output), states, history };
}

function parsed(output: string | undefined): Readonly<Record<string, unknown>> {
  const value: unknown = JSON.parse(output ?? '{}');
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : { value };
}

/** ARNs of all children of an execution's map, once the last of them has ended. */
export async function childrenOf({ sfn }: Pick<Aws, 'sfn'>, executionArn: string): Promise<string[]> {
  const { mapRuns = [] } = await sfn.send(new ListMapRunsCommand({ executionArn }));
  const arns: string[] = [];
  for (const { mapRunArn } of mapRuns) {
    // Waits for the children, because in the emulator they keep running after their parent is
    // aborted.
    while ((await sfn.send(new DescribeMapRunCommand({ mapRunArn }))).status === 'RUNNING') await sleep(100);
    for await (const page of paginateListExecutions({ client: sfn }, { mapRunArn })) {
      arns.push(...(page.executions ?? []).flatMap(({ executionArn: arn }) => arn ?? []));
    }
  }
  return arns;
}

/** The largest input or output of any state of an execution and of its children. */
export async function largestPayloadBytes(aws: Pick<Aws, 'sfn'>, executionArn: string): Promise<number> {
  const arns = [executionArn, ...(await childrenOf(aws, executionArn))];
  const histories = await Promise.all(arns.map(async (arn) => (await describeEnded(aws, arn)).history));
  const payloads = histories
    .flat()
    .flatMap(({ stateEnteredEventDetails, stateExitedEventDetails, taskSucceededEventDetails }) => [
      stateEnteredEventDetails?.input ?? '',
      stateExitedEventDetails?.output ?? '',
      taskSucceededEventDetails?.output ?? '',
    ]);
  return Math.max(...payloads.map((payload) => Buffer.byteLength(payload)));
}
