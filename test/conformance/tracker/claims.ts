import { expect } from 'vitest';
import { noEvidence } from '../../../src/media.ts';
import { archive, claimed, failure, idOf, resolve, statusOf, upload, whole, type Check, type TrackerBed } from './fixtures.ts';
import { original } from '../../support/builders.ts';

const file = original('m1');
const id = idOf(file);
const part = (number: number) => ({ number, sizeBytes: 400, crc32: 0xf0_00_00_00 + number, receipt: `"p${number}"` });

/** Adds a check that begins with one original, which no worker has claimed yet. */
function onOne(check: Check, title: string, prove: (bed: TrackerBed) => Promise<void>): void {
  check(title, async (bed) => {
    await resolve(bed.tracker, 'm1', [file]);
    await prove(bed);
  });
}

export function claimTests(check: Check): void {
  onOne(
    check,
    'a second worker cannot claim an original until the first one’s lease ends',
    async ({ tracker, clock, second }) => {
      const other = await second();
      expect(await tracker.claim(id, 'a', 1000)).toEqual({ id, owner: 'a', attempt: 1 });
      expect(await statusOf(other, file)).toBe('IN_PROGRESS');
      expect(await other.claim(id, 'b', 1000)).toBeUndefined();
      clock.advance(999);
      expect(await other.claim(id, 'b', 1000)).toBeUndefined();
      clock.advance(1);
      expect(await other.claim(id, 'b', 1000)).toEqual({ id, owner: 'b', attempt: 2 });
      expect((await tracker.originals('m1'))[0]?.attempt).toBe(2);
      expect(await tracker.claim('unknown', 'a', 1000)).toBeUndefined();
    },
  );

  onOne(check, 'if many workers claim one original at once, only one succeeds', async ({ tracker, second }) => {
    const other = await second();
    const claims = await Promise.all(
      Array.from({ length: 20 }, (_, index) => (index % 2 ? tracker : other).claim(id, `w${index}`, 1000)),
    );
    expect(claims.filter((claim) => claim !== undefined)).toHaveLength(1);
  });

  onOne(check, 'the owner of a live lease may claim again, which ends the earlier claim', async ({ tracker }) => {
    const first = await claimed(tracker, file, 'a');
    const again = await claimed(tracker, file, 'a');
    expect(again.attempt).toBe(2);
    await expect(tracker.complete(first, whole)).rejects.toMatchObject({ code: 'LEASE_LOST' });
    await tracker.complete(again, whole);
  });

  onOne(check, 'every write of a claim is refused after another claim took over', async ({ tracker, clock }) => {
    const stale = await claimed(tracker, file, 'a');
    clock.advance(60_000);
    const fresh = await claimed(tracker, file, 'b');
    const writes = [
      () => tracker.saveUpload(stale, upload),
      () => tracker.savePart(stale, part(1)),
      () => tracker.recordIntent(stale, whole),
      () => tracker.complete(stale, whole),
      () => tracker.fail(stale, failure),
      () => tracker.release(stale),
      () => tracker.rekey(stale, original('m1', { revision: 2 })),
    ];
    const before = await tracker.originals('m1');
    for (const write of writes) await expect(write()).rejects.toMatchObject({ code: 'LEASE_LOST' });
    expect(await tracker.originals('m1')).toEqual(before);
    await tracker.complete(fresh, whole);
  });

  onOne(check, 'an expired claim can still write until another claim takes over', async ({ tracker, clock }) => {
    const claim = await claimed(tracker, file);
    clock.advance(3_600_000);
    await tracker.complete(claim, whole);
    expect(await statusOf(tracker, file)).toBe('COMPLETED');
  });

  onOne(check, 'each of release, fail and complete ends a claim', async ({ tracker }) => {
    for (const end of [
      (claim: Awaited<ReturnType<typeof claimed>>) => tracker.release(claim),
      (claim: Awaited<ReturnType<typeof claimed>>) => tracker.fail(claim, failure),
      (claim: Awaited<ReturnType<typeof claimed>>) => tracker.complete(claim, whole),
    ]) {
      const claim = await claimed(tracker, file);
      await end(claim);
      await expect(tracker.saveUpload(claim, upload)).rejects.toMatchObject({ code: 'LEASE_LOST' });
    }
    expect(await tracker.claim(id, 'w', 1000)).toBeUndefined();
  });

  onOne(check, 'a released original keeps its upload and parts', async ({ tracker, second }) => {
    const claim = await claimed(tracker, file);
    expect(await tracker.upload(id)).toBeUndefined();
    await tracker.saveUpload(claim, upload);
    await tracker.savePart(claim, part(2));
    await tracker.savePart(claim, part(1));
    await tracker.savePart(claim, { ...part(1), receipt: 'again' });
    await tracker.release(claim);
    expect(await statusOf(tracker, file)).toBe('PENDING');
    const other = await second();
    expect(await other.upload(id)).toEqual({ state: upload, parts: [{ ...part(1), receipt: 'again' }, part(2)] });
    expect((await other.originals('m1'))[0]?.upload).toEqual(upload);
    expect(await other.uploads()).toEqual(['upload-1']);
  });

  onOne(
    check,
    'a new upload replaces the earlier one and its parts, but a new state of the same upload keeps them',
    async ({ tracker }) => {
      const claim = await claimed(tracker, file);
      await tracker.saveUpload(claim, upload);
      await tracker.savePart(claim, part(1));
      await tracker.saveUpload(claim, { ...upload, makesNoClaim: true });
      expect(await tracker.upload(id)).toEqual({ state: { ...upload, makesNoClaim: true }, parts: [part(1)] });
      await tracker.saveUpload(claim, { ...upload, id: 'upload-2', sizeBytes: 5 });
      expect(await tracker.upload(id)).toEqual({ state: { ...upload, id: 'upload-2', sizeBytes: 5 }, parts: [] });
      await tracker.saveUpload(claim, null);
      expect(await tracker.upload(id)).toBeUndefined();
      expect(await tracker.uploads()).toEqual([]);
    },
  );

  onOne(check, 'completing an original clears its upload, parts, claim and failed runs', async ({ tracker, clock }) => {
    await tracker.fail(await claimed(tracker, file), failure);
    const claim = await claimed(tracker, file);
    await tracker.saveUpload(claim, upload);
    await tracker.savePart(claim, part(1));
    await tracker.recordIntent(claim, { ...whole, crc32: 1, validator: { etag: '"earlier"', lastModified: null } });
    clock.advance(5);
    await tracker.complete(claim, whole);
    expect((await tracker.originals('m1'))[0]).toEqual({
      id,
      original: file,
      status: 'COMPLETED',
      mark: null,
      ...whole,
      ...noEvidence,
      mismatch: null,
      checkedAt: new Date(clock.now()).toISOString(),
      upload: null,
      owner: null,
      attempt: 2,
      failedRuns: 0,
      errorCode: null,
      reason: null,
      failedAt: null,
      archivedAt: new Date(clock.now()).toISOString(),
      acceptedAt: null,
      acceptedReason: null,
      statusSince: new Date(clock.now()).toISOString(),
    });
    expect([await tracker.upload(id), await tracker.intents(), await tracker.uploads()]).toEqual([undefined, [], []]);
  });

  onOne(check, 'a failed original keeps its upload and is QUARANTINED at the limit', async ({ tracker }) => {
    const claim = await claimed(tracker, file);
    await tracker.saveUpload(claim, upload);
    await tracker.savePart(claim, part(1));
    expect(await tracker.fail(claim, failure)).toBe('FAILED');
    expect((await tracker.originals('m1'))[0]).toMatchObject({
      failedRuns: 1,
      errorCode: 'STALLED',
      reason: failure.reason,
      upload,
    });
    expect((await tracker.upload(id))?.parts).toHaveLength(1);
    expect(await tracker.fail(await claimed(tracker, file), failure)).toBe('FAILED');
    expect(await tracker.fail(await claimed(tracker, file), failure)).toBe('QUARANTINED');
    expect(await tracker.claim(id, 'w', 1000)).toBeUndefined();
    expect(await tracker.uploads()).toEqual(['upload-1']);
  });

  onOne(check, 'a later process completes an intent without a claim, and may repeat that', async ({ tracker, second }) => {
    await tracker.recordIntent(await claimed(tracker, file), whole);
    const next = await second();
    await next.beginRun('r2', 'sync');
    expect(await next.intents()).toMatchObject([{ id, status: 'PENDING', ...whole, original: { key: file.key } }]);
    await next.completeIntent(id);
    await next.completeIntent(id);
    expect((await next.originals('m1'))[0]).toMatchObject({ status: 'COMPLETED', ...whole });
    expect(await next.intents()).toEqual([]);
  });

  onOne(check, 'an intent may be completed after its medium is gone', async ({ tracker }) => {
    await tracker.recordIntent(await claimed(tracker, file), whole);
    await tracker.vanish('m1', 'gone');
    expect(await tracker.intents()).toHaveLength(1);
    await tracker.completeIntent(id);
    expect(await statusOf(tracker, file)).toBe('COMPLETED');
  });

  onOne(check, 'an original without an intent is not completed', async ({ tracker }) => {
    await expect(tracker.completeIntent(id)).rejects.toThrow();
    expect(await statusOf(tracker, file)).toBe('PENDING');
  });

  onOne(check, 'a claimed original moves to another revision and key', async ({ tracker }) => {
    const claim = await claimed(tracker, file);
    await tracker.saveUpload(claim, upload);
    await tracker.savePart(claim, part(1));
    await tracker.recordIntent(claim, whole);
    const next = original('m1', { revision: 2 });
    const moved = await tracker.rekey(claim, next);
    expect(moved.tracked).toMatchObject({
      id: idOf(next),
      original: next,
      status: 'IN_PROGRESS',
      upload: null,
      sizeBytes: null,
      crc32: null,
    });
    expect([await tracker.upload(idOf(next)), await tracker.intents(), await tracker.keyTaken(file.key)]).toEqual([
      undefined,
      [],
      false,
    ]);
    await expect(tracker.complete(claim, whole)).rejects.toThrow();
    await tracker.complete(moved.claim, whole);
    expect((await tracker.originals('m1')).map((row) => [row.id, row.status])).toEqual([[idOf(next), 'COMPLETED']]);
  });

  onOne(check, 'an original cannot move to a key in use, or become another original', async ({ tracker }) => {
    await archive(tracker, 'm2');
    const claim = await claimed(tracker, file);
    const taken = original('m1', { revision: 2, key: original('m2').key.toUpperCase() });
    await expect(tracker.rekey(claim, taken)).rejects.toMatchObject({ code: 'KEY_TAKEN' });
    await expect(tracker.rekey(claim, original('m1', { revision: 2, itemNumber: 9 }))).rejects.toThrow();
    expect((await tracker.originals('m1'))[0]).toMatchObject({ id, status: 'IN_PROGRESS', original: file });
  });
}
