import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { originalId } from '../media.ts';
import type { Medium, OfferedOriginal, Original, Role } from '../media.ts';
import type { TrackedMedium, TrackedOriginal } from '../tracker/tracker.ts';
import { foldKey } from '../media.ts';
import { nextRevisions, plan, planOriginals } from './plan.ts';

const roles: readonly Role[] = ['source', 'raw'];

function medium(changes: Partial<Medium> = {}): Medium {
  return {
    provider: 'gopro',
    account: 'me',
    id: 'a1',
    type: 'Video',
    filename: 'GX010123.MP4',
    fileExtension: 'MP4',
    sizeHintBytes: 5_000,
    capturedAt: '2025-07-04T09:15:22Z',
    createdAt: '2025-07-06T08:00:00Z',
    updatedAt: null,
    reprocessedAt: null,
    itemCount: 1,
    cameraModel: null,
    ready: true,
    readyState: 'ready',
    ...changes,
  };
}

function tracked(changes: Partial<Omit<TrackedMedium, 'medium'>> & { readonly medium?: Partial<Medium> } = {}): TrackedMedium {
  return {
    status: 'LISTED',
    resolvedRoles: [],
    unavailable: 0,
    firstSeenAt: '2025-08-01T00:00:00.000Z',
    statusSince: '2025-08-01T00:00:00.000Z',
    reason: null,
    failedRuns: 0,
    goneSince: null,
    ...changes,
    medium: medium(changes.medium),
  };
}

function offer(changes: Partial<OfferedOriginal> = {}): OfferedOriginal {
  return {
    mediaId: 'a1',
    role: 'source',
    label: 'source',
    type: 'mp4',
    position: 'default',
    itemNumber: 1,
    ordinal: 1,
    extension: 'mp4',
    url: 'https://cdn.example/file?Signature=secret',
    headUrl: null,
    ...changes,
  };
}

/** The row that a tracker makes of a planned original. */
function row(original: Original, status: TrackedOriginal['status'] = 'COMPLETED'): TrackedOriginal {
  return {
    id: originalId(original, original.revision),
    original,
    status,
    mark: null,
    sizeBytes: null,
    crc32: null,
    validator: { etag: null, lastModified: null },
    upload: null,
    attempt: 0,
    failedRuns: 0,
    errorCode: null,
    reason: null,
    statusSince: '2025-08-01T00:00:00.000Z',
  };
}

async function* each<T>(values: readonly T[]): AsyncGenerator<T> {
  yield* values;
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
  test('newest first by camera clock, else by arrival; undated last; equal ones by id', async () => {
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

  test('an item says what is known, and only what filters cover is planned', async () => {
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
    });
  });

  test.each<[string, Parameters<typeof tracked>[0]]>([
    ['new', { status: 'LISTED' }],
    ['changed', { status: 'LISTED', resolvedRoles: ['source', 'raw'] }],
    ['waiting', { status: 'WAITING' }],
    ['failed', { status: 'FAILED' }],
    ['roles', { status: 'RESOLVED', resolvedRoles: ['source'] }],
    ['unfinished', { status: 'RESOLVED', resolvedRoles: ['raw', 'source', 'sidecar'] }],
  ])('why: %s', async (why, changes) => {
    const { items } = await plan(each([tracked(changes)]), everything);
    expect(items.map((item) => item.why)).toEqual([why]);
  });

  test('nothing odd in a listing makes it throw', async () => {
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
  test('new originals are first revisions in fetching order, without any URL', () => {
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
      account: 'me',
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

  test('a chapter that comes later renames nothing', () => {
    const [first] = planned([offer()]).originals;
    expect(first!.key).toBe('gopro-videos/2025/07/GX010123__a1.mp4');
    const later = planned([offer(), offer({ itemNumber: 2 })], [row(first!)]);
    expect(later.originals).toEqual([
      first,
      expect.objectContaining({ itemNumber: 2, key: 'gopro-videos/2025/07/GX010123__a1_02.mp4' }),
    ]);
    expect(later.added.map(({ itemNumber }) => itemNumber)).toEqual([2]);
  });

  test('a stored key stays even if name, date and extension are others now', () => {
    const stored = { ...planned([offer()]).originals[0]!, key: 'gopro-videos/1999/01/old__a1.mov' };
    expect(planned([offer()], [row(stored)]).originals).toEqual([stored]);
  });

  test('the latest revision stands for its original', () => {
    const first = planned([offer()]).originals[0]!;
    const second = nextRevisions({ medium: medium(), originals: [first], known: [row(first)], taken: () => false })[0]!;
    for (const known of [
      [row(first), row(second)],
      [row(second), row(first)],
    ]) {
      expect(planned([offer()], known)).toEqual({ originals: [second], added: [], vanished: [] });
      expect(planned([], known).vanished).toEqual([row(second)]);
    }
  });

  test('what is no longer offered is named, what was not asked for is not', () => {
    const known = planned([offer(), offer({ itemNumber: 2 }), offer({ role: 'sidecar', label: 'gpmf' })]).originals.map(
      (original) => row(original),
    );
    const { originals, vanished } = planned([offer()], known);
    expect(originals.map(({ itemNumber }) => itemNumber)).toEqual([1]);
    expect(vanished.map(({ original }) => [original.role, original.itemNumber])).toEqual([['source', 2]]);
  });

  test('an original offered twice is one', () => {
    expect(planned([offer(), offer()]).originals).toHaveLength(1);
  });

  test('a key that another medium has, in other letters, is left alone', () => {
    const { originals } = planned([offer()], [], (key) => foldKey(key) === foldKey('gopro-videos/2025/07/gx010123__A1.MP4'));
    expect(originals[0]!.key).toMatch(/GX010123__a1~[0-9a-f]{8}\.mp4$/);
  });
});

describe('nextRevisions', () => {
  const chapters = planned([offer(), offer({ itemNumber: 2 })]).originals;
  const [first] = chapters;

  test('lies beside the one before', () => {
    const known = chapters.map((original) => row(original));
    const second = nextRevisions({ medium: medium(), originals: [first!], known, taken: () => false })[0]!;
    expect(second).toEqual({ ...first, revision: 2, key: 'gopro-videos/2025/07/GX010123__a1_01_r2.mp4' });
    const third = nextRevisions({
      medium: medium(),
      originals: [first!],
      known: [...known, row(second)],
      taken: () => false,
    })[0]!;
    expect(third.key).toBe('gopro-videos/2025/07/GX010123__a1_01_r3.mp4');
  });

  test('the revisions of other originals do not count', () => {
    const known = [row(first!), row({ ...chapters[1]!, revision: 7 })];
    expect(nextRevisions({ medium: medium(), originals: [first!], known, taken: () => false })[0]!.revision).toBe(2);
  });

  test('a taken key gets a hash', () => {
    const key = 'gopro-videos/2025/07/GX010123__a1_01_r2.mp4';
    const [next] = nextRevisions({
      medium: medium(),
      originals: [first!],
      known: chapters.map((original) => row(original)),
      taken: (candidate) => candidate === key,
    });
    expect(next?.key).toMatch(/_01_r2~[0-9a-f]{8}\.mp4$/);
  });
});

describe('properties', () => {
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
    .map((list) => list.map((changes) => offer(changes)));
  const replies = fc.array(
    offers.chain((list) => fc.shuffledSubarray(list)),
    { minLength: 1, maxLength: 5 },
  );

  test('planning a second time, in any order, adds nothing and changes nothing', () => {
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

  test('whatever a provider offers from call to call, nothing is renamed or lost and no two share a key', () => {
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
          const missing = before.filter(({ id, original }) => !ids.has(id) && roles.includes(original.role));
          expect(new Set(vanished)).toEqual(new Set(missing));
          expect(new Set([...known.values()].map(({ original }) => foldKey(original.key))).size).toBe(known.size);
        }
      }),
    );
  });
});
