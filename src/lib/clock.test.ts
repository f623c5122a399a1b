import { expect, test } from 'vitest';
import { systemClock } from './clock.ts';

test('a sleep of a negative time ends immediately and causes no warning', async () => {
  const warnings: Error[] = [];
  const note = (warning: Error) => void warnings.push(warning);
  process.on('warning', note);
  await systemClock.sleep(-5);
  // Node emits a warning only in a later turn of the event loop.
  await systemClock.sleep(1);
  process.off('warning', note);
  expect(warnings).toEqual([]);
});

test('a sleep that is too long for a timer of Node does not end immediately', async () => {
  const enough = new AbortController();
  let isOver = false;
  const sleeping = systemClock.sleep(2 ** 40, enough.signal).then(() => (isOver = true));
  await systemClock.sleep(20);
  expect(isOver).toBe(false);
  enough.abort(new Error('enough'));
  await expect(sleeping).rejects.toThrow('enough');
});
