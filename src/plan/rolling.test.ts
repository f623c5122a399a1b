import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isoTime } from '../lib/clock.ts';
import { chooseFiles, parseRolling, uncheckedMs, type DatedFile } from './rolling.ts';

const dayMs = 24 * 3_600_000;
const startMs = Date.UTC(2026, 0, 1);

interface TestFile extends DatedFile {
  readonly sizeBytes: number;
  checkedAt: string | null;
}

function fileOf(sizeBytes: number, checkedAtMs: number | null): TestFile {
  return { sizeBytes, checkedAt: checkedAtMs === null ? null : isoTime(checkedAtMs), archivedAt: null };
}

/** Runs a check each night, and returns the bytes that each check read. */
function runNights(
  files: readonly TestFile[],
  days: number,
  nights: number,
): { readonly bytes: number; readonly oldestMs: number }[] {
  let paidUntilMs: number | undefined;
  return Array.from({ length: nights }, (_, night) => {
    const nowMs = startMs + night * dayMs;
    const check = chooseFiles(files, { days, nowMs, paidUntilMs });
    paidUntilMs = check.paidUntilMs;
    for (const file of check.files) file.checkedAt = isoTime(nowMs);
    const oldestMs = Math.max(...files.map((file) => uncheckedMs(file, nowMs)));
    return { bytes: check.files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0), oldestMs };
  });
}

describe('nightly checks', () => {
  test('no byte stays unread for longer than the days, whatever the sizes and the last checks', () => {
    const sizes = fc.array(fc.tuple(fc.integer({ min: 0, max: 14_000_000_000 }), fc.option(fc.integer({ min: 0, max: 200 }))), {
      minLength: 1,
      maxLength: 40,
    });
    fc.assert(
      fc.property(sizes, fc.integer({ min: 1, max: 100 }), (specs, days) => {
        const files = specs.map(([size, age]) => fileOf(size, age === null ? null : startMs - age * dayMs));
        for (const { oldestMs } of runNights(files, days, 250)) expect(oldestMs).toBeLessThan(days * dayMs);
      }),
      { numRuns: 60 },
    );
  });

  test('files that were all archived on one day are read on as many nights as there are days', () => {
    const files = Array.from({ length: 900 }, (_, index) => fileOf(1_000 + index, startMs));
    const totalBytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    const nights = runNights(files, 90, 180);
    for (const { bytes } of nights) {
      expect(bytes).toBeGreaterThan((0.8 * totalBytes) / 90);
      expect(bytes).toBeLessThan((1.2 * totalBytes) / 90);
    }
  });

  test('files that soon become too old are spread over the nights that are left', () => {
    const files = Array.from({ length: 100 }, () => fileOf(1_000, startMs - 80 * dayMs));
    const nights = runNights(files, 90, 9);
    for (const { bytes } of nights) expect(bytes).toBeLessThanOrEqual(14_000);
  });

  test('a large file among small ones is read about as often as they are', () => {
    const sizes = [9_000, 100, 100, 100, 100, 100];
    const read = runNights(
      sizes.map((size) => fileOf(size, startMs)),
      10,
      100,
    );
    const totalBytes = read.reduce((sum, { bytes }) => sum + bytes, 0);
    expect(totalBytes).toBeGreaterThanOrEqual(10 * 9_500);
    expect(totalBytes).toBeLessThanOrEqual(2 * 10 * 9_500);
  });
});

test('many checks on one day read no more than one, and a check after a week reads the share of a week', () => {
  const files = Array.from({ length: 100 }, () => fileOf(1_000, startMs));
  let paidUntilMs: number | undefined;
  let read = 0;
  for (let second = 0; second < 50; second += 1) {
    const check = chooseFiles(files, { days: 100, nowMs: startMs + second * 1_000, paidUntilMs });
    paidUntilMs = check.paidUntilMs;
    read += check.files.length;
  }
  expect(read).toBe(2);
  expect(chooseFiles(files, { days: 100, nowMs: startMs + 8 * dayMs, paidUntilMs }).files.length).toBeGreaterThanOrEqual(7);
});

test('times in the future come from a wrong clock, so they prove nothing', () => {
  const file = { ...fileOf(10, startMs + 400 * dayMs), archivedAt: isoTime(startMs + 300 * dayMs) };
  expect(uncheckedMs(file, startMs)).toBe(Infinity);
  expect(uncheckedMs({ ...file, archivedAt: isoTime(startMs - dayMs) }, startMs)).toBe(dayMs);
  const paidUntilMs = startMs + 1_000 * dayMs;
  expect(chooseFiles([fileOf(10, startMs - dayMs)], { days: 2, nowMs: startMs, paidUntilMs }).files).toHaveLength(1);
});

test.each([
  ['90d', 90],
  ['7', 7],
  [' 30 D ', 30],
])('%j means %i days', (text, days) => {
  expect(parseRolling(text)).toBe(days);
});

test.each(['0', '-1d', '90h', '3651d', 'd', '', '1.5d', '90dd'])('%j is a usage error', (text) => {
  expect(() => parseRolling(text)).toThrow(expect.objectContaining({ code: 'USAGE' }));
});
