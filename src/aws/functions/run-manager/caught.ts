import { errorKinds, type ErrorCode, type Hint } from '../../../errors.ts';
import { clean } from '../../../lib/log.ts';
import type { StateError } from '../../contract.ts';

/** Explains a caught error to a person: what happened and what to do. No I/O. */

export interface Caught {
  /** The code of the SyncError. It is undefined for an error of the platform and for a BUG. */
  readonly code: ErrorCode | undefined;
  /** The code, or the most specific name that the platform gave to the error. */
  readonly name: string;
  /** What happened, as a sentence without a full stop at its end. */
  readonly what: string;
  /** What to do. It is empty for an error with a code, because `detail` already contains it. */
  readonly hint: string | Hint;
  /** The message of the error, without secrets. It may be empty. */
  readonly detail: string;
}

type Explanation = Pick<Caught, 'what' | 'hint'>;

const readLog: Hint = { text: '{command} shows its log', command: 'aws logs' };
const deployAgain = 'Deploy the service again: a permission or a part of the service is missing';
const nothingToDo = 'You need not do anything if the next run succeeds';

const outOfTime: Explanation = { what: 'a function did not finish in its time', hint: readLog };
const outOfMemory: Explanation = { what: 'a function ended without an answer, perhaps out of memory', hint: readLog };
const lambdaTrouble: Explanation = { what: 'AWS Lambda could not run a function', hint: nothingToDo };
const refused: Explanation = { what: 'AWS refused what the service needs', hint: deployAgain };
const unreadable: Explanation = {
  what: 'the list of work lines in the bucket for runs could not be read',
  hint: 'Start another run, which writes the list again. If that fails too, check that the bucket for runs exists and deploy the service again',
};
const unexpected: Explanation = {
  what: 'an unexpected error occurred',
  hint: { ...readLog, text: `${readLog.text}; please report it if it happens again` },
};

/** Explanations of the errors that Step Functions and Lambda raise, by the name of the error. */
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
  'States.ExceedToleratedFailureThreshold': { what: 'too many work lines failed', hint: readLog },
  'States.HeartbeatTimeout': outOfTime,
  'States.ItemReaderFailed': unreadable,
  'States.Permissions': refused,
  'States.ResultWriterFailed': {
    what: 'the results of a run could not be written to the bucket for runs',
    hint: 'Check that this bucket exists, and deploy the service again',
  },
  'States.Timeout': outOfTime,
};

/**
 * The maximum length of a message of the platform. Our own messages may be longer, because they end
 * with what the person has to do.
 */
const maxDetail = 300;
const maxOwnDetail = 600;

export function readCaught({ Error: raised, Cause }: StateError): Caught {
  const { errorType, errorMessage } = lambdaError(Cause);
  // Lambda wraps the error that a handler throws. The name of the inner error is more specific.
  const names = [errorType ?? '', raised].filter((name) => name !== '');
  const name = names.find((name) => isCode(name) || Object.hasOwn(platformErrors, name)) ?? names[0] ?? 'unknown';
  const detail = clean(errorMessage ?? Cause);
  if (isCode(name) && name !== 'BUG') {
    return {
      code: name,
      name,
      what: lowerFirst(errorKinds[name].meaning),
      hint: '',
      detail: shortened(detail, maxOwnDetail),
    };
  }
  const explanation = Object.hasOwn(platformErrors, name) ? platformErrors[name]! : unexpected;
  return { code: undefined, name, ...explanation, detail: shortened(detail, maxDetail) };
}

/** Returns the reason that the tracker stores for the failure. */
export function reasonOf({ what, name, detail }: Caught): string {
  return `${what} (${name})${detail === '' ? '' : `: ${detail}`}`;
}

function isCode(name: string): name is ErrorCode {
  return Object.hasOwn(errorKinds, name);
}

/** Parses a Cause. It is JSON if a function threw an error, and plain text if not. */
function lambdaError(cause: string): { readonly errorType?: string; readonly errorMessage?: string } {
  try {
    const fields = JSON.parse(cause) as Readonly<Record<string, unknown>> | null;
    const text = (name: string) => (typeof fields?.[name] === 'string' ? { [name]: fields[name] } : {});
    return { ...text('errorType'), ...text('errorMessage') };
  } catch {
    return {};
  }
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

/** Shortens a text. It cuts between two characters, and adds `…` if something is missing. */
export function shortened(text: string, maxLength: number): string {
  const characters = Array.from(text);
  return characters.length <= maxLength ? text : `${characters.slice(0, maxLength - 1).join('')}…`;
}
