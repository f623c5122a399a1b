import type { Clock } from '../../src/lib/clock.ts';

/** A clock that moves only when the test moves it. */
export interface ManualClock extends Clock {
  advance(byMs: number): void;
}

/** Makes a clock whose sleeps move it on at once. */
export function manualClock(beginsAt = '2026-03-01T12:00:00.000Z'): ManualClock {
  let nowMs = Date.parse(beginsAt);
  const advance = (byMs: number) => void (nowMs += byMs);
  return { now: () => nowMs, elapsed: () => nowMs, advance, sleep: async (forMs) => advance(forMs) };
}
