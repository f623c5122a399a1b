import type { SyncError } from '../errors.ts';
import type { Tracker } from '../tracker/tracker.ts';
import { factNames, type Failure } from './contract.ts';
import { failureOfError } from './failure.ts';

/**
 * The circuit of an execution: what stopped the transfer of one of its lines would stop the others too, so they are given back quietly. A fact of each
 * execution, so that one that was aborted says nothing about the next.
 */

/** What has stopped this execution, if something did. Errors: TRACKER_UNUSABLE. */
export async function readStopped(tracker: Tracker, execution: string): Promise<Failure | undefined> {
  const fact = await tracker.getFact(nameFor(execution));
  return fact === undefined ? undefined : (JSON.parse(fact) as Failure);
}

/** The first cause stands, unless it turns out that the credentials have expired. Errors: TRACKER_UNUSABLE. */
export async function writeStopped(tracker: Tracker, execution: string, error: SyncError): Promise<void> {
  const isExpiry = error.code === 'CREDENTIALS_EXPIRED';
  if (!isExpiry && (await readStopped(tracker, execution)) !== undefined) return;
  await tracker.setFact(nameFor(execution), JSON.stringify(failureOfError(error)));
}

function nameFor(execution: string): string {
  return `${factNames.stopped}.${execution}`;
}
