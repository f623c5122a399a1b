import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../../src/lib/clock.ts';
import type { Medium } from '../../src/media.ts';
import { openSqliteTracker } from '../../src/tracker/sqlite/index.ts';
import type { Tracker } from '../../src/tracker/tracker.ts';
import { usual, withEdits } from '../conformance/tracker/fixtures.ts';
import { collect } from '../support/collect.ts';
import { described, medium, original } from '../support/builders.ts';

/**
 * The number of media. The test checks counts. It only prints times, because times vary by machine.
 */
const size = 100_000;
const pageSize = 100;

let folder: string;
let tracker: Tracker;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cloud-sync-scale-'));
  tracker = await openSqliteTracker({ path: join(folder, 'tracker.db'), archiveId: 'scale', clock: systemClock });
});

afterAll(async () => {
  await tracker.close();
  await rm(folder, { recursive: true });
});

async function timed<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
  const startedMs = performance.now();
  const result = await work();
  console.log(`${name}: ${(performance.now() - startedMs).toFixed(0)} ms`);
  return result;
}

function* pages(): Generator<Medium[]> {
  for (let first = 0; first < size; first += pageSize)
    yield Array.from({ length: pageSize }, (_, index) => medium(`m${first + index}`));
}

async function* archived() {
  for (let number = 0; number < size; number += 1) yield described(original(`m${number}`));
}

test('a large library in which nothing is new costs the tracker little', async () => {
  expect(await timed('adopt', async () => tracker.adopt(archived()))).toBe(size);
  let unchanged = 0;
  await timed('record all pages', async () => {
    for (const page of pages()) unchanged += (await tracker.recordPage(page, 'r1')).unchanged;
  });
  expect(unchanged).toBe(size);
  const listing = { account: 'anna', runId: 'r1', complete: true, listed: size };
  expect(await timed('finish a complete listing', async () => tracker.finishListing(listing))).toBe(0);
  expect(await timed('open media, none', async () => collect(tracker.openMedia(usual)))).toEqual([]);
  expect(await timed('open media, all', async () => collect(tracker.openMedia(withEdits)))).toHaveLength(size);
  expect(await timed('known media', async () => tracker.knownCount())).toBe(size);

  const whole = { mediaComplete: size, archivedBytes: size * 1000, waiting: 0, marked: 0 };
  expect(await timed('tally', async () => tracker.tally(usual))).toMatchObject(whole);
  expect(await timed('tally what is covered', async () => tracker.tally(usual, () => true))).toMatchObject(whole);
  expect(await timed('rows, none', async () => collect(tracker.rows(['FAILED'])))).toEqual([]);
  expect(await timed('rows, all', async () => collect(tracker.rows()))).toHaveLength(size);
  expect(await timed('everything gone', async () => tracker.finishListing({ ...listing, runId: 'r2', listed: 0 }))).toBe(size);
  expect(await tracker.tally(usual)).toMatchObject(whole);
});
