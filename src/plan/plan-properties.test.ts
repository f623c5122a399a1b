import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { medium, offered, trackedMedium, trackedOriginal } from '../../test/support/builders.ts';
import { alwaysRoles, foldKey, originalId, type OfferedOriginal, type Original, type Role } from '../media.ts';
import type { TrackedOriginal } from '../tracker/tracker.ts';
import { planOriginals } from './plan.ts';

function planned(offers: readonly OfferedOriginal[], known: readonly TrackedOriginal[] = []) {
  return planOriginals({
    tracked: trackedMedium(medium('a1')),
    known,
    resolution: { originals: offers, unavailable: 0, outOfScope: false },
    roles: alwaysRoles,
    taken: () => false,
  });
}

function row(original: Original): TrackedOriginal {
  return trackedOriginal(original, { status: 'COMPLETED' });
}

describe('properties of plans', () => {
  const offers = fc
    .uniqueArray(
      fc.record({
        role: fc.constantFrom<Role>('source', 'raw', 'sidecar'),
        label: fc.constantFrom('source', 'raw_photo', 'raw/photo', '01'),
        type: fc.constantFrom('mp4', 'jpg', 'MP4'),
        position: fc.constantFrom('default', 'front', 'Front'),
        itemNumber: fc.option(fc.nat(3)),
        ordinal: fc.integer({ min: 1, max: 3 }),
        extension: fc.constantFrom('mp4', 'jpg'),
      }),
      { maxLength: 12, selector: (original) => originalId({ mediaId: 'a1', ...original }, 1) },
    )
    .map((list) => list.map((changes) => offered('a1', changes)));
  const replies = fc.array(
    offers.chain((list) => fc.shuffledSubarray(list)),
    { minLength: 1, maxLength: 5 },
  );

  test('planning the same originals a second time, in any order, adds nothing and changes nothing', () => {
    const shuffled = offers.chain((list) => fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })));
    fc.assert(
      fc.property(shuffled, ([list, permuted]) => {
        const once = planned(list);
        expect(planned(permuted)).toEqual(once);
        const known = once.originals.map((original) => row(original));
        expect(planned(permuted, known)).toEqual({ originals: once.originals, added: [], vanished: [] });
      }),
    );
  });

  test('for anything that a provider offers, no original is renamed or lost, and all keys differ', () => {
    fc.assert(
      fc.property(replies, (sequence) => {
        const known = new Map<string, TrackedOriginal>();
        for (const reply of sequence) {
          const before = [...known.values()];
          const { originals, added, vanished } = planned(reply, before);
          for (const original of added) known.set(originalId(original, 1), row(original));
          const ids = new Set(reply.map((original) => originalId(original, 1)));

          expect(new Set(originals.map((original) => originalId(original, 1)))).toEqual(ids);
          for (const { id, original } of before) expect(known.get(id)?.original).toBe(original);
          for (const original of originals) expect(known.get(originalId(original, 1))?.original).toEqual(original);
          const missing = before.filter(({ id, original }) => !ids.has(id) && alwaysRoles.includes(original.role));
          expect(new Set(vanished)).toEqual(new Set(missing));
          expect(new Set([...known.values()].map(({ original }) => foldKey(original.key))).size).toBe(known.size);
        }
      }),
    );
  });
});
