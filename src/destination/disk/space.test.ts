import { expect, test } from 'vitest';
import { systemClock } from '../../lib/clock.ts';
import { createSpace, releaseSpace, requireFree, requireSpace, reserveSpace, useSpace } from './space.ts';

const gib = 1024 ** 3;

/**
 * A fake file system with `freeBytes`, of which at least 10 must stay free. It counts the calls
 * that ask for the free space.
 */
function fakeSpace(freeBytes: number | null) {
  let nowMs = 0;
  let asked = 0;
  const system = { freeBytes };
  const ask = async () => {
    asked += 1;
    return system.freeBytes;
  };
  const space = createSpace({
    location: '/archive',
    askFreeBytes: ask,
    minimumFreeBytes: 10,
    clock: { ...systemClock, elapsed: () => nowMs },
  });
  return {
    space,
    system,
    asked: () => asked,
    pass: (ms: number) => {
      nowMs += ms;
    },
  };
}

const full = { code: 'DESTINATION_FULL' };

test('a file is refused if it would leave less than the minimum of free space', async () => {
  const { space } = fakeSpace(100);
  await requireSpace(space, 90);
  await expect(requireSpace(space, 91)).rejects.toMatchObject(full);
});

test('space is unlimited if the file system does not report it', async () => {
  const { space } = fakeSpace(null);
  await requireSpace(space, 1e15);
  await reserveSpace(space, 'a', 1e15);
});

test('space that is reserved for one file is not available to another, until it is used or released', async () => {
  const { space, system } = fakeSpace(100);
  await reserveSpace(space, 'a', 60);
  await expect(reserveSpace(space, 'b', 31)).rejects.toMatchObject(full);
  await reserveSpace(space, 'b', 30);
  useSpace(space, 'a', 50);
  system.freeBytes = 50;
  await expect(requireSpace(space, 11)).rejects.toMatchObject(full);
  releaseSpace(space, 'a');
  releaseSpace(space, 'a');
  await requireSpace(space, 10);
  await expect(requireSpace(space, 11)).rejects.toMatchObject(full);
  releaseSpace(space, 'b');
  await requireSpace(space, 40);
});

test('only one of two simultaneous files gets the last free space', async () => {
  const { space } = fakeSpace(100);
  const results = await Promise.allSettled([reserveSpace(space, 'a', 60), reserveSpace(space, 'b', 60)]);
  expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected']);
  await reserveSpace(space, 'b', 30);
});

test('a second reservation of an upload replaces the first one', async () => {
  const { space } = fakeSpace(100);
  await reserveSpace(space, 'a', 60);
  await reserveSpace(space, 'a', 90);
  await reserveSpace(space, 'a', 20);
  await reserveSpace(space, 'b', 70);
});

test('a part of unknown length takes space as its bytes arrive', async () => {
  const { space, system } = fakeSpace(100);
  await reserveSpace(space, 'a', 0);
  useSpace(space, 'a', 50);
  system.freeBytes = 50;
  await expect(reserveSpace(space, 'b', 41)).rejects.toMatchObject(full);
  await reserveSpace(space, 'b', 40);
});

test('the next part of a file needs only its own space, even if another program has used reserved space', async () => {
  const { space, system, pass } = fakeSpace(100);
  await reserveSpace(space, 'a', 80);
  useSpace(space, 'a', 20);
  system.freeBytes = 40;
  pass(60);
  await requireFree(space, 30);
  await expect(requireFree(space, 31)).rejects.toMatchObject(full);
});

test('many simultaneous files ask the file system once, and the answer is cached', async () => {
  const { space, asked, pass } = fakeSpace(2 * gib);
  await Promise.all(Array.from({ length: 50 }, async () => requireSpace(space, 1000)));
  expect(asked()).toBe(1);
  pass(900);
  await requireSpace(space, 1000);
  expect(asked()).toBe(1);
  pass(200);
  await requireSpace(space, 1000);
  expect(asked()).toBe(2);
});

test('scarce space is checked often but not for every file, and always before a refusal', async () => {
  const { space, system, asked, pass } = fakeSpace(gib);
  await requireSpace(space, 1000);
  pass(40);
  await requireSpace(space, 1000);
  expect(asked()).toBe(1);
  pass(20);
  await requireSpace(space, 1000);
  expect(asked()).toBe(2);
  system.freeBytes = 3 * gib;
  await requireSpace(space, 2 * gib);
  expect(asked()).toBe(3);
});

test('a failed check of the free space fails the calls that wait for it, but no later calls', async () => {
  let broken = true;
  const ask = async () => (broken ? Promise.reject(new Error('statfs')) : 100);
  const space = createSpace({ location: '/archive', askFreeBytes: ask, minimumFreeBytes: 10, clock: systemClock });
  await expect(requireSpace(space, 1)).rejects.toThrow('statfs');
  broken = false;
  await requireSpace(space, 1);
});
