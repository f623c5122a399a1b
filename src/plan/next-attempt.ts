import { ageMs } from '../lib/clock.ts';

/** When a scheduled run tries a failed original again. No I/O. */

const dayMs = 24 * 3_600_000;
const maxMs = 7 * dayMs;
/**
 * The wait is shortened by this time, because a nightly run may begin a little earlier than the run
 * of the night before.
 */
const slackMs = 2 * 3_600_000;

/**
 * The time of the next attempt, in ms since 1970. After the first failed run it is in the next
 * night, after the second in the 2nd night, after the third in the 4th night, and after any later
 * one in the 7th night. If the failure is dated in the future, a clock was wrong, and the attempt
 * is due now.
 */
export function nextAttemptMs(
  { failedRuns, statusSince }: { readonly failedRuns: number; readonly statusSince: string },
  nowMs: number,
): number {
  const waitMs = Math.min(dayMs * 2 ** Math.max(0, failedRuns - 1), maxMs);
  return ageMs(statusSince, nowMs) === undefined ? nowMs : Date.parse(statusSince) + waitMs - slackMs;
}
