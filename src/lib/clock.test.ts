import { expect, test } from 'vitest';
import { systemClock } from './clock.ts';

test('a negative time causes no wait and no warning', async () => {
  const warnings: Error[] = [];
  const note = (warning: Error) => void warnings.push(warning);
  process.on('warning', note);
  await systemClock.sleep(-5);
  // Node emits warnings in a later turn.
  await systemClock.sleep(1);
  process.off('warning', note);
  expect(warnings).toEqual([]);
});

test('a wait longer than the limit of a timer does not end at once', async () => {
  const enough = new AbortController();
  let isOver = false;
  const sleeping = systemClock.sleep(2 ** 40, enough.signal).then(() => (isOver = true));
  await systemClock.sleep(20);
  expect(isOver).toBe(false);
  enough.abort(new Error('enough'));
  await expect(sleeping).rejects.toThrow('enough');
});
