import type { Clock } from '../../src/lib/clock.ts';

/** A clock on which time passes only if the test advances the clock or if code sleeps. */
export interface ManualClock extends Clock {
  advance(byMs: number): void;
}

/** Makes a clock. A sleep takes no real time and advances the clock. */
export function manualClock(beginsAt = '2026-03-01T12:00:00.000Z'): ManualClock {
  let nowMs = Date.parse(beginsAt);
  const advance = (byMs: number) => void (nowMs += byMs);
  return { now: () => nowMs, elapsed: () => nowMs, advance, sleep: async (forMs) => advance(forMs) };
}
