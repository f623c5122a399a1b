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

/** Two correct clocks differ by less than this. */
const toleranceMs = 10 * 60_000;

/**
 * How long ago a stored time was, in ms and at least 0. Undefined if the time is unreadable, or is
 * in the future because a clock was wrong. `time` is in ISO 8601.
 */
export function ageMs(time: string | null, nowMs: number): number | undefined {
  const age = time === null ? NaN : nowMs - Date.parse(time);
  return age >= -toleranceMs ? Math.max(0, age) : undefined;
}

/** Whether a stored time lies between `startedAt` and now. All texts are in ISO 8601. */
export function isSince(time: string, startedAt: string, nowMs: number): boolean {
  return time >= startedAt && ageMs(time, nowMs) !== undefined;
}
