import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { identity, medium } from '../test/support/builders.ts';
import {
  mediumVersion,
  originalId,
  provenSame,
  sameContent,
  statusAfter,
  transitions,
  type OriginalIdentity,
  type OriginalStatus,
  type StatusChange,
} from './media.ts';

const statuses: readonly OriginalStatus[] = ['PENDING', 'IN_PROGRESS', 'COMPLETED', 'FAILED', 'QUARANTINED', 'SOURCE_DELETED'];

/**
 * The next status after each change, for each status in the order of `statuses`. `-` means that the
 * change is not allowed.
 */
const expected: Readonly<Record<StatusChange, string>> = {
  claim: 'IN_PROGRESS IN_PROGRESS - IN_PROGRESS - -',
  complete: 'COMPLETED COMPLETED COMPLETED COMPLETED COMPLETED COMPLETED',
  fail: '- FAILED - - - -',
  quarantine: '- QUARANTINED - QUARANTINED - -',
  release: '- PENDING - - - -',
  vanish: 'SOURCE_DELETED SOURCE_DELETED - SOURCE_DELETED SOURCE_DELETED -',
  reappear: '- - - - - PENDING',
  retry: '- - - PENDING PENDING -',
};

describe('the statuses of an original', () => {
  test.for(Object.entries(expected))('the change "%s" gives each status its next status, or is not allowed', ([change, row]) => {
    expect(statuses.map((status) => statusAfter(status, change as StatusChange) ?? '-').join(' ')).toBe(row);
  });

  test('the table of transitions has exactly the expected changes', () => {
    expect(Object.keys(transitions).toSorted()).toEqual(Object.keys(expected).toSorted());
  });

  test('nothing leaves COMPLETED, and every other status can still become COMPLETED', () => {
    const changes = Object.keys(transitions) as StatusChange[];
    expect(changes.map((change) => statusAfter('COMPLETED', change) ?? 'COMPLETED')).toEqual(changes.map(() => 'COMPLETED'));
    for (const status of statuses.filter((from) => from !== 'COMPLETED'))
      expect(statusAfter(status, 'complete')).toBe('COMPLETED');
  });
});

describe('originalId', () => {
  // The texts consist of few characters, some of which separate the fields of an id. So a bug in
  // the escaping soon gives two originals the same id.
  const text = fc.string({ unit: fc.constantFrom('a', 'A', '#', '%', '-', '1', 'r', '2', 'é', '\u{1f3a5}'), maxLength: 3 });
  const identities: fc.Arbitrary<OriginalIdentity> = fc.record({
    mediaId: text,
    role: fc.constantFrom('source', 'raw', 'edit', 'sidecar'),
    label: text,
    type: text,
    position: text,
    itemNumber: fc.option(fc.nat(3)),
    ordinal: fc.integer({ min: 1, max: 3 }),
  });
  const revision = fc.integer({ min: 1, max: 3 });

  test('two original ids are equal only if their identities and revisions are equal', () => {
    fc.assert(
      fc.property(identities, revision, identities, revision, (one, oneRevision, other, otherRevision) => {
        const isSame = oneRevision === otherRevision && JSON.stringify(one) === JSON.stringify(other);
        expect(originalId(one, oneRevision) === originalId(other, otherRevision)).toBe(isSame);
      }),
      { numRuns: 2000 },
    );
  });

  test('two original ids differ if one field of the identity or the revision differs', () => {
    fc.assert(
      fc.property(identities, identities, fc.nat(), revision, (one, other, at, number) => {
        const names = Object.keys(one) as (keyof OriginalIdentity)[];
        const name = names[at % names.length]!;
        fc.pre(one[name] !== other[name]);
        expect(originalId({ ...one, [name]: other[name] }, number)).not.toBe(originalId(one, number));
        expect(originalId(one, number + 1)).not.toBe(originalId(one, number));
      }),
    );
  });

  test('two original ids differ if a separator moves from one field to the next', () => {
    const base = identity('m', { label: 'a#b', type: 'c', itemNumber: null });
    expect(originalId(base, 1)).not.toBe(originalId({ ...base, label: 'a', type: 'b#c' }, 1));
  });
});

test('`mediumVersion` depends on each field that shows a changed medium, and on no other field', () => {
  const listed = medium('m1');
  const before = mediumVersion(listed);
  for (const change of [{ updatedAt: null }, { itemCount: 2 }, { reprocessedAt: 'x' }, { sizeHintBytes: null }]) {
    expect(mediumVersion({ ...listed, ...change })).not.toBe(before);
  }
  expect(
    mediumVersion({ ...listed, filename: 'b', ready: false, readyState: 'processing', account: 'ben', cameraModel: 'X' }),
  ).toBe(before);
});

test('two validators that cannot be compared prove nothing about their contents', () => {
  const tagged = { etag: '"a"', lastModified: null };
  const dated = { etag: null, lastModified: 'Sat, 01 Nov 2025 00:00:00 GMT' };
  const unknown = { etag: null, lastModified: null };
  expect([sameContent(tagged, unknown), provenSame(tagged, unknown)]).toEqual([true, false]);
  expect([sameContent(tagged, dated), provenSame(dated, dated)]).toEqual([true, true]);
  expect(sameContent(tagged, { etag: '"b"', lastModified: null })).toBe(false);
});
