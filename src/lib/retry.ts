/** Waiting times between attempts, in ms. */

/** Full jitter: a random time from 0 to min(max, first × 2^attempt). `attempt` counts from 0. */
export function backoffMs(attempt: number, limits: { readonly firstMs: number; readonly maxMs: number }): number {
  return Math.random() * Math.min(limits.maxMs, limits.firstMs * 2 ** attempt);
}

/**
 * A Retry-After header (RFC 9110, 10.2.3: seconds or an HTTP date) as ms from now; undefined when
 * it is absent or unreadable. It is capped, so that a host that asks for a day cannot stop a run
 * for a day.
 */
export function retryAfterMs(header: string | undefined, nowMs: number, maxMs = 3_600_000): number | undefined {
  if (header === undefined) return undefined;
  const text = header.trim();
  const waitMs = /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : Date.parse(text) - nowMs;
  return Number.isNaN(waitMs) ? undefined : Math.min(Math.max(0, waitMs), maxMs);
}
