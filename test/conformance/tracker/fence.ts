import { expect } from 'vitest';
import type { LeaseRecord } from '../../../src/lease.ts';
import type { Claim, Tracker } from '../../../src/tracker/tracker.ts';
import { answersOf } from '../../fixtures/answers.ts';
import { described, medium, original } from '../../support/builders.ts';
import { each } from '../../support/collect.ts';
import { archive, claimed, failure, grant, idOf, resolve, upload, usual, whole, type Check } from './fixtures.ts';

/**
 * Methods that need no fence: they change nothing, are about the lease itself, or fill a new
 * ledger.
 */
type Reading =
  | 'archiveId'
  | 'close'
  | 'dump'
  | 'getFact'
  | 'intents'
  | 'keyTaken'
  | 'knownCount'
  | 'lease'
  | 'listingState'
  | 'load'
  | 'medium'
  | 'needsAdoption'
  | 'openMedia'
  | 'originals'
  | 'rows'
  | 'runs'
  | 'tally'
  | 'upload'
  | 'uploads'
  | 'useFence';

type Write = (tracker: Tracker, claim: Claim) => Promise<unknown>;

const archived = idOf(original('archived'));
const part = { number: 1, sizeBytes: 400, crc32: 1, receipt: '"p1"' };

/** Every method of a tracker that writes, with a call that changes the ledger of `prepare`. */
const writes: Readonly<Record<Exclude<keyof Tracker, Reading>, Write>> = {
  adopt: async (tracker) => tracker.adopt(each([described(original('adopted'))])),
  beginRun: async (tracker) => tracker.beginRun('r2', 'sync'),
  finishRun: async (tracker) => tracker.finishRun('r1', 'clean', '{}'),
  setFact: async (tracker) => tracker.setFact('gopro.auth-mode', 'bearer'),
  recordPage: async (tracker) => tracker.recordPage([medium('new')], 'r1'),
  finishListing: async (tracker) => tracker.finishListing({ account: 'anna', runId: 'r1', complete: true, listed: 0 }),
  setMediumStatus: async (tracker) => tracker.setMediumStatus('listed', 'WAITING', 'not ready'),
  failMedium: async (tracker) => tracker.failMedium('listed', failure),
  recordResolution: async (tracker) =>
    tracker.recordResolution('listed', { roles: usual, unavailable: 0, originals: [original('listed')] }),
  vanish: async (tracker) => tracker.vanish('listed', 'it answers 404'),
  countDenial: async (tracker) => tracker.countDenial('listed'),
  claim: async (tracker) => tracker.claim(idOf(original('free')), 'worker', 60_000),
  release: async (tracker, claim) => tracker.release(claim),
  saveUpload: async (tracker, claim) => tracker.saveUpload(claim, { ...upload, id: 'upload-2' }),
  savePart: async (tracker, claim) => tracker.savePart(claim, part),
  rekey: async (tracker, claim) => tracker.rekey(claim, original('claimed', { revision: 2 })),
  recordIntent: async (tracker, claim) => tracker.recordIntent(claim, whole),
  complete: async (tracker, claim) => tracker.complete(claim, whole),
  completeIntent: async (tracker) => tracker.completeIntent(idOf(original('intended'))),
  fail: async (tracker, claim) => tracker.fail(claim, failure),
  recordMismatch: async (tracker, claim) => tracker.recordMismatch(claim, { crc32: 1, claim: 'none' }),
  recordCheck: async (tracker) => tracker.recordCheck(archived, { mark: 'SUSPECT', hasReadBytes: true }),
  setMark: async (tracker) => tracker.setMark(archived, 'DAMAGED'),
  setValidator: async (tracker) => tracker.setValidator(archived, { etag: '"other"', lastModified: null }),
  retry: async (tracker) => tracker.retry(['failed']),
  accept: async (tracker) => tracker.accept(['poison']),
};

/** Fills a ledger under a lease. Every method in `writes` then has something to change. */
async function prepare(tracker: Tracker): Promise<Claim> {
  await grant(tracker);
  await tracker.beginRun('r1', 'sync');
  await tracker.recordPage([medium('listed'), medium('failed'), medium('poison')], 'r0');
  await tracker.failMedium('failed', failure);
  await tracker.failMedium('poison', { ...failure, quarantineAfter: 1 });
  await archive(tracker, 'archived');
  for (const id of ['free', 'claimed', 'intended']) await resolve(tracker, id, [original(id)]);
  await tracker.recordIntent(await claimed(tracker, original('intended')), whole);
  const claim = await claimed(tracker, original('claimed'));
  await tracker.saveUpload(claim, upload);
  return claim;
}

export function fenceTests(check: Check): void {
  for (const [method, write] of Object.entries(writes)) {
    check(`after a later grant, \`${method}\` of the earlier run fails with LEASE_LOST and changes nothing`, async (bed) => {
      const { tracker } = bed;
      const claim = await prepare(tracker);
      const next = await bed.second();
      const before = await answersOf(next);
      await grant(next, { owner: 'process 2 on host' });
      await expect(write(tracker, claim)).rejects.toMatchObject({
        code: 'LEASE_LOST',
        message: expect.stringContaining('process 2 on host'),
      });
      expect(await answersOf(next)).toEqual(before);
      await write(next, claim);
      expect(await answersOf(next)).not.toEqual(before);
    });
  }

  check('a run may write after it released its lease, until the next grant', async ({ tracker, second }) => {
    const record: LeaseRecord = await grant(tracker);
    await tracker.beginRun('r1', 'sync');
    await tracker.lease.replace(record, { ...record, released: true });
    await tracker.finishRun('r1', 'clean', '{}');
    await grant(await second());
    await expect(tracker.finishRun('r1', 'failed', '{}')).rejects.toMatchObject({ code: 'LEASE_LOST' });
    expect(await tracker.runs(1)).toMatchObject([{ outcome: 'clean' }]);
  });

  check('a tracker without a fence of its own may write during any run', async ({ tracker, second }) => {
    await prepare(tracker);
    const person = await second();
    expect(await person.retry(['failed'])).toBe(1);
    await person.setFact('gopro.auth-mode', 'cookie');
    await grant(tracker);
    expect(await person.retry(['failed'])).toBe(0);
    await person.setFact('gopro.auth-mode', 'bearer');
    expect(await tracker.getFact('gopro.auth-mode')).toBe('bearer');
    await tracker.failMedium('failed', failure);
    await tracker.setFact('gopro.auth-mode', 'cookie');
    expect(await person.getFact('gopro.auth-mode')).toBe('cookie');
  });
}
