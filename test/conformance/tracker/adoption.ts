import { expect } from 'vitest';
import { mediumVersion, type Original } from '../../../src/media.ts';
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
  upload,
  usual,
  whole,
  withEdits,
  type Check,
} from './fixtures.ts';
import { collect, each } from '../../support/collect.ts';
import { described, medium, original } from '../../support/builders.ts';

const source = (id: string) => described(original(id));
const edit = (id: string, originalsOfMedium: number) =>
  described(original(id, { role: 'edit' }), { originalsOfMedium, roles: withEdits });

export function adoptionTests(check: Check): void {
  check('a new ledger needs adoption until an adoption is completed', async ({ tracker, archiveId, second }) => {
    expect(tracker.archiveId).toBe(archiveId);
    expect(await tracker.needsAdoption()).toBe(true);
    expect(await tracker.adopt(each([]))).toBe(0);
    expect(await tracker.needsAdoption()).toBe(false);
    expect(await (await second()).needsAdoption()).toBe(false);
  });

  check('an adopted medium with all its originals is RESOLVED for its roles and is not open', async ({ tracker }) => {
    const files = [original('m1', { itemNumber: 1 }), original('m1', { itemNumber: 2 })];
    expect(await tracker.adopt(each(files.map((file) => described(file, { originalsOfMedium: 2 }))))).toBe(2);
    expect(await tracker.medium('m1')).toMatchObject({
      status: 'RESOLVED',
      resolvedRoles: ['source', 'raw'],
      failedRuns: 0,
      goneSince: null,
    });
    expect(await openIds(tracker)).toEqual([]);
    expect(await openIds(tracker, withEdits)).toEqual(['m1']);
    expect((await tracker.originals('m1')).map((row) => [row.status, row.sizeBytes, row.crc32, row.validator.etag])).toEqual([
      ['COMPLETED', 1000, 7, '"v1"'],
      ['COMPLETED', 1000, 7, '"v1"'],
    ]);
  });

  check('an adopted medium has only those fields that the archive’s descriptions hold', async ({ tracker }) => {
    await tracker.adopt(each([described(original('m1'), { originalName: 'a/b.MP4', capturedAt: null })]));
    const unknown = {
      fileExtension: null,
      sizeHintBytes: null,
      createdAt: null,
      updatedAt: null,
      reprocessedAt: null,
      itemCount: null,
      cameraModel: null,
    };
    expect((await tracker.medium('m1'))?.medium).toEqual({
      provider: 'gopro',
      account: 'anna',
      id: 'm1',
      type: '',
      filename: 'a/b.MP4',
      capturedAt: null,
      ready: true,
      readyState: 'ready',
      ...unknown,
    });
  });

  check('an adopted medium without all its originals is LISTED, so that a run resolves it again', async ({ tracker }) => {
    await tracker.adopt(each([described(original('m1'), { originalsOfMedium: 2 })]));
    expect(await mediumStatus(tracker, 'm1')).toBe('LISTED');
    expect(await openIds(tracker)).toEqual(['m1']);
  });

  check('an adopted medium is complete only if it has as many originals as each description says', async ({ tracker }) => {
    await tracker.adopt(each([source('whole'), edit('whole', 2), source('lacking'), edit('lacking', 3)]));
    expect(await tracker.medium('whole')).toMatchObject({ status: 'RESOLVED', resolvedRoles: ['source', 'raw', 'edit'] });
    expect(await tracker.medium('lacking')).toMatchObject({ status: 'LISTED', resolvedRoles: [] });
  });

  check('a later revision does not count as another original of an adopted medium', async ({ tracker }) => {
    const revisions = [original('m1', { revision: 2 }), original('m1')];
    await tracker.adopt(each(revisions.map((file) => described(file, { originalsOfMedium: 2 }))));
    expect(await mediumStatus(tracker, 'm1')).toBe('LISTED');
  });

  check('adoption leaves out files without a description', async ({ tracker }) => {
    const foreign = { key: 'holiday.jpg', sizeBytes: 1, crc32: null, description: undefined, presentBytes: 1 };
    expect(await tracker.adopt(each([foreign, described(original('m1'))]))).toBe(1);
    expect(await tracker.keyTaken('holiday.jpg')).toBe(false);
  });

  check('adopting again changes nothing', async ({ tracker }) => {
    const files = [described(original('m1')), described(original('m2'), { originalsOfMedium: 2 })];
    await tracker.adopt(each(files));
    const before = await collect(tracker.rows());
    expect(await tracker.adopt(each(files))).toBe(0);
    expect(await collect(tracker.rows())).toEqual(before);
  });

  check('an interrupted adoption starts again', async ({ tracker }) => {
    const files = ['m1', 'm1', 'm2'].map((id, index) =>
      described(original(id, { itemNumber: index }), { originalsOfMedium: id === 'm1' ? 2 : 1 }),
    );
    async function* broken() {
      yield* files.slice(0, 1);
      throw new Error('the disk went away');
    }
    await expect(tracker.adopt(broken())).rejects.toThrow('the disk went away');
    expect(await tracker.needsAdoption()).toBe(true);
    await tracker.adopt(each(files));
    expect(await tracker.needsAdoption()).toBe(false);
    expect([await mediumStatus(tracker, 'm1'), await mediumStatus(tracker, 'm2')]).toEqual(['RESOLVED', 'RESOLVED']);
  });

  check('adoption completes known originals that the archive describes, and keeps their medium', async ({ tracker }) => {
    const files = [1, 2, 3, 4].map((itemNumber) => original('m1', { itemNumber }));
    const failed = files[1]!;
    await resolve(tracker, 'm1', files, usual, 1);
    await tracker.saveUpload(await claimed(tracker, failed), upload);
    await tracker.fail(await claimed(tracker, failed), { ...failure, quarantineAfter: 1 });
    const sizes = [1000, 1000, null, 1];
    const listed = files.map((file, index) => ({ ...described(file), presentBytes: sizes[index]! }));
    expect(await tracker.adopt(each(listed))).toBe(4);
    expect(await tracker.adopt(each(listed))).toBe(0);
    const rows = await tracker.originals('m1');
    expect(rows.map(({ status, mark, sizeBytes }) => [status, mark, sizeBytes])).toEqual([
      ['COMPLETED', null, 1000],
      ['COMPLETED', null, 1000],
      ['COMPLETED', 'MISSING', 1000],
      ['COMPLETED', 'DAMAGED', 1000],
    ]);
    expect(rows.find(({ id }) => id === idOf(failed))).toMatchObject({ upload: null, failedRuns: 0, reason: null });
    expect(await mediumStatus(tracker, 'm1')).toBe('WAITING');
  });

  check('a described file of a medium that was deleted at the source is LOST if it is absent', async ({ tracker }) => {
    const file = original('m1');
    await resolve(tracker, 'm1', [file]);
    await tracker.vanish('m1', 'it answers 404');
    expect(await tracker.adopt(each([{ ...described(file), presentBytes: null }]))).toBe(1);
    const { lost, media, originals } = await tracker.tally(usual);
    expect([lost, media.SOURCE_DELETED, originals.SOURCE_DELETED]).toEqual([1, 0, 0]);
  });

  check('adoption leaves alone an original with a claim, an intent or another key', async ({ tracker }) => {
    const [busy, published, moved] = ['busy', 'published', 'moved'].map((id) => original(id)) as [Original, Original, Original];
    for (const file of [busy, published, moved]) await resolve(tracker, file.mediaId, [file]);
    await claimed(tracker, busy);
    const claim = await claimed(tracker, published);
    await tracker.recordIntent(claim, whole);
    await tracker.release(claim);
    const files = [busy, published, { ...moved, key: 'another key' }];
    expect(await tracker.adopt(each(files.map((file) => described(file))))).toBe(0);
    expect(await statusOf(tracker, busy)).toBe('IN_PROGRESS');
    for (const file of [published, moved]) expect(await statusOf(tracker, file)).toBe('PENDING');
    expect(await tracker.intents()).toMatchObject([{ id: idOf(published) }]);
  });

  check('adoption leaves out a file whose key another original has, and its medium stays open', async ({ tracker }) => {
    await archive(tracker, 'm1');
    const { key } = original('m1');
    expect(await tracker.adopt(each([described(original('m2', { key: key.toUpperCase() }))]))).toBe(0);
    expect(await mediumStatus(tracker, 'm2')).toBe('LISTED');
  });

  check('the first listing after an adoption changes a medium only if the version differs', async ({ tracker }) => {
    const known = mediumVersion(medium('same'));
    await tracker.adopt(
      each([
        described(original('same'), { mediumVersion: known }),
        described(original('unknown'), { mediumVersion: '' }),
        described(original('other'), { mediumVersion: known }),
      ]),
    );
    const other = medium('other', { updatedAt: '2026-02-02T00:00:00Z' });
    expect(await tracker.recordPage([medium('same'), medium('unknown'), other], 'r1')).toEqual({
      added: 0,
      changed: 1,
      unchanged: 2,
    });
    expect(await openIds(tracker)).toEqual(['other']);
    expect((await tracker.medium('unknown'))?.medium).toEqual(medium('unknown'));
    expect(await tracker.recordPage([medium('unknown', { itemCount: 2 })], 'r2')).toEqual({ added: 0, changed: 1, unchanged: 0 });
  });

  check('an adopted medium that no listing shows is gone, and its files stay COMPLETED', async ({ tracker }) => {
    await tracker.adopt(each([described(original('m1'))]));
    expect(await listAll(tracker, 'r1', [])).toBe(1);
    expect(await statusOf(tracker, original('m1'))).toBe('COMPLETED');
    expect((await tracker.tally(usual)).mediaComplete).toBe(1);
    expect((await tracker.originals('m1'))[0]?.id).toBe(idOf(original('m1')));
  });
}
