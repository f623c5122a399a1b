import { expect } from 'vitest';
import type { Role, Tally } from '../../../src/media.ts';
import type { Tracker } from '../../../src/tracker/tracker.ts';
import { archive, claimed, failure, idOf, listAll, resolve, usual, whole, withEdits, type Check } from './fixtures.ts';
import { medium, original } from '../../support/builders.ts';

const none = {
  media: { LISTED: 0, WAITING: 0, RESOLVED: 0, FAILED: 0, QUARANTINED: 0, SOURCE_DELETED: 0 },
  mediaComplete: 0,
  originals: { PENDING: 0, IN_PROGRESS: 0, COMPLETED: 0, FAILED: 0, QUARANTINED: 0, SOURCE_DELETED: 0 },
  archivedBytes: 0,
  waiting: 0,
  unsound: 0,
  marked: 0,
  lost: 0,
  accepted: 0,
};

/** Leaves out the numbers that the tests of proofs test. */
function countsOf(tally: Tally): Partial<Tally> {
  return Object.fromEntries(Object.entries(tally).filter(([name]) => name in none));
}

type Expected = { [Name in keyof Tally]?: Tally[Name] extends number ? number : Partial<Tally[Name]> };

/**
 * Expects these counts, and zero for every other count. A filter that accepts all media must give
 * the same counts.
 */
async function expectTally(tracker: Tracker, expected: Expected, roles: readonly Role[] = usual): Promise<void> {
  const all = {
    ...none,
    ...expected,
    media: { ...none.media, ...expected.media },
    originals: { ...none.originals, ...expected.originals },
  };
  const found = await tracker.tally(roles);
  expect(countsOf(found)).toEqual(all);
  expect(await tracker.tally(roles, () => true)).toEqual(found);
  expect(countsOf(await tracker.tally(roles, () => false))).toEqual(none);
}

export function tallyTests(check: Check): void {
  check('the tally of an empty ledger counts nothing', async ({ tracker }) => expectTally(tracker, {}));

  check('the tally counts each medium and each original once', async ({ tracker }) => {
    await archive(tracker, 'done', [original('done', { itemNumber: 1 }), original('done', { itemNumber: 2 })]);
    const files = [1, 2, 3, 4].map((itemNumber) => original('mixed', { itemNumber }));
    await resolve(tracker, 'mixed', files);
    await tracker.complete(await claimed(tracker, files[0]!), whole);
    await tracker.fail(await claimed(tracker, files[1]!), failure);
    await claimed(tracker, files[2]!);
    await tracker.recordPage([medium('listed'), medium('failed')], 'r1');
    await tracker.failMedium('failed', failure);
    await expectTally(tracker, {
      media: { RESOLVED: 2, LISTED: 1, FAILED: 1 },
      mediaComplete: 1,
      originals: { COMPLETED: 3, FAILED: 1, IN_PROGRESS: 1, PENDING: 1 },
      archivedBytes: 3000,
    });
  });

  check('the tally counts only the media that the caller chooses', async ({ tracker }) => {
    for (const id of ['m1', 'm2', 'm3']) await archive(tracker, id);
    await resolve(tracker, 'm4', [original('m4')], usual, 3);
    const found = await tracker.tally(usual, (found) => found.id > 'm2');
    expect(countsOf(found)).toEqual({
      ...none,
      media: { ...none.media, RESOLVED: 1, WAITING: 1 },
      mediaComplete: 1,
      originals: { ...none.originals, COMPLETED: 1, PENDING: 1 },
      archivedBytes: 1000,
      waiting: 3,
    });
  });

  check('a WAITING medium counts as many originals as its resolve did not offer, or else as one', async ({ tracker }) => {
    await tracker.recordPage([medium('unready', { ready: false })], 'r1');
    await resolve(tracker, 'known', [original('known')], usual, 4);
    await expectTally(tracker, { media: { WAITING: 2 }, originals: { PENDING: 1 }, waiting: 5 });
  });

  check('originals in unrequested roles do not count, and neither do media without further originals', async ({ tracker }) => {
    const edit = original('m1', { role: 'edit' });
    await resolve(tracker, 'm1', [original('m1'), edit], withEdits);
    await tracker.complete(await claimed(tracker, original('m1')), whole);
    await resolve(tracker, 'only edits', [original('only edits', { role: 'edit' })], withEdits);
    await resolve(tracker, 'nothing', []);
    await expectTally(tracker, { media: { RESOLVED: 1 }, mediaComplete: 1, originals: { COMPLETED: 1 }, archivedBytes: 1000 });
    const edits = { media: { RESOLVED: 3 }, originals: { COMPLETED: 1, PENDING: 2 }, archivedBytes: 1000 };
    await expectTally(tracker, edits, withEdits);
  });

  check('a medium that was not resolved for all requested roles is not complete', async ({ tracker }) => {
    await archive(tracker, 'm1');
    await expectTally(tracker, { media: { RESOLVED: 1 }, originals: { COMPLETED: 1 }, archivedBytes: 1000 }, withEdits);
  });

  check('a superseded revision counts only as an archived file', async ({ tracker }) => {
    const [first, second] = [original('m1'), original('m1', { revision: 2 })];
    await archive(tracker, 'm1');
    await resolve(tracker, 'm1', [first, second]);
    await expectTally(tracker, { media: { RESOLVED: 1 }, originals: { COMPLETED: 1, PENDING: 1 }, archivedBytes: 1000 });
    await tracker.complete(await claimed(tracker, second), whole);
    await expectTally(tracker, { media: { RESOLVED: 1 }, mediaComplete: 1, originals: { COMPLETED: 2 }, archivedBytes: 2000 });
    await resolve(tracker, 'm2', [original('m2'), original('m2', { revision: 2 })]);
    await tracker.complete(await claimed(tracker, original('m2', { revision: 2 })), whole);
    await expectTally(tracker, { media: { RESOLVED: 2 }, mediaComplete: 2, originals: { COMPLETED: 3 }, archivedBytes: 3000 });
  });

  check('a medium with a marked file is incomplete, except if a DAMAGED file has a later revision', async ({ tracker }) => {
    const [first, second] = [original('m1'), original('m1', { revision: 2 })];
    await archive(tracker, 'm1');
    await tracker.setMark(idOf(first), 'DAMAGED');
    await expectTally(tracker, { media: { RESOLVED: 1 }, originals: { COMPLETED: 1 }, unsound: 1, marked: 1 });
    await resolve(tracker, 'm1', [first, second]);
    await expectTally(tracker, { media: { RESOLVED: 1 }, originals: { COMPLETED: 1, PENDING: 1 }, unsound: 1, marked: 1 });
    await tracker.complete(await claimed(tracker, second), whole);
    const complete = { media: { RESOLVED: 1 }, mediaComplete: 1, archivedBytes: 1000 };
    await expectTally(tracker, { ...complete, originals: { COMPLETED: 2 }, unsound: 1 });
    await tracker.setMark(idOf(first), 'MISSING');
    await expectTally(tracker, { media: { RESOLVED: 1 }, originals: { COMPLETED: 1 }, archivedBytes: 1000, lost: 1 });
  });

  check('gone media are complete if all their originals are archived', async ({ tracker }) => {
    await archive(tracker, 'm1');
    await listAll(tracker, 'r1', []);
    await expectTally(
      tracker,
      { media: { RESOLVED: 1 }, mediaComplete: 1, originals: { COMPLETED: 1 }, archivedBytes: 1000 },
      withEdits,
    );
  });

  check('a failure or deletion is counted either for the medium or for its originals, never for both', async ({ tracker }) => {
    await resolve(tracker, 'vanished', [original('vanished', { itemNumber: 1 }), original('vanished', { itemNumber: 2 })]);
    await tracker.recordPage([medium('never resolved')], 'r1');
    for (const id of ['vanished', 'never resolved']) await tracker.vanish(id, 'it answers 404');
    await resolve(tracker, 'failed', [original('failed')]);
    await tracker.fail(await claimed(tracker, original('failed')), failure);
    await tracker.failMedium('failed', failure);
    await expectTally(tracker, { media: { RESOLVED: 2, SOURCE_DELETED: 1 }, originals: { SOURCE_DELETED: 2, FAILED: 1 } });
  });
}
