import { setTimeout as delay } from 'node:timers/promises';

/**
 * The source of time in the program. It is a parameter, so that tests can control waits and dates.
 */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Milliseconds since some fixed moment, for waits and measurements. It never goes back. */
  elapsed(): number;
  /**
   * Waits `forMs`, but at most 24 days, and not at all if `forMs` is negative. If the signal is
   * aborted first, rejects with the signal's reason.
   */
  sleep(forMs: number, signal?: AbortSignal): Promise<void>;
}

/** The longest time that a timer of Node can wait. A timer with a longer time ends immediately. */
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

/** The time as ISO 8601 in UTC. */
export function isoTime(nowMs: number): string {
  return new Date(nowMs).toISOString();
}
