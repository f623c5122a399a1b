import { expect, onTestFinished, test } from 'vitest';
import { archive, claimed, failure, idOf, resolve, whole } from '../../../test/conformance/tracker/fixtures.ts';
import { medium, original } from '../../../test/support/builders.ts';
import { collect } from '../../../test/support/collect.ts';
import { manualClock } from '../../../test/support/manual-clock.ts';
import { alwaysRoles, type Mark, type Original } from '../../media.ts';
import { openSqliteTracker } from '../../tracker/sqlite/index.ts';
import type { Selection, Tracker } from '../../tracker/tracker.ts';
import { evidenceLines, readEvidence } from './evidence-lines.ts';
import { decisiveWord, isOneOf, listEntries } from './list-entries.ts';

async function newTracker(): Promise<Tracker> {
  const tracker = await openSqliteTracker({ path: '', archiveId: 'a', clock: manualClock(), onWarning: () => {} });
  onTestFinished(() => tracker.close());
  return tracker;
}

async function archiveMarked(tracker: Tracker, file: Original, mark: Mark): Promise<void> {
  await archive(tracker, file.mediaId, [file]);
  await tracker.setMark(idOf(file), mark);
}

/** Records a complete listing of only these media. All other media are then gone from the cloud. */
async function listOnly(tracker: Tracker, ...ids: readonly string[]): Promise<void> {
  const media = ids.map((id) => medium(id));
  await tracker.recordPage(media, 'later');
  await tracker.finishListing({ account: medium('any').account, runId: 'later', complete: true, listed: media.length });
}

async function entriesOf(tracker: Tracker, ...words: readonly string[]) {
  const selections = words.map((word) => word.toUpperCase() as Selection);
  const rows = await collect(tracker.rows(selections.length === 0 ? undefined : selections));
  const entries = rows.flatMap((row) => [...listEntries(row)]);
  return words.length === 0 ? entries : entries.filter((entry) => isOneOf(entry, new Set(words)));
}

test('an entry says what happens next to a missing or damaged file, and why the last repair failed', async () => {
  const tracker = await newTracker();
  await archiveMarked(tracker, original('missing'), 'MISSING');
  await archiveMarked(tracker, original('failing'), 'DAMAGED');
  await tracker.fail(await claimed(tracker, original('failing')), failure);
  await archiveMarked(tracker, original('lost'), 'DAMAGED');
  await listOnly(tracker, 'missing', 'failing');
  const reasons = Object.fromEntries((await entriesOf(tracker)).map(({ mediaId, reason }) => [mediaId, reason]));
  expect(reasons).toEqual({
    missing: 'verify did not find it; the next sync fetches it again',
    failing: `verify found different content; the next sync fetches it again; the last attempt failed: ${failure.reason}`,
    lost: 'verify found different content, and the cloud no longer has it',
  });
});

test('an entry has the proof of an archived file, and says what is wrong with a disputed or suspect one', async () => {
  const tracker = await newTracker();
  const claim = `s3-etag:${'ab'.repeat(16)}-3`;
  const files = Object.fromEntries(['proven', 'disputed', 'suspect', 'waits'].map((id) => [id, original(id)]));
  for (const file of Object.values(files)) await resolve(tracker, file.mediaId, [file]);
  for (const [id, proof] of [
    ['proven', 'proven'],
    ['disputed', 'disputed'],
    ['suspect', 'unchecked'],
  ] as const) {
    await tracker.complete(await claimed(tracker, files[id]!), { ...whole, evidence: { claim, proof, claimPartBytes: null } });
  }
  await tracker.recordCheck(idOf(files['suspect']!), { mark: 'SUSPECT', hasReadBytes: true });
  const entries = Object.fromEntries((await entriesOf(tracker)).map((entry) => [entry.mediaId, entry]));
  const checkedAt = expect.stringMatching(/^2026-/);
  expect(entries).toMatchObject({
    proven: { proof: 'proven', checkedAt, mark: null, reason: null },
    disputed: { proof: 'disputed', checkedAt, reason: "its bytes came twice, and do not match the cloud's own checksum" },
    suspect: {
      proof: 'unchecked',
      checkedAt,
      status: 'suspect',
      reason: expect.stringContaining('the next sync without --no-prove fetches it once more'),
    },
    waits: { proof: null, checkedAt: null },
  });
  expect((await entriesOf(tracker, 'suspect')).map(({ mediaId }) => mediaId)).toEqual(['suspect']);
  expect(await tracker.accept([files['disputed']!.key])).toEqual({ accepted: 1, refused: [] });
  const { suspect, accepted } = await readEvidence(tracker, await tracker.tally(alwaysRoles));
  expect([suspect.files, accepted.files]).toEqual([1, 1]);
});

test('if a later revision replaces a damaged file, the file counts only as superseded', async () => {
  const tracker = await newTracker();
  const later = { ...original('m', { revision: 2 }), key: 'later.mp4' };
  await archiveMarked(tracker, original('m'), 'DAMAGED');
  await resolve(tracker, 'm', [later]);
  await tracker.complete(await claimed(tracker, later), whole);
  await listOnly(tracker);
  expect(await entriesOf(tracker, 'lost', 'damaged', 'missing')).toEqual([]);
  expect(await entriesOf(tracker, 'superseded')).toEqual([
    expect.objectContaining({ status: 'superseded', reason: 'a later revision replaces it', lost: false }),
  ]);
});

test('the lines of a status count each missing, damaged, lost or accepted file once, with its size', async () => {
  const tracker = await newTracker();
  for (const id of ['missing', 'lost', 'accepted']) await archiveMarked(tracker, original(id), 'MISSING');
  await archiveMarked(tracker, original('damaged'), 'DAMAGED');
  await resolve(tracker, 'quarantined', [original('quarantined')]);
  await tracker.fail(await claimed(tracker, original('quarantined')), { ...failure, quarantineAfter: 1 });
  await listOnly(tracker, 'missing', 'damaged', 'quarantined');
  expect(await tracker.accept(['accepted', 'quarantined'])).toEqual({ accepted: 2, refused: [] });
  const words = Object.fromEntries((await entriesOf(tracker)).map((entry) => [entry.mediaId, decisiveWord(entry)]));
  const [missing, damaged, lost] = ['missing', 'damaged', 'lost'];
  expect(words).toEqual({ missing, damaged, lost, accepted: 'accepted', quarantined: 'accepted' });

  const evidence = await readEvidence(tracker, await tracker.tally(alwaysRoles));
  const one = { files: 1, bytes: whole.sizeBytes };
  const none = { files: 0, bytes: 0 };
  expect(evidence).toEqual({ missing: one, damaged: one, suspect: none, lost: one, accepted: { ...one, files: 2 } });
  expect(evidenceLines(evidence, { retry: '`retry`' })).toEqual([
    ['Missing', '1 file, 1 kB: the next run fetches it again'],
    ['Damaged', '1 file, 1 kB: the next run replaces it'],
    ['Suspect', ''],
    ['Lost', '1 file, 1 kB: missing, damaged or suspect here, and no longer in the cloud'],
    ['Accepted', '2 files, 1 kB: no run fails because of them; `retry` undoes this'],
  ]);
});
