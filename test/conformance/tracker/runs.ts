import { expect } from 'vitest';
import { claimed, resolve, statusOf, upload, whole, type Check } from './fixtures.ts';
import { original } from '../../support/builders.ts';

const alive = async () => false;
const dead = async () => true;
const isGone = async (holder: string) => holder === 'gone';

export function runTests(check: Check): void {
  check('the run lease excludes others and names its holder until it is released', async ({ tracker, second }) => {
    const other = await second();
    expect(await tracker.acquireRunLease('a', 1000, alive)).toEqual({ granted: true });
    expect(await other.acquireRunLease('b', 1000, alive)).toEqual({ granted: false, holder: 'a' });
    await other.releaseRunLease('b');
    expect(await other.acquireRunLease('b', 1000, alive)).toEqual({ granted: false, holder: 'a' });
    await tracker.releaseRunLease('a');
    expect(await other.acquireRunLease('b', 1000, alive)).toEqual({ granted: true });
  });

  check('the run lease expires unless it is renewed, and a lost lease cannot be renewed', async ({ tracker, clock, second }) => {
    const other = await second();
    await tracker.acquireRunLease('a', 1000, alive);
    clock.advance(900);
    expect(await tracker.renewRunLease('a', 1000)).toBe(true);
    clock.advance(900);
    expect(await other.acquireRunLease('b', 1000, alive)).toMatchObject({ granted: false });
    clock.advance(100);
    expect(await other.acquireRunLease('b', 1000, alive)).toEqual({ granted: true });
    expect(await tracker.renewRunLease('a', 1000)).toBe(false);
    await tracker.releaseRunLease('a');
    expect(await tracker.acquireRunLease('a', 1000, alive)).toEqual({ granted: false, holder: 'b' });
  });

  check('the holder of the run lease may take it again', async ({ tracker }) => {
    await tracker.acquireRunLease('a', 1000, alive);
    expect(await tracker.acquireRunLease('a', 1000, alive)).toEqual({ granted: true });
  });

  check('if the holder of the run lease is dead, one of two contenders gets the lease at once', async ({ tracker, second }) => {
    const other = await second();
    await tracker.acquireRunLease('gone', 60_000, alive);
    const answers = await Promise.all([tracker.acquireRunLease('a', 1000, isGone), other.acquireRunLease('b', 1000, isGone)]);
    expect(answers.filter((answer) => answer.granted)).toHaveLength(1);
    expect(answers.find((answer) => !answer.granted)).toMatchObject({ holder: expect.stringMatching(/^[ab]$/) });
  });

  check('a holder that takes the lease while a dead holder is checked is also checked', async ({ tracker, second }) => {
    const other = await second();
    await tracker.acquireRunLease('gone', 60_000, alive);
    const asked: string[] = [];
    const answer = await tracker.acquireRunLease('a', 1000, async (holder) => {
      asked.push(holder);
      if (holder === 'gone') await other.acquireRunLease('b', 1000, dead);
      return holder === 'gone';
    });
    expect(answer).toEqual({ granted: false, holder: 'b' });
    expect(asked).toEqual(['gone', 'b']);
  });

  check('runs are kept with their outcomes, newest first', async ({ tracker, clock, second }) => {
    const startedAt = new Date(clock.now()).toISOString();
    await tracker.beginRun('r1');
    clock.advance(1000);
    await tracker.finishRun('r1', 'clean', '{"type":"run.finished"}');
    await tracker.beginRun('r2');
    const finishedAt = new Date(clock.now()).toISOString();
    expect(await (await second()).runs(10)).toEqual([
      { id: 'r2', startedAt: finishedAt, finishedAt: null, outcome: null, summary: null },
      { id: 'r1', startedAt, finishedAt, outcome: 'clean', summary: '{"type":"run.finished"}' },
    ]);
    expect(await tracker.runs(1)).toHaveLength(1);
    await tracker.beginRun('r1');
    expect((await tracker.runs(10)).map((run) => run.startedAt)).toEqual([finishedAt, startedAt]);
  });

  check('the last thousand runs are kept', async ({ tracker }) => {
    for (let run = 1; run <= 1003; run += 1) await tracker.beginRun(`r${run}`);
    const runs = await tracker.runs(5000);
    expect([runs.length, runs[0]?.id, runs.at(-1)?.id]).toEqual([1000, 'r1003', 'r4']);
  });

  check('a new run frees originals that an earlier run left claimed, with their uploads', async ({ tracker }) => {
    const file = original('m1');
    await resolve(tracker, 'm1', [file]);
    const claim = await claimed(tracker, file);
    await tracker.saveUpload(claim, upload);
    await tracker.beginRun('r2');
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
