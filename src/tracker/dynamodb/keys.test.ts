import fc from 'fast-check';
import { expect, test } from 'vitest';
import { identity } from '../../../test/support/builders.ts';
import { originalId } from '../../media.ts';
import { archiveKey, groupRange, kindOf, mediumKey, originalKey, partsPrefix } from './keys.ts';

const hostileIds = fc.oneof(
  fc.string({ minLength: 1, maxLength: 128, unit: 'grapheme' }),
  fc.constantFrom('RUN', 'LEASE', 'ARCHIVE', 'FACT', 'LISTING', 'a', 'a!', 'a#b', 'a$', 'a%23'),
);

function bytesBetween(from: string, key: string, to: string): boolean {
  return Buffer.compare(Buffer.from(from), Buffer.from(key)) <= 0 && Buffer.compare(Buffer.from(key), Buffer.from(to)) < 0;
}

test('the rows of a medium are in one range of keys, which holds no other row', () => {
  fc.assert(
    fc.property(hostileIds, hostileIds, fc.integer({ min: 1, max: 3 }), (mine, other, revision) => {
      fc.pre(mine.toWellFormed() !== other.toWellFormed());
      const [from, to] = groupRange(mediumKey(mine));
      const rows = (mediaId: string) => [mediumKey(mediaId), originalKey(originalId(identity(mediaId), revision))];
      for (const key of rows(mine)) expect(bytesBetween(from, key, to)).toBe(true);
      for (const key of rows(other)) expect(bytesBetween(from, key, to)).toBe(false);
    }),
  );
});

test('the key of a row shows whether the row is a medium, an original or neither', () => {
  fc.assert(
    fc.property(hostileIds, (mediaId) => {
      expect(kindOf(mediumKey(mediaId))).toBe('medium');
      expect(kindOf(originalKey(originalId(identity(mediaId), 1)))).toBe('original');
    }),
  );
  for (const key of ['RUN#0000000001', 'RUN#seen#r1#ab', 'LEASE#run', 'ARCHIVE#adopted', 'FACT#x', 'LISTING#anna'])
    expect(kindOf(key)).toBe('other');
});

test('a text that is too long for a key is cut, and the keys still differ', () => {
  const long = ['x', 'y'].map((last) =>
    originalKey(originalId(identity('😀'.repeat(64), { label: 'l'.repeat(3000) + last }), 1)),
  );
  expect(new Set(long).size).toBe(2);
  for (const key of long) expect(Buffer.byteLength(`${partsPrefix(key)}12345/0000`)).toBeLessThanOrEqual(1024);
  expect(Buffer.byteLength(archiveKey('ß'.repeat(2000)).media_id)).toBeLessThanOrEqual(1024);
});

test('keys of archived files that differ only in letter case or Unicode form count as equal', () => {
  expect(archiveKey('a/CAFÉ.MP4')).toEqual(archiveKey('a/cafe\u0301.mp4'));
  expect(archiveKey('a/cafe.mp4')).not.toEqual(archiveKey('a/café.mp4'));
});
