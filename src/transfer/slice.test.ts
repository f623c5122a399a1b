import { expect, test, vi } from 'vitest';
import { SyncError } from '../errors.ts';
import { createSlice, unlimited } from './slice.ts';

function sliceOf(budgetMs: number, idleBefore = 0) {
  let nowMs = 0;
  const clock = { now: () => nowMs, elapsed: () => nowMs, sleep: async () => {} };
  const slice = createSlice({ budgetMs, idleBefore, clock });
  const part = (tookMs: number) => {
    slice.admit();
    nowMs += tookMs;
    slice.countStored(16, tookMs);
  };
  return { slice, part, pass: (ms: number) => (nowMs += ms) };
}

test('a slice admits parts while there is time for two parts as slow as the slowest so far', () => {
  // Of the 900 s, 30 s are kept for recording.
  const { slice, part } = sliceOf(900_000);
  let parts = 0;
  for (; !slice.isOver(); parts += 1) part(100_000);
  expect(parts).toBe(7);
  expect(() => slice.admit()).toThrow(SyncError);
});

test('a short slice keeps a tenth of its time for recording', () => {
  const { slice, part, pass } = sliceOf(3_000);
  part(100);
  pass(2_390);
  expect(slice.isOver()).toBe(false);
  pass(200);
  expect(slice.isOver()).toBe(true);
});

test('a slice always admits its first part', () => {
  const { slice, pass } = sliceOf(3_000);
  pass(10_000);
  expect(slice.isOver()).toBe(false);
  slice.admit();
  expect(slice.isOver()).toBe(true);
});

test('after a slice has refused a part, it admits no more parts', () => {
  const { slice, part } = sliceOf(10_000);
  part(5_000);
  expect(() => slice.admit()).toThrow('no time left');
  expect(slice.isOver()).toBe(true);
});

test('a slice aborts its running work before the platform ends the process', () => {
  vi.useFakeTimers();
  try {
    const { slice } = sliceOf(10_000);
    vi.advanceTimersByTime(8_999);
    expect(slice.signal.aborted).toBe(false);
    vi.advanceTimersByTime(1);
    expect(slice.signal.reason).toMatchObject({ code: 'SLICE_OVER', decision: 'defer' });
  } finally {
    vi.useRealTimers();
  }
});

test.each([
  ['the first slice without a byte is not fruitless', 0, 0, false, 10],
  ['the second slice in a row without a byte is fruitless', 10, 0, true, 20],
  ['the 19th slice in a row that moved bytes and stored no part is not fruitless', 18, 1, false, 19],
  ['the 20th slice in a row that moved bytes and stored no part is fruitless', 19, 1, true, 20],
])('%s', (_name, idleBefore, movedBytes, fruitless, idle) => {
  const { slice } = sliceOf(10_000, idleBefore);
  slice.countMoved(movedBytes);
  expect(slice.isFruitless()).toBe(fruitless);
  expect(slice.idleWeight()).toBe(idle);
});

test('a slice that stored a part or ended an original has made progress', () => {
  const stored = sliceOf(10_000, 1);
  stored.part(10);
  expect([stored.slice.isFruitless(), stored.slice.idleWeight()]).toEqual([false, 0]);
  const ended = sliceOf(10_000, 1);
  ended.slice.countEnded();
  expect([ended.slice.isFruitless(), ended.slice.idleWeight()]).toEqual([false, 0]);
});

test('a slice in which a host asked to wait is not fruitless', () => {
  const { slice } = sliceOf(10_000, 1);
  slice.excuse();
  expect([slice.isFruitless(), slice.idleWeight()]).toEqual([false, 1]);
});

test.each([
  [0, 5],
  [1, 2],
  [2, 1],
  [3, 1],
  [19, 1],
])('after idle slices with a weight of %i, %i of 5 parts are fetched at once', (idleBefore, parts) => {
  expect(sliceOf(10_000, idleBefore).slice.partsAtOnce(5)).toBe(parts);
});

test('the last slice of a run is never fruitless, and still fetches fewer parts at once', () => {
  const clock = { now: () => 0, elapsed: () => 0, sleep: async () => {} };
  const slice = createSlice({ budgetMs: 1_000, idleBefore: 19, isLast: true, clock });
  expect([slice.isFruitless(), slice.partsAtOnce(5)]).toEqual([false, 1]);
});

test('an unlimited slice always has time', () => {
  unlimited.admit();
  expect([unlimited.isOver(), unlimited.isFruitless(), unlimited.signal.aborted]).toEqual([false, false, false]);
  expect(unlimited.partsAtOnce(5)).toBe(5);
});
