import { expect, test } from 'vitest';
import { backoffMs, retryAfterMs } from './retry.ts';

const now = Date.UTC(2026, 0, 1, 12, 0, 0);

test('Retry-After is read as seconds or as a date, and is limited', () => {
  expect(retryAfterMs('2', now)).toBe(2_000);
  expect(retryAfterMs(new Date(now + 5_000).toUTCString(), now)).toBe(5_000);
  expect(retryAfterMs(new Date(now - 5_000).toUTCString(), now)).toBe(0);
  expect(retryAfterMs('86400', now)).toBe(3_600_000);
  expect(retryAfterMs('soon', now)).toBeUndefined();
  expect(retryAfterMs(undefined, now)).toBeUndefined();
});

test('the backoff grows to its maximum and never exceeds it', () => {
  for (let attempt = 0; attempt < 40; attempt += 1) {
    const waitMs = backoffMs(attempt, { firstMs: 100, maxMs: 5_000 });
    expect(waitMs).toBeGreaterThanOrEqual(0);
    expect(waitMs).toBeLessThanOrEqual(Math.min(5_000, 100 * 2 ** attempt));
  }
});
