import { errorKinds, type ErrorCode } from '../../../errors.ts';
import { clean } from '../../../lib/log.ts';
import type { Failure } from '../../contract.ts';

/** What a Catch tells of an error, in words and with what to do about it. Pure. */

export interface Caught {
  /** Ours, or undefined for what the platform raised or nobody foresaw. */
  readonly code: ErrorCode | undefined;
  /** A code of ours, or the most telling of the platform's names. */
  readonly name: string;
  /** What happened, as a sentence without its full stop. */
  readonly what: string;
  /** What to do; of an error of ours it is part of `detail`. */
  readonly hint: string;
  /** In the words of whoever raised it; may be empty. Free of secrets. */
  readonly detail: string;
}

interface Explanation {
  readonly what: string;
  readonly hint: string;
}

const readLog = '`cloud-sync aws logs` shows how far it came';
const deployAgain = 'Deploy the service again: a permission or a part of it is missing';
const nothingToDo = 'Nothing has to be done if the next run succeeds';

const outOfTime: Explanation = { what: 'a function did not end in the time that it has', hint: readLog };
const outOfMemory: Explanation = { what: 'a function ended without an answer, perhaps out of memory', hint: readLog };
const lambdaTrouble: Explanation = { what: 'AWS Lambda could not run a function', hint: nothingToDo };
const refused: Explanation = { what: 'AWS refused what the service needs', hint: deployAgain };
const unreadable: Explanation = {
  what: 'the list of work in the bucket for runs could not be read',
  hint: 'Start another run, which writes it anew. If that fails too, check that the bucket for runs exists and deploy the service again',
};
const surprise: Explanation = { what: 'something unforeseen went wrong', hint: `${readLog}; please report it if it stays` };

/** The names under which Step Functions and Lambda raise errors. */
const platformErrors: Readonly<Record<string, Explanation>> = {
  'Lambda.AWSLambdaException': lambdaTrouble,
  'Lambda.ClientExecutionTimeoutException': lambdaTrouble,
  'Lambda.SdkClientException': lambdaTrouble,
  'Lambda.ServiceException': lambdaTrouble,
  'Lambda.TooManyRequestsException': {
    what: 'AWS Lambda ran too many functions of this account at once',
    hint: `${nothingToDo}; otherwise ask AWS for more concurrent executions`,
  },
  'Lambda.Unknown': { what: 'a function ended without an answer, out of time or memory', hint: readLog },
  'Lambda.AccessDeniedException': refused,
  'Lambda.ResourceNotFoundException': refused,
  'Runtime.ExitError': outOfMemory,
  'Runtime.OutOfMemory': outOfMemory,
  'Sandbox.Timedout': outOfTime,
  'States.ExceedToleratedFailureThreshold': { what: 'too many pieces of work failed', hint: readLog },
  'States.HeartbeatTimeout': outOfTime,
  'States.ItemReaderFailed': unreadable,
  'States.Permissions': refused,
  'States.ResultWriterFailed': {
    what: 'the results of a run could not be written to the bucket for runs',
    hint: 'Check that this bucket exists, and deploy the service again',
  },
  'States.Timeout': outOfTime,
};

/** How much is told of others' words, and of ours, which say what to do at their end. */
const longestDetail = 300;
const longestOwnDetail = 600;

export function readFailure({ Error: raised, Cause }: Failure): Caught {
  const { errorType, errorMessage } = lambdaError(Cause);
  // Lambda wraps what a handler throws; the wrapping says less than what is in it.
  const names = [errorType ?? '', raised].filter((name) => name !== '');
  const name = names.find((name) => isCode(name) || Object.hasOwn(platformErrors, name)) ?? names[0] ?? 'unknown';
  const detail = clean(errorMessage ?? Cause);
  if (isCode(name) && name !== 'BUG') {
    return {
      code: name,
      name,
      what: lowerFirst(errorKinds[name].meaning),
      hint: '',
      detail: shortened(detail, longestOwnDetail),
    };
  }
  const explanation = Object.hasOwn(platformErrors, name) ? platformErrors[name]! : surprise;
  return { code: undefined, name, ...explanation, detail: shortened(detail, longestDetail) };
}

/** A reason as the tracker keeps it. */
export function reasonOf({ what, name, detail }: Caught): string {
  return `${what} (${name})${detail === '' ? '' : `: ${detail}`}`;
}

function isCode(name: string): name is ErrorCode {
  return Object.hasOwn(errorKinds, name);
}

/** The Cause of an error in a function is JSON; of any other it is a text. */
function lambdaError(cause: string): { readonly errorType?: string; readonly errorMessage?: string } {
  try {
    const told = JSON.parse(cause) as Readonly<Record<string, unknown>> | null;
    const text = (name: string) => (typeof told?.[name] === 'string' ? { [name]: told[name] } : {});
    return { ...text('errorType'), ...text('errorMessage') };
  } catch {
    return {};
  }
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

/** In whole characters, `…` where something is missing. */
export function shortened(text: string, longest: number): string {
  const characters = Array.from(text);
  return characters.length <= longest ? text : `${characters.slice(0, longest - 1).join('')}…`;
}
