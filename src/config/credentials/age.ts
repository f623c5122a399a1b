import { ageMs, systemClock } from '../../lib/clock.ts';

const dayMs = 86_400_000;

/**
 * Cloud Sync warns about credentials that are at least this many days old. GoPro's cookies last at
 * most 7 days.
 */
export const warnFromDays = 5;

/**
 * Returns the days since the credentials were stored. Undefined if that time is unknown, or in the
 * future because a clock was wrong.
 */
export function ageInDays({ lastUpdated }: { readonly lastUpdated: string | null }, nowMs: number): number | undefined {
  const age = ageMs(lastUpdated, nowMs);
  return age === undefined ? undefined : age / dayMs;
}

/**
 * Returns a number that is larger for credentials that were saved later. A time in the future comes
 * from a wrong clock, so it is older than every other time.
 */
export function savingRank(savedAt: string): number {
  const savedMs = Date.parse(savedAt);
  if (Number.isNaN(savedMs)) return -Infinity;
  return savedMs > systemClock.now() + dayMs ? savedMs - Number.MAX_SAFE_INTEGER : savedMs;
}
