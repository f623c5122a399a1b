import { setTimeout as delay } from 'node:timers/promises';

/** Time as the program sees it. Passed in, so that waiting and dates can be tested. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Milliseconds since some moment; never steps back, so this is for waiting and measuring. */
  elapsed(): number;
  /** Rejects with the signal's reason when it is aborted first. */
  sleep(forMs: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  sleep: async (forMs, signal) => {
    signal?.throwIfAborted();
    await delay(forMs, undefined, signal ? { signal } : {}).catch((error: unknown) => {
      throw signal?.aborted ? signal.reason : error;
    });
  },
};

/** ISO 8601 in UTC. */
export function isoTime(nowMs: number): string {
  return new Date(nowMs).toISOString();
}
