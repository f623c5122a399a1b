import type { SyncError } from '../errors.ts';
import { redactText } from '../lib/redact.ts';
import type { Failure } from './contract.ts';

/** The message and what to do, cut so that no payload grows. */
const longestCause = 600;

/** An error in the shape in which a Catch tells it; it stays in the history of the execution, so no secret goes along. */
export function failureOfError({ code, message, hint }: SyncError): Failure {
  const text = `${message}${hint === undefined ? '' : `. ${hint}`}`;
  return { Error: code, Cause: redactText(text).slice(0, longestCause) };
}
