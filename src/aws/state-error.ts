import type { SyncError } from '../errors.ts';
import { redactText } from '../lib/redact.ts';
import { commandsFor, type Deployment } from './commands.ts';
import type { StateError } from './contract.ts';

/** The message and the hint are cut to this length to keep the payload small. */
const maxCauseLength = 600;

/**
 * Returns an error in the shape of a Catch. A command in its hint is shown as a person types it for
 * the deployment. The history of the execution keeps the error, so it contains no secret.
 */
export function stateErrorOf(error: SyncError, deployment?: Deployment): StateError {
  const hint = deployment ? error.hintWith(commandsFor(deployment)) : error.hint;
  const text = `${error.message}${hint === undefined ? '' : `. ${hint}`}`;
  return { Error: error.code, Cause: redactText(text).slice(0, maxCauseLength) };
}
