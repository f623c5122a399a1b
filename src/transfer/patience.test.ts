import { expect, test } from 'vitest';
import { SyncError } from '../errors.ts';
import type { Clock } from '../lib/clock.ts';
import { createPatience } from './patience.ts';

const { signal } = new AbortController();
const slept: number[] = [];
const clock: Clock = { now: () => 0, elapsed: () => 0, sleep: async (forMs) => void slept.push(forMs) };
const lost = new SyncError('CONNECTION_LOST', 'the connection broke');
const ignore = () => {};

async function failTimes(count: number, patience = createPatience(clock)) {
  for (let failure = 0; failure < count; failure += 1) await patience.failed(patience.begin(), lost, ignore, signal);
  return patience;
}

test('gives up at the fifth attempt without a new byte, naming what was wrong', async () => {
  await expect(failTimes(4)).resolves.toBeDefined();
  await expect(failTimes(5)).rejects.toMatchObject({ code: 'PATIENCE_EXHAUSTED', cause: lost });
});

test('a new byte starts the count again', async () => {
  const patience = await failTimes(4);
  expect(patience.reached(10)).toBe(true);
  await expect(failTimes(4, patience)).resolves.toBeDefined();
  expect(patience.reached(1, 2)).toBe(true);
  await expect(failTimes(4, patience)).resolves.toBeDefined();
  expect([patience.reached(10), patience.reached(1, 2)]).toEqual([false, false]);
  await expect(failTimes(1, patience)).rejects.toMatchObject({ code: 'PATIENCE_EXHAUSTED' });
});

test('parts that fail together count once', async () => {
  const patience = createPatience(clock);
  for (let round = 0; round < 4; round += 1) {
    const tickets = [patience.begin(), patience.begin(), patience.begin()];
    for (const ticket of tickets) await patience.failed(ticket, lost, ignore, signal);
  }
  await expect(failTimes(1, patience)).rejects.toMatchObject({ code: 'PATIENCE_EXHAUSTED' });
});

test('what stops the run is not tried again, and a host that asks to wait is waited for', async () => {
  const patience = createPatience(clock);
  const expired = new SyncError('CREDENTIALS_EXPIRED', 'no');
  await expect(patience.failed(patience.begin(), expired, ignore, signal)).rejects.toBe(expired);
  slept.length = 0;
  await patience.failed(patience.begin(), new SyncError('HOST_BUSY', 'busy', { retryAfterMs: 120_000 }), ignore, signal);
  expect(slept).toEqual([120_000]);
});
