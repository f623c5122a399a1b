import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { forEachLimited } from './for-each.ts';

test('every item is handled once, and never more items at a time than the limit', async () => {
  const seen: number[] = [];
  let running = 0;
  let most = 0;
  await forEachLimited(Array.from({ length: 20 }, (_, index) => index).values(), 3, async (item) => {
    most = Math.max(most, (running += 1));
    await delay(1);
    running -= 1;
    seen.push(item);
  });
  expect(seen.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, index) => index));
  expect(most).toBe(3);
});

test('after an error no further item begins, and the error is thrown when the running items are done', async () => {
  const ended: number[] = [];
  const run = forEachLimited([1, 2, 3, 4, 5], 2, async (item) => {
    await delay(item === 1 ? 1 : 10);
    if (item === 1) throw new Error('broken');
    ended.push(item);
  });
  await expect(run).rejects.toThrow('broken');
  expect(ended).toEqual([2]);
});
