import { expect } from 'vitest';
import {
  archive,
  claimed,
  dayMs,
  failure,
  listAll,
  mediumStatus,
  openIds,
  resolve,
  statusOf,
  usual,
  whole,
  withEdits,
  type Check,
} from './fixtures.ts';
import { medium, original } from '../../support/builders.ts';

const changedMedium = (id: string) => medium(id, { updatedAt: '2026-02-20T00:00:00Z' });

export function listingTests(check: Check): void {
  check('new media are LISTED, or WAITING when not ready, and keep every field', async ({ tracker, clock }) => {
    const odd = medium('odd', {
      ready: false,
      readyState: 'transcoding',
      sizeHintBytes: 1e300,
      itemCount: 2.5,
      filename: '',
      cameraModel: null,
    });
    expect(await tracker.recordPage([medium('m1'), odd], 'r1')).toEqual({ added: 2, changed: 0, unchanged: 0 });
    const now = new Date(clock.now()).toISOString();
    expect(await tracker.medium('m1')).toEqual({
      medium: medium('m1'),
      status: 'LISTED',
      resolvedRoles: [],
      unavailable: 0,
      firstSeenAt: now,
      waitingSince: null,
      statusSince: now,
      reason: null,
      failedRuns: 0,
      goneSince: null,
      absentOriginals: 0,
      denials: 0,
      acceptedAt: null,
      acceptedReason: null,
    });
    expect(await tracker.medium('odd')).toMatchObject({
      medium: odd,
      status: 'WAITING',
      reason: expect.stringContaining('transcoding'),
    });
    expect(await tracker.medium('unknown')).toBeUndefined();
    expect(await tracker.knownCount()).toBe(2);
  });

  check('ids are case-sensitive', async ({ tracker }) => {
    expect(await tracker.recordPage([medium('aB'), medium('Ab')], 'r1')).toMatchObject({ added: 2 });
  });

  check('a field outside the version is updated without counting as a change', async ({ tracker }) => {
    await archive(tracker, 'm1');
    expect(await tracker.recordPage([medium('m1', { filename: 'new name.MP4' })], 'r2')).toEqual({
      added: 0,
      changed: 0,
      unchanged: 1,
    });
    expect(await tracker.medium('m1')).toMatchObject({ status: 'RESOLVED', medium: { filename: 'new name.MP4' } });
  });

  check('a changed medium is LISTED again and open for all roles', async ({ tracker }) => {
    for (const [field, value] of Object.entries({ updatedAt: 'x', itemCount: 9, reprocessedAt: 'y', sizeHintBytes: null })) {
      await resolve(tracker, field, [], withEdits);
      expect(await tracker.recordPage([medium(field, { [field]: value })], 'r2')).toEqual({ added: 0, changed: 1, unchanged: 0 });
      expect(await tracker.medium(field)).toMatchObject({ status: 'LISTED', resolvedRoles: [] });
    }
  });

  check('a changed medium keeps its archived originals', async ({ tracker }) => {
    await archive(tracker, 'm1');
    await tracker.recordPage([changedMedium('m1')], 'r2');
    expect(await statusOf(tracker, original('m1'))).toBe('COMPLETED');
    expect(await openIds(tracker)).toEqual(['m1']);
  });

  check('a changed medium that is not ready waits', async ({ tracker }) => {
    await archive(tracker, 'm1');
    await tracker.recordPage([{ ...changedMedium('m1'), ready: false, readyState: 'processing' }], 'r2');
    expect(await mediumStatus(tracker, 'm1')).toBe('WAITING');
  });

  check('an unchanged medium moves between WAITING and LISTED with its readiness', async ({ tracker }) => {
    const waiting = medium('m1', { ready: false, readyState: 'uploading' });
    await tracker.recordPage([waiting], 'r1');
    expect(await tracker.recordPage([medium('m1')], 'r2')).toEqual({ added: 0, changed: 0, unchanged: 1 });
    expect(await mediumStatus(tracker, 'm1')).toBe('LISTED');
    await tracker.recordPage([waiting], 'r3');
    expect(await mediumStatus(tracker, 'm1')).toBe('WAITING');
  });

  check(
    'FAILED, QUARANTINED and RESOLVED media keep their status if they are unchanged, and become LISTED if they change',
    async ({ tracker }) => {
      await archive(tracker, 'resolved');
      await tracker.recordPage([medium('failed'), medium('quarantined')], 'r1');
      await tracker.failMedium('failed', failure);
      await tracker.failMedium('quarantined', { ...failure, quarantineAfter: 1 });
      const ids = ['resolved', 'failed', 'quarantined'];
      expect(
        await tracker.recordPage(
          ids.map((id) => medium(id)),
          'r2',
        ),
      ).toMatchObject({ unchanged: 3 });
      expect(await Promise.all(ids.map((id) => mediumStatus(tracker, id)))).toEqual(['RESOLVED', 'FAILED', 'QUARANTINED']);
      await tracker.recordPage(ids.map(changedMedium), 'r3');
      expect(await Promise.all(ids.map((id) => mediumStatus(tracker, id)))).toEqual(['LISTED', 'LISTED', 'LISTED']);
      expect((await tracker.medium('failed'))?.failedRuns).toBe(0);
    },
  );

  check('a complete listing marks missing media of its own account as gone', async ({ tracker }) => {
    await archive(tracker, 'archived');
    const missing = original('pending');
    await resolve(tracker, 'pending', [missing]);
    await tracker.recordPage([medium('listed'), medium('stays'), medium('ben', { account: 'ben' })], 'r1');
    expect(await listAll(tracker, 'r2', [medium('stays')])).toBe(3);
    expect(await tracker.medium('archived')).toMatchObject({ status: 'RESOLVED', goneSince: expect.any(String) });
    expect(await statusOf(tracker, original('archived'))).toBe('COMPLETED');
    expect(await statusOf(tracker, missing)).toBe('SOURCE_DELETED');
    expect(await mediumStatus(tracker, 'listed')).toBe('SOURCE_DELETED');
    expect(await tracker.medium('ben')).toMatchObject({ status: 'LISTED', goneSince: null });
    expect(await openIds(tracker)).toEqual(['ben', 'stays']);
    expect(await tracker.knownCount()).toBe(2);
    expect(await listAll(tracker, 'r3', [medium('stays')])).toBe(0);
  });

  check('a gone medium keeps its first date and counts as changed when it comes back', async ({ tracker, clock }) => {
    const file = original('m1');
    await resolve(tracker, 'm1', [file]);
    await listAll(tracker, 'r1', []);
    const since = (await tracker.medium('m1'))?.goneSince;
    clock.advance(dayMs);
    await listAll(tracker, 'r2', []);
    expect((await tracker.medium('m1'))?.goneSince).toBe(since);
    expect(await tracker.recordPage([medium('m1')], 'r3')).toEqual({ added: 0, changed: 1, unchanged: 0 });
    expect(await tracker.medium('m1')).toMatchObject({ status: 'LISTED', goneSince: null });
    expect(await statusOf(tracker, file)).toBe('PENDING');
  });

  check('a quick listing marks no medium as gone', async ({ tracker }) => {
    await tracker.recordPage([medium('m1')], 'r1');
    expect(await tracker.finishListing({ account: 'anna', runId: 'r2', complete: false, listed: 1 })).toBe(0);
    expect(await tracker.medium('m1')).toMatchObject({ status: 'LISTED', goneSince: null });
  });

  check('the state of the listing is kept for each account', async ({ tracker, clock, second }) => {
    expect(await tracker.listingState('anna')).toEqual({ lastFullAt: null, listed: 0 });
    await tracker.finishListing({ account: 'anna', runId: 'r1', complete: true, listed: 5 });
    const lastFullAt = new Date(clock.now()).toISOString();
    clock.advance(dayMs);
    await tracker.finishListing({ account: 'anna', runId: 'r2', complete: false, listed: 7 });
    expect(await (await second()).listingState('anna')).toEqual({ lastFullAt, listed: 7 });
    expect(await tracker.listingState('ben')).toEqual({ lastFullAt: null, listed: 0 });
  });

  check('a SOURCE_DELETED medium that a page shows unchanged becomes LISTED only in a later run', async ({ tracker }) => {
    const file = original('m1');
    await tracker.beginRun('r1', 'sync');
    await resolve(tracker, 'm1', [file]);
    await tracker.vanish('m1', 'it answers 404');
    expect(await listAll(tracker, 'r1', [medium('m1')])).toBe(0);
    expect(await mediumStatus(tracker, 'm1')).toBe('SOURCE_DELETED');
    await tracker.beginRun('r2', 'sync');
    expect(await tracker.recordPage([medium('m1')], 'r2')).toEqual({ added: 0, changed: 0, unchanged: 1 });
    expect(await mediumStatus(tracker, 'm1')).toBe('LISTED');
    expect(await statusOf(tracker, file)).toBe('PENDING');
  });

  check('a SOURCE_DELETED medium that a page shows changed is LISTED again at once', async ({ tracker }) => {
    await tracker.recordPage([medium('m1')], 'r1');
    await tracker.vanish('m1', 'it answers 404');
    expect(await tracker.recordPage([changedMedium('m1')], 'r2')).toEqual({ added: 0, changed: 1, unchanged: 0 });
    expect(await mediumStatus(tracker, 'm1')).toBe('LISTED');
  });

  check(
    'a medium that waits for 30 days is QUARANTINED, even if it was seen, listed or failed meanwhile',
    async ({ tracker, clock }) => {
      await tracker.recordPage([medium('unready', { ready: false }), medium('unoffered')], 'r0');
      await tracker.setMediumStatus('unoffered', 'WAITING', 'no original yet');
      const since = (await tracker.medium('unoffered'))?.statusSince;
      for (let day = 1; day < 30; day += 1) {
        clock.advance(dayMs);
        await tracker.beginRun(`r${day}`, 'sync');
        await listAll(tracker, `r${day}`, [medium('unready', { ready: false }), medium('unoffered')]);
        expect(await mediumStatus(tracker, 'unoffered')).toBe('LISTED');
        if (day % 7 === 0) await tracker.failMedium('unoffered', { ...failure, quarantineAfter: 99 });
        await tracker.recordResolution('unoffered', { roles: usual, unavailable: 1, originals: [] });
        expect(await tracker.medium('unoffered')).toMatchObject({ status: 'WAITING', statusSince: since });
        expect(await mediumStatus(tracker, 'unready')).toBe('WAITING');
      }
      clock.advance(dayMs);
      await tracker.beginRun('r30', 'sync');
      expect(await tracker.medium('unready')).toMatchObject({
        status: 'QUARANTINED',
        reason: expect.stringContaining('30 days'),
      });
      expect(await mediumStatus(tracker, 'unoffered')).toBe('QUARANTINED');
    },
  );

  check('the 30 days of a waiting medium start anew after a resolve', async ({ tracker, clock }) => {
    await resolve(tracker, 'm1', [], usual, 1);
    clock.advance(20 * dayMs);
    await resolve(tracker, 'm1', []);
    await tracker.setMediumStatus('m1', 'WAITING', 'no original any more');
    clock.advance(20 * dayMs);
    await tracker.recordPage([], 'r1');
    expect(await mediumStatus(tracker, 'm1')).toBe('WAITING');
    clock.advance(10 * dayMs);
    await tracker.finishListing({ account: 'anna', runId: 'r1', complete: false, listed: 1 });
    expect(await mediumStatus(tracker, 'm1')).toBe('QUARANTINED');
  });

  check('an original can be completed after its medium vanished', async ({ tracker }) => {
    const [first, second] = [original('m1', { itemNumber: 1 }), original('m1', { itemNumber: 2 })];
    await resolve(tracker, 'm1', [first, second]);
    const [arriving, failing] = [await claimed(tracker, first), await claimed(tracker, second)];
    await tracker.vanish('m1', 'it answers 404');
    await tracker.recordIntent(arriving, whole);
    await tracker.complete(arriving, whole);
    expect(await tracker.fail(failing, failure)).toBe('SOURCE_DELETED');
    expect([await statusOf(tracker, first), await statusOf(tracker, second)]).toEqual(['COMPLETED', 'SOURCE_DELETED']);
  });
}
