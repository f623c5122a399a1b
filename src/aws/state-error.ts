import type { SyncError } from '../errors.ts';
import { redactText } from '../lib/redact.ts';
import { commandsFor, type Deployment } from './commands.ts';
import type { StateError } from './contract.ts';

/** Message and hint are cut, so that no payload grows. */
const maxCauseLength = 600;

/**
 * An error in the shape of a Catch, with the hint's command as it is typed for the deployment. It
 * stays in the history of the execution, so it holds no secret.
 */
export function stateErrorOf(error: SyncError, deployment?: Deployment): StateError {
  const hint = deployment ? error.hintWith(commandsFor(deployment)) : error.hint;
  const text = `${error.message}${hint === undefined ? '' : `. ${hint}`}`;
  return { Error: error.code, Cause: redactText(text).slice(0, maxCauseLength) };
}
