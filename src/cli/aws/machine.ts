/** Finds the state machine of a service on AWS, starts it, and describes its executions. */
import {
  DescribeExecutionCommand,
  paginateListStateMachines,
  SFNClient,
  StartExecutionCommand,
  type DescribeExecutionOutput,
} from '@aws-sdk/client-sfn';
import type { ExecutionInput } from '../../aws/contract.ts';
import { resourceNames } from '../../aws/names.ts';
import type { Stage } from '../../config/stages.ts';
import type { Config } from '../../config/load.ts';
import { SyncError } from '../../errors.ts';
import { readAwsError } from '../../lib/aws-error.ts';
import { askAws, clientOptions } from './errors.ts';

const machineArn = /^arn:[\w-]+:states:([\w-]+):\d{12}:stateMachine:[^:]+$/;

export interface Machine extends Disposable {
  readonly client: SFNClient;
  readonly arn: string;
  /** Returns the ARN of the execution that has this name. */
  executionArn(name: string): string;
}

export interface Execution {
  readonly arn: string;
  readonly name: string;
}

/** Opens the machine that the settings name. Errors: USAGE if it does not exist or AWS refuses. */
export async function openMachine(config: Config): Promise<Machine> {
  const { settings } = config;
  const wanted = settings.machine ?? resourceNames(settings.env as Stage).stateMachine;
  const region = machineArn.exec(wanted)?.[1];
  if (wanted.startsWith('arn:') && region === undefined) {
    throw new SyncError('USAGE', `--machine ${wanted}: this is not the ARN of a state machine`, {
      hint: 'Give its name, or arn:aws:states:REGION:ACCOUNT:stateMachine:NAME.',
    });
  }
  const client = new SFNClient({ ...clientOptions(config), ...(region !== undefined && { region }) });
  try {
    const arn = region === undefined ? await findMachine(client, wanted) : wanted;
    return {
      client,
      arn,
      executionArn: (name) => `${arn.replace(':stateMachine:', ':execution:')}:${name}`,
      [Symbol.dispose]: () => client.destroy(),
    };
  } catch (error) {
    client.destroy();
    throw error;
  }
}

async function findMachine(client: SFNClient, name: string): Promise<string> {
  const found = await askAws(`look for the state machine ${name}`, async () => {
    for await (const { stateMachines = [] } of paginateListStateMachines({ client, pageSize: 1_000 }, {})) {
      const machine = stateMachines.find((machine) => machine.name === name);
      if (machine) return machine.stateMachineArn;
    }
    return undefined;
  });
  if (found !== undefined) return found;
  throw noMachine(`${name} in ${await client.config.region()}`);
}

function noMachine(which: string): SyncError {
  return new SyncError('USAGE', `there is no state machine ${which}`, {
    hint: 'Deploy the service first, or name another service with AWS_REGION, --env or --machine.',
  });
}

/** Starts a run that tries all media, including media that failed recently. Errors: USAGE. */
export async function startRun({ client, arn }: Machine, options: { readonly fullListing: boolean }): Promise<Execution> {
  const input: ExecutionInput = { trigger: 'manual', ...(options.fullListing && { full_listing: true }) };
  const { executionArn = '' } = await askAws(
    'start a run',
    async () => client.send(new StartExecutionCommand({ stateMachineArn: arn, input: JSON.stringify(input) })),
    () => noMachine(arn),
  );
  return { arn: executionArn, name: executionArn.slice(executionArn.lastIndexOf(':') + 1) };
}

/**
 * Describes an execution. Returns undefined if it does not exist or AWS has forgotten it. Errors:
 * USAGE.
 */
export async function describeRun({ client }: Machine, executionArn: string): Promise<DescribeExecutionOutput | undefined> {
  return askAws('ask for the state of a run', async () => {
    try {
      return await client.send(new DescribeExecutionCommand({ executionArn }));
    } catch (error) {
      if (readAwsError(error)?.kind === 'notFound') return undefined;
      throw error;
    }
  });
}
