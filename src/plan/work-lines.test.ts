import fc from 'fast-check';
import { expect, test } from 'vitest';
import { workLines } from './work-lines.ts';

const MiB = 1024 * 1024;
const photo = (mediaId: string) => ({ mediaId, sizeHintBytes: 5 * MiB });
const chaptered = (mediaId: string) => ({ mediaId, sizeHintBytes: 14_000 * MiB });

test('a large medium gets a work line of its own', () => {
  expect(workLines([chaptered('a'), chaptered('b')])).toEqual([['a'], ['b']]);
});

test('small media share a work line, even if a large medium is between them in the plan', () => {
  expect(workLines([photo('a'), chaptered('b'), photo('c')])).toEqual([['b'], ['a', 'c']]);
});

test('a hundred thousand photos make four thousand work lines', () => {
  const lines = workLines(Array.from({ length: 100_000 }, (_, index) => photo(`m${index}`)));
  expect(lines).toHaveLength(4_000);
});

test('a work line of small media has at most a quarter of a GiB', () => {
  const sixty = Array.from({ length: 10 }, (_, index) => ({ mediaId: `m${index}`, sizeHintBytes: 60 * MiB }));
  expect(workLines(sixty).map((line) => line.length)).toEqual([4, 4, 2]);
});

test('a medium of unknown size shares its line with only a few other media', () => {
  const unknown = Array.from({ length: 40 }, (_, index) => ({ mediaId: `m${index}`, sizeHintBytes: null }));
  expect(workLines(unknown).map((line) => line.length)).toEqual([16, 16, 8]);
});

const media = fc.array(
  fc.record({
    mediaId: fc.string({ unit: 'binary', minLength: 1, maxLength: 60 }),
    sizeHintBytes: fc.option(fc.nat(2 ** 40)),
  }),
  { maxLength: 200 },
);

test('every medium is in exactly one work line, and no line is empty or too long for a message', () => {
  fc.assert(
    fc.property(media, (items) => {
      const lines = workLines(items);
      expect(lines.flat().toSorted()).toEqual(items.map(({ mediaId }) => mediaId).toSorted());
      for (const line of lines) {
        expect(line.length).toBeGreaterThan(0);
        expect(line.length).toBeLessThanOrEqual(25);
        expect(Buffer.byteLength(JSON.stringify(line))).toBeLessThanOrEqual(1_001);
      }
    }),
  );
});
