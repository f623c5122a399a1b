import type { SyncError } from '../errors.ts';
import { redactText } from '../lib/redact.ts';
import { commandsFor, type Deployment } from './commands.ts';
import type { StateError } from './contract.ts';

/** Message and hint are cut to keep the payload small. */
const maxCauseLength = 600;

/**
 * An error in the shape of a Catch. The command in its hint is in the form for the deployment. It
 * stays in the history of the execution, so it contains no secret.
 */
export function stateErrorOf(error: SyncError, deployment?: Deployment): StateError {
  const hint = deployment ? error.hintWith(commandsFor(deployment)) : error.hint;
  const text = `${error.message}${hint === undefined ? '' : `. ${hint}`}`;
  return { Error: error.code, Cause: redactText(text).slice(0, maxCauseLength) };
}
