import { expect } from 'vitest';
import {
  archive,
  claimed,
  failure,
  idOf,
  mediumStatus,
  resolve,
  statusOf,
  upload,
  usual,
  whole,
  withEdits,
  type Check,
} from './fixtures.ts';
import { medium, original } from '../../support/builders.ts';

export function mediaTests(check: Check): void {
  check('a resolve records new originals as PENDING with every field of their identity', async ({ tracker, clock }) => {
    const frame = original('m1', {
      role: 'raw',
      label: 'raw_photo',
      type: 'gpr',
      position: 'left',
      itemNumber: null,
      ordinal: 2,
    });
    const rows = await resolve(tracker, 'm1', [original('m1'), frame]);
    expect(rows).toEqual(await tracker.originals('m1'));
    expect(rows[1]).toEqual({
      id: idOf(frame),
      original: frame,
      status: 'PENDING',
      mark: null,
      sizeBytes: null,
      crc32: null,
      validator: { etag: null, lastModified: null },
      claim: null,
      proof: null,
      claimPartBytes: null,
      mismatch: null,
      checkedAt: null,
      upload: null,
      owner: null,
      attempt: 0,
      failedRuns: 0,
      errorCode: null,
      reason: null,
      failedAt: null,
      archivedAt: null,
      acceptedAt: null,
      acceptedReason: null,
      statusSince: new Date(clock.now()).toISOString(),
    });
    expect(await tracker.medium('m1')).toMatchObject({ status: 'RESOLVED', resolvedRoles: ['source', 'raw'] });
    expect(await tracker.originals('unknown')).toEqual([]);
  });

  check('a later resolve adds originals and roles, and changes no known original', async ({ tracker }) => {
    await archive(tracker, 'm1');
    const edit = original('m1', { role: 'edit' });
    await resolve(tracker, 'm1', [original('m1'), edit], withEdits);
    expect([await statusOf(tracker, original('m1')), await statusOf(tracker, edit)]).toEqual(['COMPLETED', 'PENDING']);
    expect((await tracker.medium('m1'))?.resolvedRoles).toEqual(['source', 'raw', 'edit']);
    await resolve(tracker, 'm1', [original('m1')], usual);
    expect((await tracker.medium('m1'))?.resolvedRoles).toEqual(['source', 'raw', 'edit']);
  });

  check('a medium with originals that are not available yet waits, and its roles stay open', async ({ tracker }) => {
    await resolve(tracker, 'm1', [original('m1')], withEdits, 2);
    expect(await tracker.medium('m1')).toMatchObject({ status: 'WAITING', unavailable: 2, resolvedRoles: [] });
    await resolve(tracker, 'm1', [original('m1')], usual);
    expect(await tracker.medium('m1')).toMatchObject({ status: 'RESOLVED', unavailable: 0, resolvedRoles: ['source', 'raw'] });
  });

  check('keys are compared case-folded, and two originals never share one', async ({ tracker }) => {
    await resolve(tracker, 'm1', [original('m1', { key: 'gopro-videos/2026/01/Caf\u00e9.MP4' })]);
    expect(await tracker.keyTaken('gopro-videos/2026/01/cafe\u0301.mp4')).toBe(true);
    expect(await tracker.keyTaken('gopro-videos/2026/01/cafe.mp4')).toBe(false);
    const clash = resolve(tracker, 'm2', [original('m2', { key: 'GOPRO-videos/2026/01/CAFE\u0301.mp4' })]);
    await expect(clash).rejects.toMatchObject({ code: 'KEY_TAKEN' });
    expect(await tracker.originals('m2')).toEqual([]);
    expect(await mediumStatus(tracker, 'm2')).toBe('LISTED');
  });

  check(
    'a medium whose resolve fails is FAILED with the time of its last failure, and QUARANTINED at the limit',
    async ({ tracker, clock }) => {
      await tracker.recordPage([medium('m1')], 'r1');
      expect(await tracker.failMedium('m1', failure)).toBe('FAILED');
      const first = await tracker.medium('m1');
      expect(first).toMatchObject({ status: 'FAILED', failedRuns: 1, reason: failure.reason });
      clock.advance(1000);
      expect(await tracker.failMedium('m1', failure)).toBe('FAILED');
      expect(await tracker.medium('m1')).toMatchObject({ failedRuns: 2, statusSince: new Date(clock.now()).toISOString() });
      expect(await tracker.failMedium('m1', failure)).toBe('QUARANTINED');
      expect(await tracker.failMedium('m1', failure)).toBe('QUARANTINED');
    },
  );

  check('a successful resolve resets the count of failed runs', async ({ tracker }) => {
    await tracker.recordPage([medium('m1')], 'r1');
    await tracker.failMedium('m1', failure);
    await resolve(tracker, 'm1', []);
    expect(await tracker.medium('m1')).toMatchObject({ status: 'RESOLVED', failedRuns: 0, reason: null });
  });

  check('a medium’s status has a reason', async ({ tracker }) => {
    await tracker.recordPage([medium('m1')], 'r1');
    await tracker.setMediumStatus('m1', 'WAITING', 'no original is offered yet');
    expect(await tracker.medium('m1')).toMatchObject({ status: 'WAITING', reason: 'no original is offered yet' });
    await tracker.setMediumStatus('m1', 'LISTED', 'it is ready now');
    expect(await mediumStatus(tracker, 'm1')).toBe('LISTED');
  });

  check('a medium that vanished makes its originals SOURCE_DELETED unless they are archived', async ({ tracker }) => {
    const files = [1, 2, 3, 4].map((itemNumber) => original('m1', { itemNumber }));
    const [archived, pending, failed, busy] = files as [
      (typeof files)[0],
      (typeof files)[0],
      (typeof files)[0],
      (typeof files)[0],
    ];
    await resolve(tracker, 'm1', files);
    await tracker.complete(await claimed(tracker, archived), whole);
    await tracker.fail(await claimed(tracker, failed), failure);
    await claimed(tracker, busy);
    await tracker.vanish('m1', 'it answers 404');
    await tracker.vanish('m1', 'it answers 404');
    expect(await Promise.all(files.map((file) => statusOf(tracker, file)))).toEqual([
      'COMPLETED',
      'SOURCE_DELETED',
      'SOURCE_DELETED',
      'SOURCE_DELETED',
    ]);
    expect(await tracker.medium('m1')).toMatchObject({ status: 'SOURCE_DELETED', reason: 'it answers 404' });
    expect(await tracker.claim(idOf(pending), 'w', 1000)).toBeUndefined();
    await tracker.setMediumStatus('m1', 'LISTED', 'a get finds it again');
    expect(await Promise.all(files.map((file) => statusOf(tracker, file)))).toEqual([
      'COMPLETED',
      'PENDING',
      'PENDING',
      'PENDING',
    ]);
  });

  check('setting the status SOURCE_DELETED has the same effect as vanish', async ({ tracker }) => {
    await resolve(tracker, 'm1', [original('m1')]);
    await tracker.setMediumStatus('m1', 'SOURCE_DELETED', 'gone');
    expect(await statusOf(tracker, original('m1'))).toBe('SOURCE_DELETED');
    await resolve(tracker, 'm1', [original('m1')]);
    expect(await statusOf(tracker, original('m1'))).toBe('PENDING');
  });

  check('retry gives FAILED and QUARANTINED ones a fresh start and counts them', async ({ tracker }) => {
    const [failed, quarantined] = [original('m1', { itemNumber: 1 }), original('m1', { itemNumber: 2 })];
    await resolve(tracker, 'm1', [failed, quarantined, original('m1', { itemNumber: 3 })]);
    await tracker.fail(await claimed(tracker, failed), failure);
    await tracker.fail(await claimed(tracker, quarantined), { ...failure, quarantineAfter: 1 });
    await tracker.recordPage([medium('m2'), medium('m3', { ready: false }), medium('m4')], 'r1');
    await tracker.failMedium('m2', { ...failure, quarantineAfter: 1 });
    await tracker.failMedium('m3', failure);
    await tracker.vanish('m4', 'gone');
    expect(await tracker.retry(['m2', 'unknown', 'm4'])).toBe(1);
    expect(await tracker.retry()).toBe(3);
    expect(await tracker.retry()).toBe(0);
    expect(await Promise.all(['m2', 'm3', 'm4'].map((id) => mediumStatus(tracker, id)))).toEqual([
      'LISTED',
      'WAITING',
      'SOURCE_DELETED',
    ]);
    for (const row of await tracker.originals('m1'))
      expect(row).toMatchObject({ status: 'PENDING', failedRuns: 0, errorCode: null, reason: null });
  });

  check('only an archived original can be marked, and only a marked one can be claimed again', async ({ tracker }) => {
    const file = original('m1');
    await resolve(tracker, 'm1', [file]);
    await tracker.setMark(idOf(file), 'MISSING');
    expect((await tracker.originals('m1'))[0]?.mark).toBeNull();
    await tracker.complete(await claimed(tracker, file), whole);
    expect(await tracker.claim(idOf(file), 'worker', 60_000)).toBeUndefined();
    await tracker.setMark(idOf(file), 'DAMAGED');
    await tracker.setMark(idOf(file), null);
    expect((await tracker.originals('m1'))[0]?.mark).toBeNull();
    await tracker.setMark(idOf(file), 'MISSING');
    const [before] = await tracker.originals('m1');
    const claim = await claimed(tracker, file);
    expect(await tracker.claim(idOf(file), 'another worker', 60_000)).toBeUndefined();
    expect((await tracker.originals('m1'))[0]).toEqual({ ...before, owner: claim.owner, attempt: claim.attempt });
    await tracker.release(claim);
    expect(await tracker.fail(await claimed(tracker, file), { ...failure, quarantineAfter: 1 })).toBe('COMPLETED');
    expect((await tracker.originals('m1'))[0]).toMatchObject({
      status: 'COMPLETED',
      statusSince: before?.statusSince,
      mark: 'MISSING',
      failedRuns: 1,
      errorCode: failure.code,
      failedAt: expect.any(String),
    });
    const again = await claimed(tracker, file);
    await tracker.saveUpload(again, upload);
    await tracker.recordIntent(again, whole);
    expect(await tracker.uploads()).toEqual([upload.id]);
    expect((await tracker.intents()).map(({ id, status, mark }) => [id, status, mark])).toEqual([
      [idOf(file), 'COMPLETED', 'MISSING'],
    ]);
    await tracker.complete(again, whole);
    expect((await tracker.originals('m1'))[0]).toMatchObject({ status: 'COMPLETED', mark: null, failedRuns: 0, reason: null });
    expect([await tracker.intents(), await tracker.uploads()]).toEqual([[], []]);
  });

  check('setting a validator changes nothing else', async ({ tracker }) => {
    await archive(tracker, 'm1');
    await tracker.setValidator(idOf(original('m1')), { etag: '"new"', lastModified: null });
    expect((await tracker.originals('m1'))[0]).toMatchObject({
      status: 'COMPLETED',
      sizeBytes: whole.sizeBytes,
      validator: { etag: '"new"', lastModified: null },
    });
  });
}
