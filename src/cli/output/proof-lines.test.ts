import { expect, onTestFinished, test } from 'vitest';
import { claimed, dayMs, idOf, resolve, whole } from '../../../test/conformance/tracker/fixtures.ts';
import { original } from '../../../test/support/builders.ts';
import { manualClock } from '../../../test/support/manual-clock.ts';
import { alwaysRoles, type Proof } from '../../media.ts';
import { openSqliteTracker } from '../../tracker/sqlite/index.ts';
import { proofLines, proofStatus } from './proof-lines.ts';

async function newLedger() {
  const clock = manualClock('2026-11-01T00:00:00.000Z');
  const tracker = await openSqliteTracker({ path: '', archiveId: 'a', clock, onWarning: () => {} });
  onTestFinished(() => tracker.close());
  const archive = async (id: string, proof: Proof) => {
    await resolve(tracker, id, [original(id)]);
    const evidence = { claim: `s3-etag:${'ab'.repeat(16)}`, proof, claimPartBytes: null };
    await tracker.complete(await claimed(tracker, original(id)), { ...whole, evidence });
  };
  const lines = async () => {
    const status = await proofStatus(await tracker.tally(alwaysRoles), tracker);
    return Object.fromEntries(proofLines(status, { list: '`list`', nowMs: clock.now() }));
  };
  return { clock, tracker, archive, lines };
}

test('a status counts the proofs, and says how long ago each byte was read', async () => {
  const { clock, tracker, archive, lines } = await newLedger();
  expect(await lines()).toEqual({ Proven: '', 'Last read': '', Unreadable: '' });
  await archive('one', 'proven');
  clock.advance(40 * dayMs);
  await archive('two', 'proven');
  expect(await lines()).toMatchObject({
    Proven: "2 of 2 files match the cloud's own checksum",
    'Last read': 'every file in the last 40d',
  });
  for (const proof of ['none', 'unchecked', 'disputed'] as const) await archive(proof, proof);
  expect((await lines())['Proven']).toBe(
    "2 of 5 files match the cloud's own checksum; 1 without a usable checksum from the cloud; 1 not compared yet; 1 disputed: `list` names them",
  );
  await tracker.recordCheck(idOf(original('one')), { mark: null, hasReadBytes: true });
  clock.advance(dayMs);
  expect((await lines())['Last read']).toBe('every file in the last 1d');
});

test('a status says how many files the last check could not read, until every file was read again', async () => {
  const { clock, tracker, archive, lines } = await newLedger();
  await archive('one', 'proven');
  await tracker.beginRun('check', 'verify');
  await tracker.finishRun('check', 'clean', JSON.stringify({ verified: { unreadable: 2 } }));
  clock.advance(dayMs);
  await tracker.beginRun('later', 'sync');
  await tracker.finishRun('later', 'clean', '{}');
  expect((await lines())['Unreadable']).toMatch(
    /^2 files in the check of 2026-11-01T[^ ]+: the store does not show their bytes now$/,
  );
  await tracker.recordCheck(idOf(original('one')), { mark: null, hasReadBytes: true });
  expect((await lines())['Unreadable']).toBe('');
});
