/** The times to wait between attempts, in ms. */
import { replyTimeMs } from './reply-date.ts';

/** A random time from 0 to min(max, first × 2^attempt) (full jitter). `attempt` counts from 0. */
export function backoffMs(attempt: number, limits: { readonly firstMs: number; readonly maxMs: number }): number {
  return Math.random() * Math.min(limits.maxMs, limits.firstMs * 2 ** attempt);
}

/** The headers of a reply that say how long to wait. */
interface WaitingHeaders {
  readonly 'retry-after'?: string | undefined;
  /** The time of the service's clock. */
  readonly date?: string | undefined;
}

/**
 * Reads the header Retry-After (RFC 9110, 10.2.3: seconds or an HTTP date) as ms from now. A date
 * is compared with the reply's own Date, because the clock of this machine may be wrong. `nowMs` is
 * used if the reply has no Date. Returns undefined if Retry-After is absent, negative or
 * unreadable. The result is at most `maxMs`, so that a host cannot stop a run for a day.
 */
export function retryAfterMs(headers: WaitingHeaders, nowMs: number, maxMs = 3_600_000): number | undefined {
  const text = headers['retry-after']?.trim() ?? '';
  if (/^\d+(\.\d+)?$/.test(text)) return Math.min(Number(text) * 1000, maxMs);
  const untilMs = replyTimeMs(text);
  if (untilMs === null) return undefined;
  return Math.min(Math.max(0, untilMs - (replyTimeMs(headers.date) ?? nowMs)), maxMs);
}
