import fc from 'fast-check';
import { expect, test } from 'vitest';
import { noEvidence, type Mark, type OriginalStatus } from '../../media.ts';
import { usual } from '../../../test/conformance/tracker/fixtures.ts';
import { medium, original } from '../../../test/support/builders.ts';
import { overdue, resolved } from './medium.ts';
import { claimed, completed, failed, fulfilled, intended, released } from './original.ts';
import { mediaIdOf, newMedium, newOriginal, toMedium, toTrackedOriginal, withRevisions } from './records.ts';

const now = '2026-03-01T12:00:00.000Z';
const nowMs = Date.parse(now);

test('an intent refuses another checksum, unless the version of the source has changed', () => {
  const sent = { sizeBytes: 10, crc32: 1, validator: { etag: '"v1"', lastModified: null } };
  const row = newOriginal(original('m1'), now);
  expect(fulfilled(row, sent)).toMatchObject({ crc32: 1, intent: true });
  const published = intended(row, sent);
  expect(fulfilled(published, sent)).toMatchObject({ crc32: 1 });
  expect(() => fulfilled(published, { ...sent, crc32: 2 })).toThrow(expect.objectContaining({ code: 'KEY_TAKEN' }));
  const next = { ...sent, crc32: 2, validator: { etag: '"v2"', lastModified: null } };
  expect(fulfilled(published, next)).toMatchObject({ crc32: 2, etag: '"v2"' });
});

test('a released claim leaves an original unchanged, except for the number of attempts', () => {
  const pending = newOriginal(original('m1'), now);
  const busy = claimed(pending, { owner: 'w', leaseMs: 1000 }, { nowMs, now })!;
  expect(busy).toMatchObject({ status: 'IN_PROGRESS', owner: 'w', attempt: 1, leaseUntilMs: nowMs + 1000 });
  expect(claimed(busy, { owner: 'other', leaseMs: 1000 }, { nowMs, now })).toBeUndefined();
  expect(released(busy, now)).toEqual({ ...pending, attempt: 1 });
});

test('a medium waits for 30 days and no longer', () => {
  const waiting = newMedium(medium('m1', { ready: false }), now);
  const dayMs = 24 * 3_600_000;
  expect(overdue(waiting, { nowMs: nowMs + 30 * dayMs - 1, now })).toBeUndefined();
  expect(overdue(waiting, { nowMs: nowMs + 30 * dayMs, now })).toMatchObject({ status: 'QUARANTINED' });
});

test('a role with an unavailable original is no longer resolved', () => {
  const whole = resolved(newMedium(medium('m1'), now), { roles: usual, unavailable: 0, originals: [] }, now);
  expect(whole.resolvedRoles).toEqual(usual);
  expect(resolved(whole, { roles: ['raw'], unavailable: 1, originals: [] }, now).resolvedRoles).toEqual(['source']);
});

test('records keep every field of a listing and a resolve', () => {
  const texts = fc.string({ maxLength: 20 });
  fc.assert(
    fc.property(texts, fc.option(fc.nat()), fc.integer({ min: 1, max: 99 }), (mediaId, itemNumber, revision) => {
      expect(toMedium(newMedium(medium(mediaId, { itemCount: itemNumber }), now))).toEqual(
        medium(mediaId, { itemCount: itemNumber }),
      );
      const file = original(mediaId, { itemNumber, revision });
      expect(toTrackedOriginal(newOriginal(file, now)).original).toEqual(file);
      expect(mediaIdOf(newOriginal(file, now).id)).toBe(mediaId);
    }),
  );
});

test.each<[Mark | null, OriginalStatus, boolean]>([
  [null, 'COMPLETED', false],
  ['DAMAGED', 'PENDING', true],
  ['DAMAGED', 'COMPLETED', false],
  ['MISSING', 'COMPLETED', true],
  ['DAMAGED', 'FAILED', false],
  ['DAMAGED', 'QUARANTINED', false],
  ['DAMAGED', 'SOURCE_DELETED', true],
  ['SUPERSEDED', 'COMPLETED', false],
])('with the mark %s a file counts as marked beside a later revision that is %s', (mark, status, isMarked) => {
  const [first, second] = [1, 2].map((revision) => newOriginal(original('m1', { revision }), now));
  const [earlier, later] = withRevisions([
    { ...first!, status: 'COMPLETED', mark },
    { ...second!, status },
  ]);
  expect([earlier?.isSuperseded, earlier?.isMarked, later?.isSuperseded]).toEqual([true, isMarked, false]);
});

test('a damaged file stays marked beside later revisions that archive other content', () => {
  const [first, second, third] = [1, 2, 3].map((revision) => newOriginal(original('m1', { revision }), now));
  const archived = { status: 'COMPLETED', sizeBytes: 10, crc32: 1 } as const;
  const damaged = { ...first!, ...archived, mark: 'DAMAGED' } as const;
  const changed = { ...second!, ...archived, crc32: 2 };
  expect(withRevisions([damaged, changed])[0]).toMatchObject({ isMarked: true, isReplaced: true });
  expect(withRevisions([damaged, changed, { ...third!, status: 'FAILED' }])[0]).toMatchObject({ isMarked: true });
  expect(withRevisions([damaged, changed, { ...third!, ...archived }])[0]).toMatchObject({ isMarked: false });
});

test('a repair keeps status and mark through its claim, release and failure, until it is complete', () => {
  const archived = { ...newOriginal(original('m1'), now), status: 'COMPLETED' as const, sizeBytes: 1, crc32: 2 };
  const time = { nowMs, now: '2026-04-01T00:00:00.000Z' };
  const lease = { owner: 'w', leaseMs: 1000 };
  expect(claimed(archived, lease, time)).toBeUndefined();
  expect(claimed({ ...archived, mark: 'SUPERSEDED' }, lease, time)).toBeUndefined();
  for (const mark of ['MISSING', 'DAMAGED', 'SUSPECT'] as const) {
    const before = { ...archived, mark };
    const busy = claimed(before, lease, time)!;
    expect(busy).toEqual({ ...before, owner: 'w', attempt: 1, leaseUntilMs: nowMs + 1000 });
    expect(claimed(busy, { owner: 'other', leaseMs: 1000 }, time)).toBeUndefined();
    expect(released(busy, time.now)).toEqual({ ...before, attempt: 1 });
    const failure = { code: 'STALLED', reason: 'no byte', quarantineAfter: 1 } as const;
    const afterFailure = { attempt: 1, failedRuns: 1, errorCode: 'STALLED', reason: 'no byte', failedAt: time.now };
    expect(failed(busy, failure, time.now)).toEqual({ ...before, ...afterFailure });
    const swap = intended(busy, { sizeBytes: 1, crc32: 2, validator: { etag: null, lastModified: null } });
    expect(completed(swap, time.now)).toEqual({
      ...archived,
      ...noEvidence,
      attempt: 1,
      archivedAt: time.now,
      checkedAt: time.now,
    });
  }
});
