import { expect, test } from 'vitest';
import { systemClock } from '../../lib/clock.ts';
import { createSpace, releaseRoom, requireSpace, takeRoom, useRoom } from './space.ts';

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
  await takeRoom(space, 1e15);
});

test('space that is reserved for one file is not available to another, until it is used or released', async () => {
  const { space, system } = fakeSpace(100);
  const room = await takeRoom(space, 60);
  await expect(takeRoom(space, 31)).rejects.toMatchObject(full);
  const other = await takeRoom(space, 30);
  useRoom(room, 50);
  system.freeBytes = 50;
  await expect(requireSpace(space, 11)).rejects.toMatchObject(full);
  releaseRoom(room);
  releaseRoom(room);
  await requireSpace(space, 10);
  await expect(requireSpace(space, 11)).rejects.toMatchObject(full);
  releaseRoom(other);
  await requireSpace(space, 40);
});

test('only one of two simultaneous files gets the last free space', async () => {
  const { space } = fakeSpace(100);
  const results = await Promise.allSettled([takeRoom(space, 60), takeRoom(space, 60)]);
  expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected']);
  await takeRoom(space, 30);
});

test('a part of unknown length takes space as its bytes arrive', async () => {
  const { space, system } = fakeSpace(100);
  const room = await takeRoom(space, 0);
  useRoom(room, 50);
  system.freeBytes = 50;
  await expect(takeRoom(space, 41)).rejects.toMatchObject(full);
  releaseRoom(room);
  await takeRoom(space, 40);
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
