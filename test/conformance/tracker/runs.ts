import { expect } from 'vitest';
import { openSqliteTracker } from '../../../src/tracker/sqlite/index.ts';
import { archive, claimed, failure, grant, idOf, resolve, statusOf, upload, usual, whole, type Check } from './fixtures.ts';
import { medium, original } from '../../support/builders.ts';
import { collect } from '../../support/collect.ts';

export function runTests(check: Check): void {
  check('runs are kept with their outcomes, newest first', async ({ tracker, clock, second }) => {
    const { fence } = await grant(tracker);
    const startedAt = new Date(clock.now()).toISOString();
    await tracker.beginRun('r1', 'verify');
    clock.advance(1000);
    await tracker.finishRun('r1', 'clean', '{"type":"run.finished"}');
    await tracker.beginRun('r2', 'sync');
    const finishedAt = new Date(clock.now()).toISOString();
    expect(await (await second()).runs(10)).toEqual([
      { id: 'r2', kind: 'sync', fence, startedAt: finishedAt, finishedAt: null, outcome: null, summary: null },
      { id: 'r1', kind: 'verify', fence, startedAt, finishedAt, outcome: 'clean', summary: '{"type":"run.finished"}' },
    ]);
    expect(await tracker.runs(1)).toHaveLength(1);
    await tracker.beginRun('r1', 'sync');
    expect((await tracker.runs(10)).map((run) => run.startedAt)).toEqual([finishedAt, startedAt]);
  });

  check('a run without a lease has the fence 0', async ({ tracker }) => {
    await tracker.beginRun('r1', 'sync');
    expect(await tracker.runs(1)).toMatchObject([{ id: 'r1', fence: 0 }]);
  });

  check('a new ledger that loads the dump of another one has the same media and originals', async ({ tracker, clock }) => {
    await archive(tracker, 'damaged');
    await tracker.setMark(idOf(original('damaged')), 'DAMAGED');
    await resolve(tracker, 'failed', [original('failed'), original('failed', { itemNumber: 2 })]);
    await tracker.fail(await claimed(tracker, original('failed')), failure);
    await tracker.recordPage([medium('waiting', { ready: false }), medium('new')], 'r1');
    const copy = await openSqliteTracker({ path: '', archiveId: 'copy', clock });
    await copy.load(tracker.dump());
    expect(await collect(copy.rows())).toEqual(await collect(tracker.rows()));
    expect(await copy.tally(usual)).toEqual(await tracker.tally(usual));
    expect(await copy.recordPage([medium('new')], 'r2')).toEqual({ added: 0, changed: 0, unchanged: 1 });
    await copy.close();
  });

  check('the last thousand runs are kept', async ({ tracker }) => {
    for (let run = 1; run <= 1003; run += 1) await tracker.beginRun(`r${run}`, 'sync');
    const runs = await tracker.runs(5000);
    expect([runs.length, runs[0]?.id, runs.at(-1)?.id]).toEqual([1000, 'r1003', 'r4']);
  });

  check('a new run frees originals that an earlier run left claimed, with their uploads', async ({ tracker }) => {
    const file = original('m1');
    await resolve(tracker, 'm1', [file]);
    const claim = await claimed(tracker, file);
    await tracker.saveUpload(claim, upload);
    await tracker.beginRun('r2', 'sync');
    expect(await statusOf(tracker, file)).toBe('PENDING');
    expect((await tracker.upload(claim.id))?.state).toEqual(upload);
    await expect(tracker.complete(claim, whole)).rejects.toMatchObject({ code: 'LEASE_LOST' });
    expect((await claimed(tracker, file)).attempt).toBe(2);
  });

  check('`setFact` keeps a text under a name, and a later text replaces it', async ({ tracker, second }) => {
    expect(await tracker.getFact('auth')).toBeUndefined();
    await tracker.setFact('auth', 'cookie');
    await tracker.setFact('auth', 'bearer');
    expect(await (await second()).getFact('auth')).toBe('bearer');
  });
}
