import fc from 'fast-check';
import { expect, test } from 'vitest';
import { chainsOf, partRanges, partSizeFor } from './parts.ts';

const mib = 1024 * 1024;

test('the ranges cover a file exactly once, in order', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 20_000 }), fc.integer({ min: 100, max: 5_000 }), (sizeBytes, partSizeBytes) => {
      const ranges = partRanges(sizeBytes, partSizeBytes);
      let next = 0;
      for (const [index, range] of ranges.entries()) {
        expect(range).toMatchObject({ number: index + 1, start: next });
        expect(range.sizeBytes).toBeGreaterThan(0);
        next += range.sizeBytes;
      }
      expect(next).toBe(sizeBytes);
    }),
  );
});

test('no file has more parts than S3 allows, and no part is smaller than 16 MiB', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 * 1024 ** 4 }), (sizeBytes) => {
      const partSizeBytes = partSizeFor(sizeBytes);
      expect(partSizeBytes).toBeGreaterThanOrEqual(16 * mib);
      expect(Math.ceil(sizeBytes / partSizeBytes)).toBeLessThanOrEqual(9_000);
    }),
  );
  expect(partSizeFor(null)).toBe(16 * mib);
});

test.each([
  [1, 16],
  [5, 20],
  [7, 21],
  [8, 16],
  [10, 20],
  [15, 30],
  [16, 16],
  [25, 25],
  [32, 32],
  [33, 33],
  [50, 25],
  [64, 16],
  [97, 97],
  [100, 20],
  [128, 16],
])('a claim in parts of %d MiB gives parts of %d MiB', (claimPartMib, partMib) => {
  expect(partSizeFor(1024 * mib, claimPartMib * mib)).toBe(partMib * mib);
});

test('with any claim, no file has too many parts, and parts and claim parts divide each other', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 * 1024 ** 4 }), fc.integer({ min: 1, max: 128 }), (sizeBytes, claimPartMib) => {
      const claimPartBytes = claimPartMib * mib;
      const partSizeBytes = partSizeFor(sizeBytes, claimPartBytes);
      expect(partSizeBytes).toBeGreaterThanOrEqual(16 * mib);
      expect(Math.ceil(sizeBytes / partSizeBytes)).toBeLessThanOrEqual(9_000);
      if (sizeBytes <= 9_000 * 16 * mib) {
        expect(Math.min(partSizeBytes % claimPartBytes, claimPartBytes % partSizeBytes)).toBe(0);
      }
    }),
  );
});

test.each([
  ['parts without a claim', 16, [], [1, 1, 1, 1]],
  ['parts that hold whole parts of the claim', 20, [5], [1, 1, 1, 1]],
  ['pieces of parts of the claim', 16, [32], [2, 2]],
  ['pieces of parts of several sizes', 16, [16, 48], [3, 1]],
  ['a claim over the whole file', 16, [0], [4]],
] as const)('%s form chains', (_, partMib, claimPartMib, lengths) => {
  const ranges = partRanges((3 * partMib + 1) * mib, partMib * mib);
  const chains = chainsOf(
    ranges,
    claimPartMib.map((size) => size * mib),
  );
  expect(chains.map((chain) => chain.length)).toEqual(lengths);
  expect(chains.flat()).toEqual(ranges);
});
