import fc from 'fast-check';
import { expect, test } from 'vitest';
import { partRanges, partSizeFor } from './parts.ts';

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
