import { expect } from 'vitest';
import type { Tracker } from '../../../src/tracker/tracker.ts';
import { described, medium, original } from '../../support/builders.ts';
import { collect, each } from '../../support/collect.ts';
import {
  archive,
  claimed,
  failure,
  idOf,
  listAll,
  mediumStatus,
  openIds,
  resolve,
  statusOf,
  usual,
  whole,
  type Check,
} from './fixtures.ts';

async function markOf(tracker: Tracker, file: ReturnType<typeof original>) {
  return (await tracker.originals(file.mediaId)).find(({ id }) => id === idOf(file))?.mark;
}

/** Returns the counts of a tally. A filter that accepts all media must give the same counts. */
async function counted(tracker: Tracker) {
  const all = await tracker.tally(usual);
  expect(await tracker.tally(usual, () => true)).toEqual(all);
  const { originals, media, marked, lost, accepted } = all;
  const failed = originals.FAILED + media.FAILED;
  const quarantined = originals.QUARANTINED + media.QUARANTINED;
  return { archived: originals.COMPLETED, marked, lost, accepted, quarantined, failed };
}

const nothing = { archived: 0, marked: 0, lost: 0, accepted: 0, quarantined: 0, failed: 0 };

async function quarantine(tracker: Tracker, mediaId: string): Promise<void> {
  await resolve(tracker, mediaId, [original(mediaId)]);
  await tracker.fail(await claimed(tracker, original(mediaId)), { ...failure, quarantineAfter: 1 });
}

/** Describes one archived file of a medium that has three files. */
function lacking(id: string) {
  return described(original(id), { originalsOfMedium: 3 });
}

function threeFiles(id: string) {
  return [original(id), ...[2, 3].map((itemNumber) => original(id, { itemNumber }))];
}

async function selected(tracker: Tracker, selection: 'LOST' | 'ACCEPTED' | 'SUPERSEDED' | 'DAMAGED') {
  const rows = await collect(tracker.rows([selection]));
  return rows.map(({ tracked, originals }) => [tracked.medium.id, originals.map(({ id }) => id)] as const);
}

export function evidenceTests(check: Check): void {
  check('a later revision supersedes a DAMAGED one, but never a MISSING one', async ({ tracker }) => {
    const [first, second] = [original('m1'), original('m1', { revision: 2 })];
    await archive(tracker, 'm1');
    expect(await tracker.setMark(idOf(first), 'DAMAGED')).toBe('DAMAGED');
    await resolve(tracker, 'm1', [first, second]);
    expect(await markOf(tracker, first)).toBe('DAMAGED');
    await tracker.complete(await claimed(tracker, second), whole);
    expect(await markOf(tracker, first)).toBe('SUPERSEDED');
    expect(await counted(tracker)).toEqual({ ...nothing, archived: 2 });
    expect(await selected(tracker, 'SUPERSEDED')).toEqual([['m1', [idOf(first)]]]);
    expect(await tracker.setMark(idOf(first), 'DAMAGED')).toBe('SUPERSEDED');
    expect(await tracker.claim(idOf(first), 'worker', 1000)).toBeUndefined();
    expect(await tracker.setMark(idOf(first), 'MISSING')).toBe('MISSING');
    expect(await counted(tracker)).toEqual({ ...nothing, archived: 1, lost: 1 });
  });

  check('a later revision with other content makes a DAMAGED file LOST, because it was the only copy', async ({ tracker }) => {
    for (const [id, content] of Object.entries({ m1: { crc32: 1 }, m2: { sizeBytes: 999 } })) {
      const [first, second] = [original(id), original(id, { revision: 2 })];
      await archive(tracker, id);
      await tracker.setMark(idOf(first), 'DAMAGED');
      await resolve(tracker, id, [first, second]);
      await tracker.complete(await claimed(tracker, second), { ...whole, ...content });
      expect(await markOf(tracker, first)).toBe('DAMAGED');
      expect(await tracker.setMark(idOf(first), 'DAMAGED')).toBe('DAMAGED');
    }
    expect(await counted(tracker)).toEqual({ ...nothing, archived: 2, lost: 2 });
    expect(await tracker.accept([original('m1').key, 'm2'])).toEqual({ accepted: 2, refused: [] });
    expect(await counted(tracker)).toEqual({ ...nothing, archived: 2, accepted: 2 });
  });

  check('a DAMAGED file whose next revision failed counts once', async ({ tracker }) => {
    const [first, second] = [original('m1'), original('m1', { revision: 2 })];
    await archive(tracker, 'm1');
    await tracker.setMark(idOf(first), 'DAMAGED');
    await resolve(tracker, 'm1', [first, second]);
    await tracker.fail(await claimed(tracker, second), failure);
    expect(await counted(tracker)).toEqual({ ...nothing, archived: 1, failed: 1 });
    await tracker.vanish('m1', 'it answers 404');
    expect(await counted(tracker)).toEqual({ ...nothing, lost: 1 });
  });

  check('a marked file is LOST as soon as its medium is gone, and counts once', async ({ tracker }) => {
    for (const id of ['listed', 'denied', 'unlisted', 'sound']) await archive(tracker, id);
    for (const id of ['listed', 'denied', 'unlisted']) await tracker.setMark(idOf(original(id)), 'MISSING');
    expect(await counted(tracker)).toEqual({ ...nothing, archived: 4, marked: 3 });
    await tracker.vanish('denied', 'it answers 404');
    await listAll(tracker, 'r2', [medium('listed'), medium('denied')]);
    expect(await openIds(tracker)).toEqual(['denied', 'listed']);
    await tracker.vanish('denied', 'it answers 404');
    await listAll(tracker, 'r3', [medium('listed')]);
    expect(await openIds(tracker)).toEqual(['listed']);
    expect(await counted(tracker)).toEqual({ ...nothing, archived: 2, marked: 1, lost: 2 });
    const lost = await selected(tracker, 'LOST');
    expect(new Set(lost.map(([id]) => id))).toEqual(new Set(['denied', 'unlisted']));
    await tracker.setMark(idOf(original('denied')), null);
    expect(await counted(tracker)).toEqual({ ...nothing, archived: 3, marked: 1, lost: 1 });
  });

  check('an accepted LOST file counts as accepted until it is lost in another way', async ({ tracker }) => {
    const file = original('m1');
    await archive(tracker, 'm1');
    await tracker.setMark(idOf(file), 'DAMAGED');
    expect(await tracker.accept([file.key])).toEqual({ accepted: 0, refused: [file.key] });
    await listAll(tracker, 'r2', []);
    expect(await tracker.accept([file.key])).toEqual({ accepted: 1, refused: [] });
    expect(await counted(tracker)).toEqual({ ...nothing, accepted: 1 });
    const [row] = (await collect(tracker.rows(['ACCEPTED'])))[0]!.originals;
    expect(row).toMatchObject({ lost: true, acceptedAt: expect.any(String), acceptedReason: expect.stringContaining('damaged') });
    await tracker.setMark(idOf(file), 'DAMAGED');
    expect(await counted(tracker)).toEqual({ ...nothing, accepted: 1 });
    await tracker.setMark(idOf(file), 'MISSING');
    expect(await counted(tracker)).toEqual({ ...nothing, lost: 1 });
    expect(await selected(tracker, 'ACCEPTED')).toEqual([]);
    await tracker.accept([file.key]);
    expect(await tracker.retry(['m1'])).toBe(1);
    expect(await counted(tracker)).toEqual({ ...nothing, lost: 1 });
    await tracker.accept(['m1']);
    await tracker.recordPage([medium('m1')], 'r3');
    expect(await counted(tracker)).toEqual({ ...nothing, archived: 1, marked: 1 });
    await listAll(tracker, 'r4', []);
    expect(await counted(tracker)).toEqual({ ...nothing, lost: 1 });
  });

  check('QUARANTINED originals and media can be accepted, and `retry` undoes that', async ({ tracker }) => {
    await quarantine(tracker, 'file');
    await tracker.recordPage([medium('medium')], 'r1');
    await tracker.failMedium('medium', { ...failure, quarantineAfter: 1 });
    expect(await counted(tracker)).toEqual({ ...nothing, quarantined: 2 });
    expect(await tracker.accept(['file', 'medium'])).toEqual({ accepted: 2, refused: [] });
    expect(await counted(tracker)).toEqual({ ...nothing, accepted: 2 });
    expect(await tracker.medium('medium')).toMatchObject({ acceptedReason: failure.reason, status: 'QUARANTINED' });
    expect(await statusOf(tracker, original('file'))).toBe('QUARANTINED');
    expect(await tracker.retry()).toBe(2);
    expect(await counted(tracker)).toEqual(nothing);
    await tracker.fail(await claimed(tracker, original('file')), { ...failure, quarantineAfter: 1 });
    expect(await counted(tracker)).toEqual({ ...nothing, quarantined: 1 });
  });

  check('if one name has nothing to accept, nothing is accepted', async ({ tracker }) => {
    await quarantine(tracker, 'broken');
    await archive(tracker, 'sound');
    const names = ['broken', 'sound', 'unknown', original('sound').key];
    const refused = ['sound', 'unknown', original('sound').key];
    expect(await tracker.accept(names)).toEqual({ accepted: 0, refused });
    expect(await counted(tracker)).toEqual({ ...nothing, archived: 1, quarantined: 1 });
  });

  check('a medium that is listed but denied a second time in a row is FAILED, then QUARANTINED', async ({ tracker }) => {
    await tracker.beginRun('r1', 'sync');
    await resolve(tracker, 'm1', [original('m1')]);
    expect(await tracker.vanish('m1', 'it answers 404', 3)).toBe('SOURCE_DELETED');
    expect(await tracker.vanish('m1', 'it answers 404', 3)).toBe('SOURCE_DELETED');
    for (const [index, status] of (['FAILED', 'FAILED', 'QUARANTINED'] as const).entries()) {
      const runId = `r${index + 2}`;
      await tracker.beginRun(runId, 'sync');
      await tracker.recordPage([medium('m1')], runId);
      expect(await openIds(tracker)).toEqual(['m1']);
      expect(await tracker.vanish('m1', 'it answers 404', 3)).toBe(status);
      expect((await tracker.medium('m1'))?.reason).toContain('it answers 404');
    }
    expect(await counted(tracker)).toEqual({ ...nothing, quarantined: 1 });
  });

  check(
    'a run that only counts the denial of a listed medium changes no status, and the next denial fails it',
    async ({ tracker }) => {
      await tracker.beginRun('r1', 'sync');
      await resolve(tracker, 'm1', [original('m1')]);
      await tracker.countDenial('m1');
      expect(await tracker.vanish('m1', 'it answers 404')).toBe('RESOLVED');
      expect(await tracker.medium('m1')).toMatchObject({ status: 'RESOLVED', denials: 1, failedRuns: 0 });
      await tracker.beginRun('r2', 'sync');
      await tracker.countDenial('m1');
      expect(await tracker.vanish('m1', 'it answers 404')).toBe('FAILED');
      expect(await tracker.medium('m1')).toMatchObject({ denials: 2, failedRuns: 1 });
    },
  );

  check('a successful resolve, or a listing without the medium, ends the row of denials', async ({ tracker }) => {
    await tracker.beginRun('r1', 'sync');
    for (const id of ['found', 'gone']) await tracker.recordPage([medium(id)], 'r1');
    for (const id of ['found', 'gone']) await tracker.vanish(id, 'it answers 404');
    await tracker.beginRun('r2', 'sync');
    await listAll(tracker, 'r2', [medium('found')]);
    await resolve(tracker, 'found', [original('found')]);
    expect(await tracker.vanish('found', 'it answers 404')).toBe('SOURCE_DELETED');
    await tracker.recordPage([medium('gone')], 'r3');
    expect(await tracker.vanish('gone', 'it answers 404')).toBe('SOURCE_DELETED');
  });

  check('adoption marks absent files as MISSING and files of another size as DAMAGED', async ({ tracker }) => {
    const files = [1, 2, 3].map((itemNumber) => original('m1', { itemNumber }));
    const sizes = [1000, null, 999];
    const listed = files.map((file, index) => ({
      ...described(file, { originalsOfMedium: 3 }),
      presentBytes: sizes[index]!,
    }));
    expect(await tracker.adopt(each(listed))).toBe(3);
    const found = await tracker.originals('m1');
    expect(found.map(({ status, mark, sizeBytes }) => [status, mark, sizeBytes])).toEqual([
      ['COMPLETED', null, 1000],
      ['COMPLETED', 'MISSING', 1000],
      ['COMPLETED', 'DAMAGED', 1000],
    ]);
    expect([await mediumStatus(tracker, 'm1'), await openIds(tracker)]).toEqual(['RESOLVED', ['m1']]);
  });

  check('what an adopted medium lacks is lost if the medium is gone, unless it was never archived', async ({ tracker }) => {
    await tracker.adopt(each([lacking('m1'), lacking('m2')]), { forgetsAbsentFiles: true });
    await tracker.adopt(each([lacking('m3')]), { forgetsAbsentFiles: false });
    expect(await tracker.medium('m1')).toMatchObject({ status: 'LISTED', absentOriginals: 2 });
    expect(await tracker.medium('m3')).toMatchObject({ status: 'LISTED', absentOriginals: 0 });
    expect(await counted(tracker)).toEqual({ ...nothing, archived: 3 });
    await listAll(tracker, 'r1', [medium('m2')]);
    expect(await counted(tracker)).toEqual({ ...nothing, archived: 3, lost: 2 });
    expect(await selected(tracker, 'LOST')).toEqual([['m1', []]]);
    expect(await tracker.accept(['m1'])).toEqual({ accepted: 1, refused: [] });
    expect(await counted(tracker)).toEqual({ ...nothing, archived: 3, accepted: 2 });
    expect(await tracker.retry()).toBe(1);
    expect(await counted(tracker)).toEqual({ ...nothing, archived: 3, lost: 2 });
  });

  check('a file that an adopted medium lacks is lost if a resolve shows it but no run can fetch it', async ({ tracker }) => {
    await tracker.adopt(each([lacking('m1'), lacking('m2'), lacking('m3')]), { forgetsAbsentFiles: true });
    for (const id of ['m1', 'm2']) {
      await resolve(tracker, id, threeFiles(id));
      expect(await tracker.medium(id)).toMatchObject({ status: 'RESOLVED', absentOriginals: 0 });
      await tracker.complete(await claimed(tracker, threeFiles(id)[2]!), whole);
    }
    await tracker.complete(await claimed(tracker, threeFiles('m1')[1]!), whole);
    await tracker.fail(await claimed(tracker, threeFiles('m2')[1]!), failure);
    await resolve(tracker, 'm3', threeFiles('m3').slice(0, 2));
    await tracker.complete(await claimed(tracker, threeFiles('m3')[1]!), whole);
    expect(await tracker.medium('m3')).toMatchObject({ absentOriginals: 1 });
    expect(await counted(tracker)).toEqual({ ...nothing, archived: 7, failed: 1 });
    await listAll(tracker, 'r1', []);
    expect(await counted(tracker)).toEqual({ ...nothing, archived: 7, lost: 2 });
    expect((await tracker.tally(usual)).originals.SOURCE_DELETED).toBe(0);
    expect(new Map(await selected(tracker, 'LOST'))).toEqual(
      new Map([
        ['m2', [idOf(threeFiles('m2')[1]!)]],
        ['m3', []],
      ]),
    );
    expect(await tracker.accept([threeFiles('m2')[1]!.key, 'm3'])).toEqual({ accepted: 2, refused: [] });
    expect(await counted(tracker)).toEqual({ ...nothing, archived: 7, accepted: 2 });
    await tracker.recordPage([medium('m2')], 'r2');
    await resolve(tracker, 'm2', threeFiles('m2'));
    await tracker.complete(await claimed(tracker, threeFiles('m2')[1]!), whole);
    expect(await counted(tracker)).toEqual({ ...nothing, archived: 8, accepted: 1 });
  });

  check('a new run frees a repair that a killed run left claimed', async ({ tracker }) => {
    const file = original('m1');
    await archive(tracker, 'm1');
    await tracker.setMark(idOf(file), 'MISSING');
    await claimed(tracker, file, 'killed');
    await tracker.beginRun('next', 'sync');
    expect(await tracker.claim(idOf(file), 'next', 60_000)).toBeDefined();
  });
}
