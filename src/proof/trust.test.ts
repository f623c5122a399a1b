import { expect, test } from 'vitest';
import { parseEtag } from './claim.ts';
import { addWay, losesTrust, sizesOf, wayFor, waysIn } from './trust.ts';

const mib = 1024 * 1024;
const digest = 'd41d8cd98f00b204e9800998ecf8427e';

test('the ways that proved files are kept by account, newest first', () => {
  let fact: string | undefined;
  for (const [account, way] of [
    ['a', 'md5'],
    ['a', 'parts of 20971520'],
    ['b', 'one part'],
    ['a', 'md5'],
  ] as const)
    fact = addWay(fact, account, way);
  expect(waysIn(fact, 'a')).toEqual(['md5', 'parts of 20971520']);
  expect(waysIn(fact, 'b')).toEqual(['one part']);
  expect(waysIn(fact, 'c')).toEqual([]);
  expect(sizesOf(waysIn(fact, 'a'))).toEqual([20 * mib]);
});

test.each([
  ['a plain MD5', digest, 1, 'md5'],
  ['one part', `${digest}-1`, 1, 'one part'],
  ['the first of two possible sizes', `${digest}-2`, 39 * mib, `parts of ${20 * mib}`],
  ['another possible size', `${digest}-2`, 60 * mib, `parts of ${32 * mib}`],
  ['no possible size', `${digest}-2`, 200 * mib, undefined],
])('a claim of %s is trusted if a file of the same way was proven', (_, etag, sizeBytes, way) => {
  const ways = [`parts of ${20 * mib}`, `parts of ${32 * mib}`, 'md5', 'one part'];
  expect(wayFor(parseEtag(etag)!, sizeBytes, ways)).toBe(way);
  expect(wayFor(parseEtag(etag)!, sizeBytes, [])).toBeUndefined();
});

test.each([
  [3, 3, false],
  [4, 100, true],
  [4, 400, false],
  [5, 400, true],
])('with %d disputes of %d files, a way loses its trust: %s', (disputed, compared, loses) => {
  expect(losesTrust({ compared, disputed })).toBe(loses);
});
