import type { SyncError } from '../../errors.ts';

/**
 * A signal for work that must end while there is still time to answer why it did: aborted with `error` after so many ms, or soon if that time is over.
 * It does not keep the process.
 */
export function abortAfter(forMs: number, error: SyncError): AbortSignal {
  const giveUp = new AbortController();
  setTimeout(() => giveUp.abort(error), Math.max(0, forMs)).unref();
  return giveUp.signal;
}
