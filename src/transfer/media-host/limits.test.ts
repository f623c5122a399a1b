import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Clock } from '../../lib/clock.ts';
import { createThrottle, createHostGate, createPartSlots, parseBandwidth, stepAt } from './limits.ts';

/** A clock that moves only when the code sleeps. */
function manualClock(): Clock & { nowMs: number } {
  const clock = {
    nowMs: Date.UTC(2026, 0, 1),
    now: () => clock.nowMs,
    elapsed: () => clock.nowMs,
    sleep: async (forMs: number) => void (clock.nowMs += forMs),
  };
  return clock;
}

test('a bandwidth is a rate or a timetable, and the last step of a timetable lasts past midnight', () => {
  expect(parseBandwidth('20M')).toEqual([{ minuteOfDay: 0, bytesPerSecond: 20 * 1024 ** 2 }]);
  expect(parseBandwidth('off')[0]?.bytesPerSecond).toBeNull();
  const steps = parseBandwidth('23:00,off 08:30,1.5M');
  const at = (hours: number, minutes: number) => stepAt(steps, new Date(2026, 5, 1, hours, minutes))?.bytesPerSecond;
  expect([at(8, 29), at(8, 30), at(22, 59), at(23, 0), at(0, 5)]).toEqual([null, 1.5 * 1024 ** 2, 1.5 * 1024 ** 2, null, null]);
});

test.each(['fast', '20X', '0', '-1M', '25:00,1M', '08:00', '08:00,1M 99', '1M 2M', ''])('%j is not a valid bandwidth', (text) => {
  expect(() => parseBandwidth(text)).toThrow(expect.objectContaining({ code: 'USAGE' }));
});

test('all chunks together keep to the rate', async () => {
  const clock = manualClock();
  const startMs = clock.nowMs;
  const throttle = createThrottle(parseBandwidth('1M'), clock, new AbortController().signal);
  let bytes = 0;
  for (let count = 0; count < 200; count += 1) {
    await throttle(64 * 1024);
    bytes += 64 * 1024;
  }
  expect(bytes / ((clock.nowMs - startMs) / 1000)).toBeLessThanOrEqual(1.01 * 1024 ** 2);
});

test('a pause for one host does not delay requests to other hosts', async () => {
  const clock = manualClock();
  const gate = createHostGate(clock);
  const { signal } = new AbortController();
  const startMs = clock.nowMs;
  gate.pause('busy.example', 3_000);
  gate.pause('busy.example', 1_000);
  await gate.pass('other.example', signal);
  expect(clock.nowMs).toBe(startMs);
  await gate.pass('busy.example', signal);
  expect(clock.nowMs - startMs).toBe(3_000);
});

test('earlier files get free slots first', async () => {
  const slots = createPartSlots(1);
  const { signal } = new AbortController();
  const order: number[] = [];
  const gate = Promise.withResolvers<void>();
  const first = slots.run(9, () => gate.promise, signal);
  const rest = [3, 1, 2].map((file) => slots.run(file, async () => void order.push(file), signal));
  gate.resolve();
  await Promise.all([first, ...rest]);
  expect(order).toEqual([1, 2, 3]);
});

test('when a task stops waiting for a slot, no other task loses its slot', async () => {
  const slots = createPartSlots(1);
  const { signal } = new AbortController();
  const order: string[] = [];
  const gate = Promise.withResolvers<void>();
  const first = slots.run(1, () => gate.promise, signal);
  const leaver = new AbortController();
  const left = slots.run(2, async () => void order.push('left'), leaver.signal);
  const rest = ['a', 'b'].map((name) => slots.run(3, async () => void order.push(name), signal));
  leaver.abort(new Error('no longer'));
  gate.resolve();
  await expect(left).rejects.toThrow('no longer');
  await Promise.all([first, ...rest]);
  expect(order).toEqual(['a', 'b']);
  await expect(slots.run(1, async () => 'free', leaver.signal)).rejects.toThrow('no longer');
  expect(await slots.run(1, async () => 'free', signal)).toBe('free');
});

test('an aborted task keeps its slot until the task has ended', async () => {
  const slots = createPartSlots(1);
  const abort = new AbortController();
  const gate = Promise.withResolvers<void>();
  const first = slots.run(1, () => gate.promise, abort.signal);
  let began = false;
  const next = slots.run(1, async () => void (began = true), new AbortController().signal);
  abort.abort(new Error('no longer'));
  await nextTurn();
  expect(began).toBe(false);
  gate.resolve();
  await Promise.all([first, next]);
  expect(began).toBe(true);
});

test('a failed task frees its slot', async () => {
  const slots = createPartSlots(1);
  const { signal } = new AbortController();
  const failing = slots.run(1, async () => Promise.reject(new Error('broken')), signal);
  const next = slots.run(1, async () => 'next', signal);
  await expect(failing).rejects.toThrow('broken');
  expect(await next).toBe('next');
  expect(await Promise.all([1, 2, 3].map(async (order) => slots.run(order, async () => order, signal)))).toEqual([1, 2, 3]);
});
