import { setTimeout as delay } from 'node:timers/promises';

/** Time as the program sees it. It is a parameter, so that tests can control waiting and dates. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Milliseconds since some moment, for waiting and measuring. It never goes back. */
  elapsed(): number;
  /**
   * Waits at most 24 days, and not at all for a negative time. Rejects with the signal's reason
   * when the signal is aborted first.
   */
  sleep(forMs: number, signal?: AbortSignal): Promise<void>;
}

/** Node ends a timer with a longer time at once. */
const maxTimerMs = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  sleep: async (forMs, signal) => {
    signal?.throwIfAborted();
    await delay(Math.min(Math.max(0, forMs), maxTimerMs), undefined, signal ? { signal } : {}).catch((error: unknown) => {
      throw signal?.aborted ? signal.reason : error;
    });
  },
};

/** ISO 8601 in UTC. */
export function isoTime(nowMs: number): string {
  return new Date(nowMs).toISOString();
}
