/**
 * Tests with rows that an earlier version wrote. Every kind of tracker is tested on copies of the
 * rows.
 */
import { expect, test } from 'vitest';
import { originalId, type Original, type Tally } from '../../src/media.ts';
import type { LeaseRecord } from '../../src/lease.ts';
import { openSqliteTracker } from '../../src/tracker/sqlite/index.ts';
import type { Claim, Tracker } from '../../src/tracker/tracker.ts';
import { answersOf } from '../fixtures/answers.ts';
import { contentOf, wholeOf } from '../fixtures/archive.ts';
import { keptAnswers, keptAt, type KeptVersion } from '../fixtures/kept.ts';
import { lease } from '../fixtures/ledger.ts';
import { account, archivedOriginals, archiveId, media, openOriginals, revisedAgain, usual } from '../fixtures/library.ts';
import { crc32 } from '../../src/lib/crc32.ts';
import { leaseRecord } from '../support/builders.ts';
import { manualClock, type ManualClock } from '../support/manual-clock.ts';

/** Opens a tracker on a new copy of the rows. The tracker is closed when the test ends. */
export type OpenKept = (clock: ManualClock) => Promise<Tracker>;

const failure = { code: 'STALLED', reason: 'again', quarantineAfter: 3 } as const;
const idOf = (file: Original) => originalId(file, file.revision);

type Answers = Awaited<ReturnType<typeof keptAnswers>>;

const oneFewer = ({ originals }: Tally) => ({ ...originals, COMPLETED: originals.COMPLETED - 1 });

/**
 * Turns the answers of a version into the answers of today. Version 0.1 did not count the damaged
 * revision of `revised` as lost.
 */
const corrections: Readonly<Record<KeptVersion, (kept: Answers) => Answers>> = {
  v1: ({ tally, tallyOfEveryRole, ...others }) => ({
    ...others,
    tally: { ...tally, mediaComplete: tally.mediaComplete - 1, originals: oneFewer(tally), lost: 1 },
    tallyOfEveryRole: { ...tallyOfEveryRole, originals: oneFewer(tallyOfEveryRole), lost: 1 },
  }),
  v2: (kept) => kept,
  v3: withoutFences,
  v4: (kept) => kept,
};

/**
 * Without a lease, one store recorded a run without a fence, and the other one with the fence 0.
 */
function withoutFences({ runs, ...others }: Answers): Answers {
  return { ...others, runs: runs.map(({ fence: _fence, ...run }) => run as Answers['runs'][number]) };
}

const accepted = [openOriginals.quarantined.key, 'quarantined-medium'];

/** Version 0.1 could not accept anything. */
const acceptedNames: Readonly<Record<KeptVersion, readonly string[]>> = {
  v1: [],
  v2: accepted,
  v3: accepted,
  v4: accepted,
};

/** What the lease of the third run says. Version 0.1 wrote neither a fence nor a process. */
const leases: Readonly<Record<KeptVersion, Partial<LeaseRecord>>> = {
  v1: { owner: lease.owner, fence: 0, released: false, process: null },
  v2: lease,
  v3: lease,
  v4: lease,
};

/** The proofs in the usual roles. No ETag in files of the first three versions is a claim. */
const unproven: Tally['proofs'] = { proven: 0, none: 10, unchecked: 0, disputed: 0 };
const proofs: Readonly<Record<KeptVersion, Tally['proofs']>> = {
  v1: unproven,
  v2: unproven,
  v3: unproven,
  v4: { proven: 1, none: 7, unchecked: 1, disputed: 1 },
};

export function upgradeTests(version: KeptVersion, open: OpenKept): void {
  const check = (title: string, prove: (tracker: Tracker, clock: ManualClock) => Promise<void>) =>
    test(title, async () => {
      const clock = manualClock(keptAt);
      await prove(await open(clock), clock);
    });

  check('every answer equals the answer of the version that wrote the rows', async (tracker) => {
    const kept = await keptAnswers(version);
    expect(await answersOf(tracker)).toMatchObject(corrections[version](kept));
  });

  check('every medium and original keeps its status', async (tracker) => {
    const rows = (await answersOf(tracker)).rows.map(({ tracked, originals }) => [
      tracked.medium.id,
      [tracked.status, ...originals.map((row) => [row.status, row.mark].filter(Boolean).join(' '))].join(', '),
    ]);
    expect(Object.fromEntries(rows)).toEqual({
      'Odd#!% ä': 'RESOLVED, COMPLETED',
      adopted: 'RESOLVED, COMPLETED',
      archived: 'RESOLVED, COMPLETED',
      damaged: 'RESOLVED, COMPLETED DAMAGED',
      deleted: 'SOURCE_DELETED, SOURCE_DELETED',
      failed: 'RESOLVED, FAILED',
      'failed-medium': 'FAILED',
      gone: 'RESOLVED, COMPLETED',
      'in-progress': 'RESOLVED, IN_PROGRESS',
      incomplete: 'WAITING, COMPLETED',
      intended: 'RESOLVED, IN_PROGRESS',
      listed: 'LISTED',
      missing: 'RESOLVED, COMPLETED MISSING',
      pending: 'RESOLVED, PENDING',
      quarantined: 'RESOLVED, QUARANTINED',
      'quarantined-medium': 'QUARANTINED',
      rekeyed: 'RESOLVED, COMPLETED',
      revised: 'RESOLVED, COMPLETED DAMAGED, COMPLETED',
      'several-roles': 'RESOLVED, COMPLETED, COMPLETED, COMPLETED, COMPLETED, COMPLETED',
      vanished: 'SOURCE_DELETED, SOURCE_DELETED',
      waiting: 'WAITING',
    });
  });

  check('the lease of the earlier run has a holder, and the next run gets a later fence', async (tracker) => {
    const { record } = await tracker.lease.read();
    expect(record).toMatchObject(leases[version]);
    const next = leaseRecord({ fence: record!.fence + 1 });
    expect(await tracker.lease.replace(undefined, next)).toBe(false);
    expect(await tracker.lease.replace(record, next)).toBe(true);
    expect((await tracker.lease.read()).record).toEqual(next);
    tracker.useFence(next.fence);
    await tracker.beginRun('run-4', 'sync');
    expect((await claim(tracker, openOriginals.inProgress)).attempt).toBe(2);
    expect(await tracker.lease.replace(next, leaseRecord({ fence: next.fence + 1 }))).toBe(true);
    await expect(tracker.setFact('gopro.auth-mode', 'bearer')).rejects.toMatchObject({ code: 'LEASE_LOST' });
  });

  check('a claim is valid until it ends', async (tracker, clock) => {
    expect(await tracker.claim(idOf(openOriginals.inProgress), 'next', 1000)).toBeUndefined();
    clock.advance(60_000);
    expect((await claim(tracker, openOriginals.inProgress)).attempt).toBe(2);
  });

  check('an unfinished upload continues from its parts and can be completed', async (tracker, clock) => {
    clock.advance(60_000);
    await tracker.beginRun('run-4', 'sync');
    const file = openOriginals.inProgress;
    const claimed = await claim(tracker, file);
    const bytes = contentOf(file).subarray(1000, 2000);
    await tracker.savePart(claimed, { number: 2, sizeBytes: bytes.length, crc32: crc32(bytes), receipt: '' });
    expect((await tracker.upload(claimed.id))?.parts.map((part) => part.number)).toEqual([1, 2, 3]);
    await tracker.complete(claimed, wholeOf(file));
    expect((await tracker.originals(file.mediaId))[0]).toMatchObject({ status: 'COMPLETED', upload: null, ...wholeOf(file) });
    expect(await tracker.uploads()).toHaveLength(2);
  });

  check('an intent is completed without a claim', async (tracker) => {
    await tracker.beginRun('run-4', 'sync');
    expect(await tracker.intents()).toMatchObject([{ status: 'PENDING', ...wholeOf(openOriginals.intended) }]);
    await tracker.completeIntent(idOf(openOriginals.intended));
    expect((await tracker.originals('intended'))[0]).toMatchObject({ status: 'COMPLETED' });
    expect(await tracker.intents()).toEqual([]);
  });

  check('the count of failed runs continues', async (tracker) => {
    expect(await tracker.fail(await claim(tracker, openOriginals.failed), failure)).toBe('FAILED');
    expect(await tracker.fail(await claim(tracker, openOriginals.failed), failure)).toBe('QUARANTINED');
    expect(await tracker.failMedium('failed-medium', failure)).toBe('FAILED');
    expect(await tracker.failMedium('failed-medium', failure)).toBe('QUARANTINED');
  });

  check('what a person accepted stays accepted', async (tracker) => {
    const accepted = (await answersOf(tracker)).rows.flatMap(({ tracked, originals }) =>
      [{ name: tracked.medium.id, ...tracked }, ...originals.map((row) => ({ name: row.original.key, ...row }))].filter(
        ({ acceptedAt }) => acceptedAt !== null,
      ),
    );
    expect(accepted.map(({ name }) => name)).toEqual(acceptedNames[version]);
  });

  check('each archived file has a proof, also in a copy of the tracker', async (tracker, clock) => {
    const copy = await openSqliteTracker({ path: '', archiveId, clock });
    await copy.load(tracker.dump());
    for (const { tally, rows } of await Promise.all([tracker, copy].map(answersOf))) {
      expect(tally.proofs).toEqual(proofs[version]);
      const ofArchived = rows.flatMap(({ originals }) => originals).filter(({ status }) => status === 'COMPLETED');
      expect(ofArchived.filter(({ proof }) => proof === null)).toEqual([]);
    }
    await copy.close();
  });

  check('retry gives FAILED and QUARANTINED media and originals a fresh start', async (tracker) => {
    expect(await tracker.retry()).toBe(4);
    expect(await tracker.tally(usual)).toMatchObject({
      media: { FAILED: 0, QUARANTINED: 0, LISTED: 3 },
      originals: { FAILED: 0, QUARANTINED: 0, PENDING: 3 },
    });
  });

  check('a missing file is archived again, and a replaced damaged file does not count as marked', async (tracker) => {
    await tracker.complete(await claim(tracker, archivedOriginals.missing), wholeOf(archivedOriginals.missing));
    expect((await tracker.tally(usual)).marked).toBe(1);
    await tracker.setMark(idOf(archivedOriginals.damaged), null);
    expect((await tracker.tally(usual)).marked).toBe(0);
  });

  check('a listing of unchanged media counts no change, and media that were gone come back', async (tracker) => {
    const { gone, deleted, revised: _, ...others } = media;
    const unchanged = [...Object.values(others), revisedAgain];
    expect(await tracker.recordPage(unchanged, 'run-4')).toEqual({ added: 0, changed: 0, unchanged: unchanged.length });
    expect(await tracker.recordPage([gone, deleted], 'run-4')).toEqual({ added: 0, changed: 2, unchanged: 0 });
    const listed = unchanged.length + 2;
    expect(await tracker.finishListing({ account, runId: 'run-4', complete: true, listed })).toBe(0);
    expect((await tracker.medium('vanished'))?.status).toBe('LISTED');
    expect((await tracker.originals('deleted'))[0]?.status).toBe('PENDING');
    expect((await tracker.originals('gone'))[0]?.status).toBe('COMPLETED');
  });

  check('media that waited for 30 days in total are QUARANTINED', async (tracker, clock) => {
    clock.advance(28 * 24 * 3_600_000);
    await tracker.beginRun('run-4', 'sync');
    expect([(await tracker.medium('waiting'))?.status, (await tracker.medium('incomplete'))?.status]).toEqual([
      'QUARANTINED',
      'QUARANTINED',
    ]);
  });
}

async function claim(tracker: Tracker, file: Original): Promise<Claim> {
  const claimed = await tracker.claim(idOf(file), 'next', 60_000);
  if (!claimed) throw new Error(`${file.key} cannot be claimed`);
  return claimed;
}
