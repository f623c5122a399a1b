import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { each } from '../../test/support/collect.ts';
import { medium, offered, trackedMedium, trackedOriginal } from '../../test/support/builders.ts';
import { alwaysRoles, foldKey, type Medium, type OfferedOriginal, type Original } from '../media.ts';
import type { TrackedMedium, TrackedOriginal } from '../tracker/tracker.ts';
import { nextRevisions, plan, planOriginals } from './plan.ts';

const roles = alwaysRoles;

type Changes = Partial<Omit<TrackedMedium, 'medium'>> & { readonly medium?: Partial<Medium> };

function listed(changes: Partial<Medium> = {}): Medium {
  const fields = { filename: 'GX010123.MP4', sizeHintBytes: 5_000, capturedAt: '2025-07-04T09:15:22Z' };
  return medium('a1', { ...fields, ...changes });
}

function tracked({ medium: changes, ...fields }: Changes = {}): TrackedMedium {
  return trackedMedium(listed(changes), fields);
}

function offer(fields: Partial<OfferedOriginal> = {}): OfferedOriginal {
  return offered('a1', fields);
}

/** The tracker's row of a planned original that was archived. */
function row(original: Original): TrackedOriginal {
  return trackedOriginal(original, { status: 'COMPLETED' });
}

const everything = { covers: () => true, roles };

function planned(
  offers: readonly OfferedOriginal[],
  known: readonly TrackedOriginal[] = [],
  taken: (key: string) => boolean = () => false,
) {
  return planOriginals({
    tracked: tracked(),
    known,
    resolution: { originals: offers, unavailable: 0, outOfScope: false },
    roles,
    taken,
  });
}

describe('plan', () => {
  test('the newest media come first, by capture time or, without one, by arrival, and undated media come last', async () => {
    const rows = [
      { id: 'undated', capturedAt: null, createdAt: null },
      { id: 'old', capturedAt: '2015-01-01T00:00:00Z' },
      { id: 'b', capturedAt: '2025-07-04T09:15:22Z' },
      { id: 'arrived', capturedAt: null, createdAt: '2025-07-05T00:00:00Z' },
      { id: 'B', capturedAt: '2025-07-04T09:15:22Z' },
      { id: 'odd', capturedAt: '2025-99-99', createdAt: 'never' },
    ].map((changes) => tracked({ medium: changes }));
    const { items } = await plan(each(rows), everything);
    expect(items.map((item) => item.mediaId)).toEqual(['arrived', 'B', 'b', 'old', 'odd', 'undated']);
    expect(await plan(each(rows.toReversed()), everything)).toEqual(await plan(each(rows), everything));
  });

  test('a plan item has the values of the listing, and only media that the filters cover are planned', async () => {
    const rows = [
      tracked(),
      tracked({ medium: { id: 'x', filename: '', sizeHintBytes: null, itemCount: null } }),
      tracked({ medium: { id: 'no', sizeHintBytes: 7 } }),
    ];
    expect(await plan(each(rows), { covers: ({ id }) => id !== 'no', roles })).toEqual({
      items: [
        {
          mediaId: 'a1',
          name: 'GX010123.MP4',
          timeMs: Date.UTC(2025, 6, 4, 9, 15, 22),
          sizeHintBytes: 5_000,
          itemCount: 1,
          why: 'new',
        },
        { mediaId: 'x', name: 'x', timeMs: Date.UTC(2025, 6, 4, 9, 15, 22), sizeHintBytes: null, itemCount: null, why: 'new' },
      ],
      sizeHintBytes: 5_000,
      waiting: 0,
      leftOut: 1,
    });
  });

  test.each<[string, Changes]>([
    ['new', { status: 'LISTED' }],
    ['changed', { status: 'LISTED', resolvedRoles: ['source', 'raw'] }],
    ['waiting', { status: 'WAITING' }],
    ['waiting', { status: 'LISTED', waitingSince: '2026-03-01T12:00:00.000Z' }],
    ['failed', { status: 'FAILED' }],
    ['roles', { status: 'RESOLVED', resolvedRoles: ['source'] }],
    ['unfinished', { status: 'RESOLVED', resolvedRoles: ['raw', 'source', 'sidecar'] }],
  ])('a plan item has the reason "%s"', async (why, changes) => {
    const { items } = await plan(each([tracked(changes)]), everything);
    expect(items.map((item) => item.why)).toEqual([why]);
  });

  test('no odd value of a listing makes `plan` throw', async () => {
    const texts = fc.oneof(fc.constant(null), fc.string({ unit: 'binary' }), fc.constant('lone\ud800'));
    const numbers = fc.oneof(fc.constant(null), fc.double());
    const media = fc.record({
      id: fc.string(),
      filename: fc.string({ unit: 'binary' }),
      capturedAt: texts,
      createdAt: texts,
      sizeHintBytes: numbers,
      itemCount: numbers,
    });
    await fc.assert(
      fc.asyncProperty(fc.array(media), async (list) => {
        const { items } = await plan(each(list.map((changes) => tracked({ medium: changes }))), everything);
        expect(items.map((item) => item.mediaId).toSorted()).toEqual(list.map(({ id }) => id).toSorted());
      }),
    );
  });
});

describe('planOriginals', () => {
  test('new originals are planned as first revisions without URLs, in the order of fetching', () => {
    const { originals, added, vanished } = planned([
      offer({ itemNumber: 2 }),
      offer(),
      offer({ role: 'raw', label: 'raw_photo', type: 'gpr', extension: 'gpr' }),
    ]);
    expect(originals.map(({ key }) => key)).toEqual([
      'gopro-videos/2025/07/GX010123__a1_01.mp4',
      'gopro-videos/2025/07/GX010123__a1_02.mp4',
      'gopro-videos/2025/07/GX010123__a1_raw_photo.gpr',
    ]);
    expect([added.length, vanished.length]).toEqual([3, 0]);
    expect(originals[0]).toEqual({
      provider: 'gopro',
      account: 'anna',
      mediaId: 'a1',
      role: 'source',
      label: 'source',
      type: 'mp4',
      position: 'default',
      itemNumber: 1,
      ordinal: 1,
      revision: 1,
      key: 'gopro-videos/2025/07/GX010123__a1_01.mp4',
    });
  });

  test('a chapter that comes later does not change earlier keys', () => {
    const [first] = planned([offer()]).originals;
    expect(first!.key).toBe('gopro-videos/2025/07/GX010123__a1.mp4');
    const later = planned([offer(), offer({ itemNumber: 2 })], [row(first!)]);
    expect(later.originals).toEqual([
      first,
      expect.objectContaining({ itemNumber: 2, key: 'gopro-videos/2025/07/GX010123__a1_02.mp4' }),
    ]);
    expect(later.added.map(({ itemNumber }) => itemNumber)).toEqual([2]);
  });

  test('a stored key stays when the name, the date or the extension changes', () => {
    const stored = { ...planned([offer()]).originals[0]!, key: 'gopro-videos/1999/01/old__a1.mov' };
    expect(planned([offer()], [row(stored)]).originals).toEqual([stored]);
  });

  test('only the latest revision of an original is planned', () => {
    const first = planned([offer()]).originals[0]!;
    const second = nextRevisions({ medium: listed(), originals: [first], known: [row(first)], taken: () => false })[0]!;
    for (const known of [
      [row(first), row(second)],
      [row(second), row(first)],
    ]) {
      expect(planned([offer()], known)).toEqual({ originals: [second], added: [], vanished: [] });
      expect(planned([], known).vanished).toEqual([row(second)]);
    }
  });

  test('an original that is no longer offered counts as vanished if its role was requested', () => {
    const known = planned([offer(), offer({ itemNumber: 2 }), offer({ role: 'sidecar', label: 'gpmf' })]).originals.map(
      (original) => row(original),
    );
    const { originals, vanished } = planned([offer()], known);
    expect(originals.map(({ itemNumber }) => itemNumber)).toEqual([1]);
    expect(vanished.map(({ original }) => [original.role, original.itemNumber])).toEqual([['source', 2]]);
  });

  test('an original that is offered twice is planned once', () => {
    expect(planned([offer(), offer()]).originals).toHaveLength(1);
  });

  test("a key that equals another medium's key except for letter case is not used", () => {
    const { originals } = planned([offer()], [], (key) => foldKey(key) === foldKey('gopro-videos/2025/07/gx010123__A1.MP4'));
    expect(originals[0]!.key).toMatch(/GX010123__a1~[0-9a-f]{8}\.mp4$/);
  });
});

describe('nextRevisions', () => {
  const chapters = planned([offer(), offer({ itemNumber: 2 })]).originals;
  const [first] = chapters;

  test('the key of a next revision differs from the first key only in the number of the revision', () => {
    const known = chapters.map((original) => row(original));
    const second = nextRevisions({ medium: listed(), originals: [first!], known, taken: () => false })[0]!;
    expect(second).toEqual({ ...first, revision: 2, key: 'gopro-videos/2025/07/GX010123__a1_01_r2.mp4' });
    const third = nextRevisions({
      medium: listed(),
      originals: [first!],
      known: [...known, row(second)],
      taken: () => false,
    })[0]!;
    expect(third.key).toBe('gopro-videos/2025/07/GX010123__a1_01_r3.mp4');
  });

  test('the revisions of each original are counted separately', () => {
    const known = [row(first!), row({ ...chapters[1]!, revision: 7 })];
    expect(nextRevisions({ medium: listed(), originals: [first!], known, taken: () => false })[0]!.revision).toBe(2);
  });

  test('a next revision gets a hash if its key is taken', () => {
    const key = 'gopro-videos/2025/07/GX010123__a1_01_r2.mp4';
    const [next] = nextRevisions({
      medium: listed(),
      originals: [first!],
      known: chapters.map((original) => row(original)),
      taken: (candidate) => candidate === key,
    });
    expect(next?.key).toMatch(/_01_r2~[0-9a-f]{8}\.mp4$/);
  });
});
