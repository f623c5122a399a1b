import { expect, onTestFinished, test } from 'vitest';
import { archive, claimed, dayMs, failure, idOf, resolve, usual, whole } from '../../../../test/conformance/tracker/fixtures.ts';
import { medium, original } from '../../../../test/support/builders.ts';
import { manualClock } from '../../../../test/support/manual-clock.ts';
import type { Original, Proof } from '../../../media.ts';
import { openSqliteTracker } from '../../../tracker/sqlite/index.ts';
import { inOrder, noResults, readResults } from './results.ts';

const runStartedAt = '2026-11-21T03:15:00.000Z';
const at = (name: string, since: string) => ({ name, since, reason: 'why' });

test('problems of this run come before older problems, and each group is in the order of time', () => {
  const old = at('old', '2026-11-01T00:00:00.000Z');
  const older = at('older', '2026-10-01T00:00:00.000Z');
  const first = at('first', runStartedAt);
  const second = [at('a', '2026-11-21T04:00:00.000Z'), at('b', '2026-11-21T04:00:00.000Z')];
  expect(inOrder([old, second[1]!, older, second[0]!, first], runStartedAt)).toEqual([first, ...second, older, old]);
});

/** Opens a tracker with a clock, and returns a function that reads the results of the run. */
async function openLedger() {
  const clock = manualClock('2026-11-20T00:00:00.000Z');
  const tracker = await openSqliteTracker({ path: '', archiveId: 'a', clock, onWarning: () => {} });
  onTestFinished(() => tracker.close());
  const results = async () => readResults(tracker, { roles: usual, runStartedAt, nowMs: clock.now() });
  return { clock, tracker, results };
}

test('a run archived the files that it stored, repaired files included, and no others', async () => {
  const { clock, tracker, results } = await openLedger();
  const [old, repaired, early] = ['old', 'repaired', 'early'].map((id) => original(id)) as [Original, Original, Original];
  await archive(tracker, 'old', [old]);
  await archive(tracker, 'repaired', [repaired]);
  await tracker.setMark(idOf(repaired), 'MISSING');
  // The clock of another computer was a day ahead when it archived this file.
  clock.advance(2 * dayMs);
  await archive(tracker, 'early', [early]);
  clock.advance(Date.parse(runStartedAt) + 1_000 - clock.now());
  expect(await results()).toMatchObject({ archivedFiles: 0, archivedBytes: 0 });
  await tracker.complete(await claimed(tracker, repaired), whole);
  await archive(tracker, 'new', [original('new')]);
  expect(await results()).toEqual({ ...noResults, archivedFiles: 2, archivedBytes: 2 * whole.sizeBytes });
});

test('a run counts the files that it proved, and names the files that it disputes until a person accepts them', async () => {
  const { clock, tracker, results } = await openLedger();
  const archiveWith = async (id: string, proof: Proof) => {
    await resolve(tracker, id, [original(id)]);
    const evidence = { claim: `s3-etag:${'ab'.repeat(16)}`, proof, claimPartBytes: null };
    await tracker.complete(await claimed(tracker, original(id)), { ...whole, evidence });
  };
  await archiveWith('earlier', 'disputed');
  clock.advance(Date.parse(runStartedAt) + 1_000 - clock.now());
  await archiveWith('sound', 'proven');
  await archiveWith('wrong', 'disputed');
  const { problems, ...counts } = await results();
  expect(counts).toEqual({ archivedFiles: 2, archivedBytes: 2 * whole.sizeBytes, provenFiles: 1, disputedFiles: 1 });
  expect(problems).toMatchObject([{ name: original('wrong').key, reason: expect.stringContaining('checksum') }]);
  await tracker.accept([original('wrong').key]);
  expect(await results()).toMatchObject({ problems: [], disputedFiles: 1 });
});

test('a failed medium is no problem of its own if the loss of its files says what is wrong, also if a person accepted the loss', async () => {
  const { tracker, results } = await openLedger();
  const lost = original('denied');
  await archive(tracker, 'denied', [lost]);
  await tracker.setMark(idOf(lost), 'MISSING');
  // The listing shows the medium, but the provider denies it whenever a run resolves it.
  for (const run of ['r1', 'r2']) {
    await tracker.beginRun(run, 'sync');
    await tracker.recordPage([medium('denied')], run);
    await tracker.vanish('denied', 'it answers 404', 100);
  }
  expect((await tracker.medium('denied'))?.status).toBe('FAILED');
  expect((await results()).problems).toMatchObject([{ name: lost.key, reason: 'lost: the archived file is missing' }]);
  expect(await tracker.accept([lost.key])).toEqual({ accepted: 1, refused: [] });
  expect((await results()).problems).toEqual([]);
  expect(await tracker.tally(usual)).toMatchObject({ media: { FAILED: 0 }, accepted: 1 });
});

test('the problems of a run include missing and damaged files, and lost files until a person accepts them', async () => {
  const { tracker, results } = await openLedger();
  const lost = original('lost');
  await archive(tracker, 'lost', [lost]);
  const damaged = original('damaged');
  await archive(tracker, 'damaged', [damaged]);
  await tracker.setMark(idOf(lost), 'MISSING');
  await tracker.recordPage([medium('damaged')], 'r2');
  await tracker.finishListing({ account: medium('damaged').account, runId: 'r2', complete: true, listed: 1 });
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
