import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { archive, claimed, failure, idOf, usual } from '../../../../test/conformance/tracker/fixtures.ts';
import { medium, original } from '../../../../test/support/builders.ts';
import { manualClock } from '../../../../test/support/manual-clock.ts';
import { openSqliteTracker } from '../../../tracker/sqlite/index.ts';
import { inOrder, lastBytes, readResults } from './results.ts';

const runStartedAt = '2026-11-21T03:15:00.000Z';
const at = (name: string, since: string) => ({ name, since, reason: 'why' });

test('problems of this run come before older problems, and each group is in the order of time', () => {
  const old = at('old', '2026-11-01T00:00:00.000Z');
  const older = at('older', '2026-10-01T00:00:00.000Z');
  const first = at('first', runStartedAt);
  const second = [at('a', '2026-11-21T04:00:00.000Z'), at('b', '2026-11-21T04:00:00.000Z')];
  expect(inOrder([old, second[1]!, older, second[0]!, first], runStartedAt)).toEqual([first, ...second, older, old]);
});

test('the archived bytes count only the most recently completed files, not the files that were adopted before', () => {
  const adopted = fc.record({
    since: fc.constantFrom('2026-11-21T03:15:01.000Z', '2026-11-21T03:15:02.000Z'),
    sizeBytes: fc.nat(),
  });
  const archived = fc.record({
    since: fc.constantFrom('2026-11-21T03:16:00.000Z', '2026-11-21T09:00:00.000Z'),
    sizeBytes: fc.nat(1_000),
  });
  fc.assert(
    fc.property(fc.array(adopted), fc.array(archived), (before, after) => {
      const bytes = after.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
      expect(lastBytes([...after, ...before], after.length)).toBe(bytes);
      expect(lastBytes([...before, ...after], after.length)).toBe(bytes);
    }),
  );
});

test('the problems of a run include missing and damaged files, and lost files until a person accepts them', async () => {
  const clock = manualClock();
  const tracker = await openSqliteTracker({ path: '', archiveId: 'a', clock, onWarning: () => {} });
  onTestFinished(() => tracker.close());
  const lost = original('lost');
  await archive(tracker, 'lost', [lost]);
  const damaged = original('damaged');
  await archive(tracker, 'damaged', [damaged]);
  await tracker.setMark(idOf(lost), 'MISSING');
  await tracker.recordPage([medium('damaged')], 'r2');
  await tracker.finishListing({ account: medium('damaged').account, runId: 'r2', complete: true, listed: 1 });
  const results = async () => readResults(tracker, { roles: usual, runStartedAt, archivedFiles: 0 });
  expect((await results()).problems).toMatchObject([
    { since: expect.any(String), name: lost.key, reason: 'lost: the archived file is missing' },
  ]);
  expect(await tracker.accept(['lost'])).toEqual({ accepted: 1, refused: [] });
  await tracker.setMark(idOf(damaged), 'DAMAGED');
  const claim = await claimed(tracker, damaged);
  await tracker.fail(claim, failure);
  expect((await results()).problems).toMatchObject([
    { name: damaged.key, reason: `the archived file is damaged, and its repair failed: ${failure.reason}` },
  ]);
});
