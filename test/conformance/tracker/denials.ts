import { expect } from 'vitest';
import type { Tracker } from '../../../src/tracker/tracker.ts';
import { medium, original } from '../../support/builders.ts';
import { collect } from '../../support/collect.ts';
import { archive, claimed, failure, idOf, openIds, resolve, usual, whole, type Check } from './fixtures.ts';

/** Returns what is wrong. A filter that accepts all media must give the same counts. */
async function problems(tracker: Tracker) {
  const all = await tracker.tally(usual);
  expect(await tracker.tally(usual, () => true)).toEqual(all);
  const { originals, media, marked, lost, accepted } = all;
  const failed = originals.FAILED + media.FAILED;
  const quarantined = originals.QUARANTINED + media.QUARANTINED;
  return { marked, lost, accepted, quarantined, failed, deleted: originals.SOURCE_DELETED + media.SOURCE_DELETED };
}

const nothing = { marked: 0, lost: 0, accepted: 0, quarantined: 0, failed: 0, deleted: 0 };

/** Each run lists the medium, and its `get` answers 404. */
async function deny(tracker: Tracker, run: number): Promise<void> {
  await tracker.beginRun(`r${run}`, 'sync');
  await tracker.recordPage([medium('m1')], `r${run}`);
  await tracker.vanish('m1', 'it answers 404', 3);
}

export function denialTests(check: Check): void {
  check('a missing file whose medium is listed but always denied is LOST, and counts once', async ({ tracker }) => {
    const file = original('m1');
    await archive(tracker, 'm1');
    await tracker.setMark(idOf(file), 'MISSING');
    for (let run = 1; run <= 4; run += 1) {
      await deny(tracker, run);
      expect(await problems(tracker)).toEqual({ ...nothing, lost: 1 });
      expect((await collect(tracker.rows(['LOST']))).flatMap(({ originals }) => originals)).toMatchObject([{ lost: true }]);
    }
    expect(await tracker.medium('m1')).toMatchObject({ status: 'QUARANTINED' });
    expect(await tracker.accept(['m1'])).toEqual({ accepted: 2, refused: [] });
    expect(await problems(tracker)).toEqual({ ...nothing, accepted: 1 });
    await tracker.setMark(idOf(file), null);
    expect(await problems(tracker)).toEqual({ ...nothing, accepted: 1 });
    await tracker.retry(['m1']);
    expect(await problems(tracker)).toEqual(nothing);
  });

  check('accepting the key of a missing file is enough, and holds when its medium becomes QUARANTINED', async ({ tracker }) => {
    const file = original('m1');
    await archive(tracker, 'm1');
    await tracker.setMark(idOf(file), 'MISSING');
    for (const run of [1, 2]) await deny(tracker, run);
    expect(await tracker.accept([file.key])).toEqual({ accepted: 1, refused: [] });
    for (const run of [3, 4, 5]) {
      expect(await problems(tracker)).toEqual({ ...nothing, accepted: 1 });
      await deny(tracker, run);
    }
    expect(await tracker.medium('m1')).toMatchObject({ status: 'QUARANTINED' });
    expect(await problems(tracker)).toEqual({ ...nothing, accepted: 1 });
  });

  check('the originals of a QUARANTINED medium can be accepted with the medium, or each alone', async ({ tracker }) => {
    const [failed, pending, marked] = [1, 2, 3].map((itemNumber) => original('m1', { itemNumber }));
    await archive(tracker, 'm1', [marked!]);
    await tracker.setMark(idOf(marked!), 'DAMAGED');
    await resolve(tracker, 'm1', [failed!, pending!]);
    await tracker.fail(await claimed(tracker, failed!), failure);
    await tracker.failMedium('m1', { ...failure, reason: 'it answers 500', quarantineAfter: 1 });
    expect(await problems(tracker)).toEqual({ ...nothing, marked: 1, failed: 1 });
    expect(await tracker.accept([failed!.key])).toEqual({ accepted: 1, refused: [] });
    expect(await problems(tracker)).toEqual({ ...nothing, marked: 1, accepted: 1 });
    expect(await tracker.accept(['m1'])).toEqual({ accepted: 4, refused: [] });
    expect(await problems(tracker)).toEqual({ ...nothing, accepted: 3 });
    expect((await tracker.tally(usual)).originals.PENDING).toBe(0);
    await tracker.retry(['m1']);
    expect(await problems(tracker)).toEqual({ ...nothing, marked: 1 });
  });

  check('a missing file that its medium no longer offers is LOST until it is offered again', async ({ tracker }) => {
    const file = original('m1');
    const notOffered = { ...failure, code: 'NOT_OFFERED', reason: 'not offered' } as const;
    await archive(tracker, 'm1');
    await tracker.setMark(idOf(file), 'MISSING');
    await tracker.fail(await claimed(tracker, file), failure);
    expect(await problems(tracker)).toEqual({ ...nothing, marked: 1 });
    await tracker.fail(await claimed(tracker, file), notOffered);
    expect(await problems(tracker)).toEqual({ ...nothing, lost: 1 });
    expect(await tracker.accept([file.key])).toEqual({ accepted: 1, refused: [] });
    expect(await openIds(tracker)).toEqual(['m1']);
    await tracker.fail(await claimed(tracker, file), notOffered);
    expect(await problems(tracker)).toEqual({ ...nothing, accepted: 1 });
    await tracker.complete(await claimed(tracker, file), whole);
    expect(await problems(tracker)).toEqual(nothing);
  });

  check('an accepted file does not hide that its medium fails for another reason', async ({ tracker }) => {
    await resolve(tracker, 'm1', [original('m1')]);
    await tracker.fail(await claimed(tracker, original('m1')), { ...failure, quarantineAfter: 1 });
    await tracker.accept(['m1']);
    expect(await problems(tracker)).toEqual({ ...nothing, accepted: 1 });
    await tracker.failMedium('m1', { ...failure, reason: 'it answers 500' });
    expect(await problems(tracker)).toEqual({ ...nothing, accepted: 1, failed: 1 });
  });
}
