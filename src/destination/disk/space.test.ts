import { expect, test } from 'vitest';
import { systemClock } from '../../lib/clock.ts';
import { createSpace } from './space.ts';

const gib = 1024 ** 3;

/** A file system with so many bytes free, at least 10 of which are kept, and how often it was asked. */
function fakeSpace(freeBytes: number | null) {
  let nowMs = 0;
  let asked = 0;
  const system = { freeBytes };
  const ask = async () => {
    asked += 1;
    return system.freeBytes;
  };
  const space = createSpace('/archive', ask, 10, { ...systemClock, elapsed: () => nowMs });
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

test('is required beyond the minimum', async () => {
  const { space } = fakeSpace(100);
  await space.require(90);
  await expect(space.require(91)).rejects.toMatchObject(full);
});

test('has no end where the file system does not say', async () => {
  const { space } = fakeSpace(null);
  await space.require(1e15);
  await space.take(1e15);
});

test('on its way to one file is not there for another, until it is used or released', async () => {
  const { space, system } = fakeSpace(100);
  const room = await space.take(60);
  await expect(space.take(31)).rejects.toMatchObject(full);
  const other = await space.take(30);
  room.wrote(50);
  system.freeBytes = 50;
  await expect(space.require(11)).rejects.toMatchObject(full);
  room.release();
  room.release();
  await space.require(10);
  await expect(space.require(11)).rejects.toMatchObject(full);
  other.release();
  await space.require(40);
});

test('is given to one of two who want the last of it at once', async () => {
  const { space } = fakeSpace(100);
  const results = await Promise.allSettled([space.take(60), space.take(60)]);
  expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected']);
  await space.take(30);
});

test('counts every byte of a part of unknown length as it comes', async () => {
  const { space, system } = fakeSpace(100);
  const room = await space.take(0);
  room.wrote(50);
  system.freeBytes = 50;
  await expect(space.take(41)).rejects.toMatchObject(full);
  room.release();
  await space.take(40);
});

test('is asked for once by many at once, and not again for a while', async () => {
  const { space, asked, pass } = fakeSpace(2 * gib);
  await Promise.all(Array.from({ length: 50 }, async () => space.require(1000)));
  expect(asked()).toBe(1);
  pass(900);
  await space.require(1000);
  expect(asked()).toBe(1);
  pass(200);
  await space.require(1000);
  expect(asked()).toBe(2);
});

test('is looked at often when it gets tight, but not for every file, and always before a refusal', async () => {
  const { space, system, asked, pass } = fakeSpace(gib);
  await space.require(1000);
  pass(40);
  await space.require(1000);
  expect(asked()).toBe(1);
  pass(20);
  await space.require(1000);
  expect(asked()).toBe(2);
  system.freeBytes = 3 * gib;
  await space.require(2 * gib);
  expect(asked()).toBe(3);
});

test('that could not be asked for fails those who asked, not those who come later', async () => {
  let broken = true;
  const ask = async () => (broken ? Promise.reject(new Error('statfs')) : 100);
  const space = createSpace('/archive', ask, 10, systemClock);
  await expect(space.require(1)).rejects.toThrow('statfs');
  broken = false;
  await space.require(1);
});
