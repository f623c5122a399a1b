import { paginateGetExecutionHistory, type DescribeExecutionOutput } from '@aws-sdk/client-sfn';
import { commandsFor } from '../../aws/commands.ts';
import type { AskingState, ReplyOf, StateError } from '../../aws/contract.ts';
import type { Stage } from '../../config/stages.ts';
import { readCaught, reasonOf } from '../../aws/functions/run-manager/caught.ts';
import { errorKinds } from '../../errors.ts';
import type { Outcome } from '../../events.ts';
import { askAws } from './errors.ts';
import type { Machine } from './machine.ts';

/** How a run of the service ended. The outcomes and exit codes are the same as those of `sync`. */
export interface Ending {
  readonly outcome: Outcome;
  readonly exitCode: number;
  /** A message for a person. It is null if the run succeeded. */
  readonly message: string | null;
}

/** Every run that ends early enters this state. The input of the state contains the error. */
const endState: AskingState = 'EndRun';
/**
 * The newest page of a history has this many events. The page contains the entry into `EndRun`,
 * because fewer events follow that entry.
 */
const maxEvents = 100;

/**
 * Returns how an execution ended. Commands in the message name `stage` if necessary. Errors: USAGE.
 */
export async function endingOf(machine: Machine, execution: DescribeExecutionOutput, stage: Stage): Promise<Ending> {
  const { status, output, error, cause } = execution;
  if (status === 'SUCCEEDED') return endingOfOutput(output, stage);
  if (status === 'ABORTED') return { outcome: 'interrupted', exitCode: 1, message: 'the run was aborted; its progress is kept' };
  if (status === 'TIMED_OUT') return { outcome: 'failed', exitCode: 1, message: 'the run ran out of time; its progress is kept' };
  return endingOfError((await errorOfRun(machine, execution)) ?? { Error: error ?? '', Cause: cause ?? '' });
}

type ReplyOutcome = ReplyOf<'BeginRun' | 'GenerateSummary'>['outcome'];

function endingOfOutput(output: string | undefined, stage: Stage): Ending {
  const endings: Readonly<Partial<Record<ReplyOutcome, Ending>>> = {
    overlap: { outcome: 'locked', exitCode: 4, message: 'another run is at work on this archive' },
    clean: { outcome: 'clean', exitCode: 0, message: null },
    notice: { outcome: 'clean', exitCode: 0, message: null },
    partial: {
      outcome: 'partial',
      exitCode: 1,
      message: `some files are not archived, are lost or are disputed; ${commandsFor({ stage })('aws failures')} shows each reason`,
    },
  };
  const outcome = fieldOf(parsed(output), 'outcome') as ReplyOutcome;
  const message = 'the run ended with an outcome that this version of Cloud Sync does not know';
  return endings[outcome] ?? { outcome: 'failed', exitCode: 1, message };
}

function endingOfError(failure: StateError): Ending {
  const caught = readCaught(failure);
  const { code, detail } = caught;
  const exitCode = code ? errorKinds[code].exitCode : 1;
  const outcome = exitCode === errorKinds.CREDENTIALS_EXPIRED.exitCode ? 'expired' : 'failed';
  return { outcome, exitCode, message: code && detail !== '' ? detail : reasonOf(caught) };
}

/**
 * Returns the error that ended the run, from the history of the execution. Returns undefined if the
 * history has no such error.
 */
async function errorOfRun({ client }: Machine, { executionArn }: DescribeExecutionOutput): Promise<StateError | undefined> {
  return askAws('read the history of a run', async () => {
    const pages = paginateGetExecutionHistory({ client, pageSize: maxEvents }, { executionArn, reverseOrder: true });
    const { value: newest } = await pages.next();
    const entered = newest?.events?.find(({ stateEnteredEventDetails: details }) => details?.name === endState);
    const failure = fieldOf(parsed(entered?.stateEnteredEventDetails?.input), 'error');
    const [Error, Cause] = ['Error', 'Cause'].map((name) => fieldOf(failure, name));
    return typeof Error === 'string' && typeof Cause === 'string' ? { Error, Cause } : undefined;
  });
}

function parsed(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return undefined;
  }
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}
