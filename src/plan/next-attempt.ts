/** When a scheduled run tries a failed original again. No I/O. */

const dayMs = 24 * 3_600_000;
const maxMs = 7 * dayMs;
/** Spreads the runs, so that a nightly run does not begin at the same minute each night. */
const slackMs = 2 * 3_600_000;

/**
 * In ms since 1970. After one failed run it is the next night, then the 2nd, the 4th and the 7th.
 */
export function nextAttemptMs({
  failedRuns,
  statusSince,
}: {
  readonly failedRuns: number;
  readonly statusSince: string;
}): number {
  const waitMs = Math.min(dayMs * 2 ** Math.max(0, failedRuns - 1), maxMs);
  return Date.parse(statusSince) + waitMs - slackMs;
}
