import { expect, test } from 'vitest';
import { SyncError } from '../../errors.ts';
import type { Clock } from '../../lib/clock.ts';
import { createAttemptBudget } from './attempt-budget.ts';

const { signal } = new AbortController();
const slept: number[] = [];
const clock: Clock = { now: () => 0, elapsed: () => 0, sleep: async (forMs) => void slept.push(forMs) };
const lost = new SyncError('CONNECTION_LOST', 'the connection broke');

async function failTimes(count: number, budget = createAttemptBudget(clock)) {
  for (let failure = 0; failure < count; failure += 1) await budget.waitAfterFailure(budget.begin(), lost, signal);
  return budget;
}

test('the fifth attempt without a new byte is the last one, and the error names the cause', async () => {
  await expect(failTimes(4)).resolves.toBeDefined();
  await expect(failTimes(5)).rejects.toMatchObject({ code: 'PATIENCE_EXHAUSTED', cause: lost });
});

test('a new byte resets the count of attempts', async () => {
  const budget = await failTimes(4);
  expect(budget.reached(1, 10)).toBe(true);
  await expect(failTimes(4, budget)).resolves.toBeDefined();
  expect(budget.reached(2, 1)).toBe(true);
  await expect(failTimes(4, budget)).resolves.toBeDefined();
  expect([budget.reached(1, 10), budget.reached(2, 1)]).toEqual([false, false]);
  await expect(failTimes(1, budget)).rejects.toMatchObject({ code: 'PATIENCE_EXHAUSTED' });
});

test('attempts that bring one byte each are given up, sooner if each of them stalls', async () => {
  const stalled = new SyncError('STALLED', 'too slow');
  for (const [error, attempts] of [
    [lost, 50],
    [stalled, 5],
  ] as const) {
    const budget = createAttemptBudget(clock);
    const creep = async (count: number, stepBytes: number) => {
      for (let offset = stepBytes; offset <= count * stepBytes; offset += stepBytes) {
        budget.reached(1, offset);
        await budget.waitAfterFailure(budget.begin(), error, signal);
      }
    };
    await creep(attempts - 1, 1);
    await expect(creep(attempts, 1)).rejects.toMatchObject({ code: 'PATIENCE_EXHAUSTED', cause: error });
  }
});

test('a file whose attempts bring 64 KiB each is tried without end', async () => {
  const budget = createAttemptBudget(clock);
  for (let attempt = 1; attempt <= 500; attempt += 1) {
    budget.reached(1, attempt * 64 * 1024);
    await budget.waitAfterFailure(budget.begin(), lost, signal);
  }
});

test('parts that fail together count as one failure', async () => {
  const budget = createAttemptBudget(clock);
  for (let round = 0; round < 4; round += 1) {
    const tickets = [budget.begin(), budget.begin(), budget.begin()];
    for (const ticket of tickets) await budget.waitAfterFailure(ticket, lost, signal);
  }
  await expect(failTimes(1, budget)).rejects.toMatchObject({ code: 'PATIENCE_EXHAUSTED' });
});

test('an error that stops the run ends the attempts, and a retry waits as long as the host asks', async () => {
  const budget = createAttemptBudget(clock);
  const expired = new SyncError('CREDENTIALS_EXPIRED', 'no');
  await expect(budget.waitAfterFailure(budget.begin(), expired, signal)).rejects.toBe(expired);
  slept.length = 0;
  await budget.waitAfterFailure(budget.begin(), new SyncError('HOST_BUSY', 'busy', { retryAfterMs: 120_000 }), signal);
  expect(slept).toEqual([120_000]);
});
