import { expect, test } from 'vitest';
import { nextAttemptMs } from './next-attempt.ts';

const failedAt = '2026-11-21T04:20:00.000Z';
const hoursAfter = (failedRuns: number) =>
  (nextAttemptMs({ failedRuns, statusSince: failedAt }, Date.parse(failedAt)) - Date.parse(failedAt)) / 3_600_000;

test.each([
  [1, 22],
  [2, 46],
  [3, 94],
  [4, 166],
  [9, 166],
  [2_000, 166],
])('an original that failed in %i runs is tried again after %i hours', (failedRuns, hours) => {
  expect(hoursAfter(failedRuns)).toBe(hours);
});

test('an original that failed last night is tried again tonight, even if the second run begins a little earlier', () => {
  expect(nextAttemptMs({ failedRuns: 1, statusSince: failedAt }, Date.parse(failedAt))).toBeLessThan(
    Date.parse('2026-11-22T04:15:00.000Z'),
  );
});

test('an original whose failure is dated in the future is due now', () => {
  const nowMs = Date.parse(failedAt) - 3_600_000;
  expect(nextAttemptMs({ failedRuns: 3, statusSince: failedAt }, nowMs)).toBe(nowMs);
});
