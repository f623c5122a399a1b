import type { SyncError } from '../errors.ts';
import { redactText } from '../lib/redact.ts';
import { commandsFor, type Deployment } from './commands.ts';
import type { StateError } from './contract.ts';

/** The message and the hint are cut to this length to keep the payload small. */
const maxCauseLength = 600;

/**
 * Returns an error as Step Functions knows it, with `Error` and `Cause`. Commands in the hint get
 * the options that `deployment` needs. Secrets are redacted, because the history of the execution
 * keeps the error.
 */
export function stateErrorOf(error: SyncError, deployment?: Deployment): StateError {
  const hint = deployment ? error.hintWith(commandsFor(deployment)) : error.hint;
  const text = `${error.message}${hint === undefined ? '' : `. ${hint}`}`;
  return { Error: error.code, Cause: redactText(text).slice(0, maxCauseLength) };
}
