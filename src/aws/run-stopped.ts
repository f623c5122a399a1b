import type { Tracker } from '../tracker/tracker.ts';
import { factNames, stateError, type StateError } from './contract.ts';

/**
 * An error that stops the transfer of one work line also stops the other lines of the same
 * execution. The first line stores the error in the tracker. The other lines read the error here
 * and release their claims. Each execution stores its error under a name of its own, so an aborted
 * execution does not affect the next one.
 */

/** Returns the error that has stopped this execution, if there is one. Errors: TRACKER_UNUSABLE. */
export async function readStopped(tracker: Tracker, execution: string): Promise<StateError | undefined> {
  const fact = await tracker.getFact(nameFor(execution));
  return fact === undefined ? undefined : stateError.parse(JSON.parse(fact));
}

/**
 * Stores the error that stops this execution. A later error replaces the first error only if the
 * later error is CREDENTIALS_EXPIRED. Errors: TRACKER_UNUSABLE.
 */
export async function writeStopped(tracker: Tracker, execution: string, cause: StateError): Promise<void> {
  const isExpiry = cause.Error === 'CREDENTIALS_EXPIRED';
  if (!isExpiry && (await readStopped(tracker, execution)) !== undefined) return;
  await tracker.setFact(nameFor(execution), JSON.stringify(cause));
}

function nameFor(execution: string): string {
  return `${factNames.stopped}.${execution}`;
}
