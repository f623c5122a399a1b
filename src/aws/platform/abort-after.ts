import type { SyncError } from '../../errors.ts';

/**
 * Returns a signal that aborts with `error` after `forMs` ms. After the abort the caller needs some
 * time to reply with the error. The timer does not keep the process alive.
 */
export function abortAfter(forMs: number, error: SyncError): AbortSignal {
  const giveUp = new AbortController();
  setTimeout(() => giveUp.abort(error), Math.max(0, forMs)).unref();
  return giveUp.signal;
}
