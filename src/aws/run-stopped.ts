import type { Tracker } from '../tracker/tracker.ts';
import { factNames, stateError, type StateError } from './contract.ts';

/**
 * What stops the transfer of one work line stops the others of its execution too. They read it here
 * and give their work back. Each execution has a fact of its own, so an aborted one does not affect
 * the next.
 */

/** What has stopped this execution. Errors: TRACKER_UNUSABLE. */
export async function readStopped(tracker: Tracker, execution: string): Promise<StateError | undefined> {
  const fact = await tracker.getFact(nameFor(execution));
  return fact === undefined ? undefined : stateError.parse(JSON.parse(fact));
}

/** Keeps the first cause, unless a later one is expired credentials. Errors: TRACKER_UNUSABLE. */
export async function writeStopped(tracker: Tracker, execution: string, cause: StateError): Promise<void> {
  const isExpiry = cause.Error === 'CREDENTIALS_EXPIRED';
  if (!isExpiry && (await readStopped(tracker, execution)) !== undefined) return;
  await tracker.setFact(nameFor(execution), JSON.stringify(cause));
}

function nameFor(execution: string): string {
  return `${factNames.stopped}.${execution}`;
}
