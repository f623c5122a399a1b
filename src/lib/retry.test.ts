import { expect, test } from 'vitest';
import { backoffMs, retryAfterMs } from './retry.ts';

const now = Date.UTC(2026, 0, 1, 12, 0, 0);

const http = (ms: number) => new Date(ms).toUTCString();
const ahead = now + 7_200_000;

test.each<[what: string, retryAfter: string | undefined, date: string | undefined, waitMs: number | undefined]>([
  ['seconds', '2', undefined, 2_000],
  ['a part of a second', ' 0.5 ', undefined, 500],
  ['zero', '0', undefined, 0],
  ['more than an hour', '86400', undefined, 3_600_000],
  ['a huge number', '9'.repeat(400), undefined, 3_600_000],
  ['a date', http(now + 5_000), undefined, 5_000],
  ['a date in the past', http(now - 5_000), undefined, 0],
  ['a date, while the clocks differ by hours', http(ahead + 5_000), http(ahead), 5_000],
  ['seconds, while the clocks differ by hours', '2', http(ahead), 2_000],
  ['a date and an unreadable Date', http(now + 5_000), 'today', 5_000],
  ['a date of RFC 850', 'Thursday, 01-Jan-26 12:00:05 GMT', undefined, 5_000],
  ['a date of asctime', 'Thu Jan  1 12:00:05 2026', undefined, 5_000],
  ['a negative number', '-5', undefined, undefined],
  ['a number with a unit', '5 minutes', undefined, undefined],
  ['a word', 'soon', undefined, undefined],
  ['an empty text', '', undefined, undefined],
  ['nothing', undefined, http(now), undefined],
])('Retry-After with %s', (_, retryAfter, date, waitMs) => {
  expect(retryAfterMs({ 'retry-after': retryAfter, date }, now)).toBe(waitMs);
});

test('the backoff grows to its maximum and never exceeds it', () => {
  for (let attempt = 0; attempt < 40; attempt += 1) {
    const waitMs = backoffMs(attempt, { firstMs: 100, maxMs: 5_000 });
    expect(waitMs).toBeGreaterThanOrEqual(0);
    expect(waitMs).toBeLessThanOrEqual(Math.min(5_000, 100 * 2 ** attempt));
  }
});
