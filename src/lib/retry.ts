/** The times to wait between attempts, in ms. */

/** A random time from 0 to min(max, first × 2^attempt) (full jitter). `attempt` counts from 0. */
export function backoffMs(attempt: number, limits: { readonly firstMs: number; readonly maxMs: number }): number {
  return Math.random() * Math.min(limits.maxMs, limits.firstMs * 2 ** attempt);
}

/**
 * Reads a Retry-After header (RFC 9110, 10.2.3: seconds or an HTTP date) as ms from now. Returns
 * undefined if the header is absent or unreadable. The result is at most `maxMs`, so that a host
 * cannot stop a run for a day.
 */
export function retryAfterMs(header: string | undefined, nowMs: number, maxMs = 3_600_000): number | undefined {
  if (header === undefined) return undefined;
  const text = header.trim();
  const waitMs = /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : Date.parse(text) - nowMs;
  return Number.isNaN(waitMs) ? undefined : Math.min(Math.max(0, waitMs), maxMs);
}
