/** kill -9 before every step that changes a disk or a tracker, and at every request to a store. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { createLibrary, type SimMedium } from '../../src/sim/gopro/library/library.ts';
import { expectNothingWrong, wantedOf } from '../support/archive.ts';
import { lastWordsOf } from '../support/cli.ts';
import { startCountingProxy, type KillPoint } from '../support/counting-proxy.ts';
import { createMediaMaker, partBytes } from '../support/simulated-media.ts';
import { openS3Place, placeKinds, type DiskPlace } from '../support/places.ts';
import { expectExit, openScene, openSceneAt, type Scene } from '../support/scene.ts';
import { makeTempDir } from '../support/temp-dir.ts';
import { waitUntil } from '../support/wait-until.ts';

const killAtStep = new URL('../support/kill-at-step.ts', import.meta.url).href;

/**
 * Fills the compile cache. A killed process does not write this cache, so without these runs every
 * killed process would compile everything anew.
 */
beforeAll(async () => {
  for (const kind of placeKinds) {
    await using scene = await openSceneAt(kind, { library: createLibrary([createMediaMaker('first').photo()]) });
    expectExit(await scene.sync(), 0);
  }
});

/**
 * Expects after a kill that no file is wrong, that no published file is fetched again, and that one
 * more run completes the archive.
 */
async function expectRecovery(scene: Scene, where: string): Promise<void> {
  const wanted = await wantedOf(scene.cloud.library);
  const found = await scene.place.files();
  expectNothingWrong(found, wanted);
  await scene.clearRequests();
  const run = await scene.sync();
  expectExit(run, 0);
  await scene.expectComplete();
  const { cdnBytesSent } = scene.cloud.stats();
  const missingBytes = sum(wanted) - sum(found);
  expect(cdnBytesSent, `bytes fetched after a kill ${where}\n${lastWordsOf(run)}`).toBeLessThanOrEqual(missingBytes);
  expect(run.finished.files, where).toMatchObject({ failed: 0, pending: 0, quarantined: 0 });
  const verified = await scene.verify();
  expectExit(verified, 0);
  expect(verified.finished.verified, where).toMatchObject({ files: wanted.length, missing: 0, damaged: 0, unknown: 0 });
}

function sum(files: readonly { readonly sizeBytes: number }[]): number {
  return files.reduce((bytes, { sizeBytes }) => bytes + sizeBytes, 0);
}

/**
 * Runs the program on one photo and kills it before step number `step`. Expects that the next run
 * recovers. Returns the steps of the first run, and whether it was killed.
 */
async function killBefore(
  step: number,
  sizeBytes: number,
  more: Readonly<Record<string, string>> = {},
): Promise<{ readonly killed: boolean; readonly steps: readonly string[] }> {
  await using temp = await makeTempDir();
  const log = join(temp.path, 'steps');
  await using scene = await openScene({ library: createLibrary([createMediaMaker('steps').photo(sizeBytes)]), inProcess: true });
  const environment = { NODE_OPTIONS: `--import=${killAtStep}`, KILL_BEFORE_STEP: String(step), STEP_LOG: log, ...more };
  const run = await scene.startSync({ environment }).ended;
  const steps = (await readFile(log, 'utf8')).trimEnd().split('\n');
  if (run.signal === null) expectExit(run, 0);
  else expect(run.signal).toBe('SIGKILL');
  await expectRecovery(scene, `before ${steps.at(-1)}`);
  return { killed: run.signal !== null, steps };
}

/**
 * Kills a run in the middle of a video, and changes the lease as if another process might still
 * write to the draft. Kills the next run before `step`, and expects that a third run recovers.
 */
async function killCopyBefore(step: number): Promise<readonly string[]> {
  await using temp = await makeTempDir();
  const log = join(temp.path, 'steps');
  const library = createLibrary([createMediaMaker('copies').video(partBytes + 3_000_000)]);
  await using scene = await openScene<DiskPlace>({ library, inProcess: true });
  const secondPart = { endpoint: 'file', method: 'GET', rangeStartAtLeast: partBytes, attempt: 1 } as const;
  scene.cloud.faults.set([{ match: secondPart, action: { type: 'stall', afterBytes: 1_000 } }]);
  const first = scene.startSync();
  const firstPart = /^bytes=0-/;
  await waitUntil('the end of the first part', () =>
    scene.cloud.requests.some(({ range, endedMs }) => firstPart.test(range ?? '') && endedMs !== undefined),
  );
  await delay(500);
  first.kill('SIGKILL');
  await first.ended;
  const lease = join(scene.place.directory, '.cloud-sync', 'lease');
  await writeFile(lease, (await readFile(lease, 'utf8')).replace('"earlierMayRun":false', '"earlierMayRun":true'));

  const environment = { NODE_OPTIONS: `--import=${killAtStep}`, KILL_BEFORE_STEP: String(step), STEP_LOG: log };
  const run = await scene.startSync({ environment }).ended;
  expect(run.signal).toBe(step === Infinity ? null : 'SIGKILL');
  const steps = (await readFile(log, 'utf8')).trimEnd().split('\n');
  await expectRecovery(scene, `before ${steps.at(-1)}`);
  return steps;
}

function isCopy(line: string): boolean {
  return / copyFile .*\.part$/.test(line);
}

/** A small file is written only when it is published. A larger file is written as a draft first. */
const smallBytes = 60_000;
const largeBytes = 300_000;

describe('on a disk', () => {
  test('a run loses and duplicates nothing if it is killed before any one of its steps', { timeout: 300_000 }, async () => {
    let last = await killBefore(1, smallBytes);
    for (let step = 2; last.killed; step += 1) last = await killBefore(step, smallBytes);
    // The last run was not killed. Its steps include those that publish the file.
    for (const name of [
      / link .*\.part$/,
      / handle\.datasync$/,
      / open .*manifest\.jsonl$/,
      / handle\.sync$/,
      / exec COMMIT$/,
      / rename .*lease-after-nothing$/,
    ]) {
      expect(
        last.steps.some((line) => name.test(line)),
        String(name),
      ).toBe(true);
    }
    expect(last.steps.length).toBeGreaterThan(40);
  });

  test(
    'a run with a larger file loses and duplicates nothing if it is killed before the draft is opened or before any later step',
    { timeout: 300_000 },
    async () => {
      const { steps } = await killBefore(Infinity, largeBytes);
      const draft = steps.findLastIndex((line) => / open .*\.part$/.test(line)) + 1;
      expect(draft).toBeGreaterThan(10);
      for (let step = draft; (await killBefore(step, largeBytes)).killed; step += 1);
      expect(steps.length - draft).toBeGreaterThan(15);
    },
  );

  test(
    'a run that is killed while it continues an upload in a copy loses and duplicates nothing',
    { timeout: 300_000 },
    async () => {
      const steps = await killCopyBefore(Infinity);
      // A file system that cannot share blocks between files refuses the first of two calls.
      const copy = steps.findIndex(isCopy) + 1;
      expect(copy).toBeGreaterThan(0);
      expect(steps.slice(copy + 1).filter(isCopy)).toEqual([]);
      for (let step = copy; step <= copy + 6; step += 1) await killCopyBefore(step);
    },
  );

  test.each([smallBytes, largeBytes])(
    'a run without hard links that is killed near the rename of a file of %i bytes loses and duplicates nothing',
    { timeout: 120_000 },
    async (sizeBytes) => {
      const environment = { NO_HARD_LINKS: '1' };
      const { steps } = await killBefore(Infinity, sizeBytes, environment);
      const rename = steps.findLastIndex((line) => / rename .*\.part$/.test(line)) + 1;
      expect(rename).toBeGreaterThan(20);
      for (let step = rename - 2; step <= rename + 6; step += 1) {
        const { killed } = await killBefore(step, sizeBytes, environment);
        expect(killed).toBe(true);
      }
    },
  );
});

describe('on S3', () => {
  test.each([
    {
      what: 'any request of a run with one small file',
      medium: () => createMediaMaker('request').photo(),
      whens: ['arrived', 'answered'],
      counts: () => true,
      atLeast: 8,
    },
    {
      what: 'a request for a file of two parts',
      medium: () => createMediaMaker('request').video(partBytes + 1_000),
      whens: ['arrived', 'answered'],
      counts: (_: string, url: string) => url.includes('/gopro-videos/'),
      atLeast: 5,
    },
  ] as const)(
    'a run that is killed at $what loses and duplicates nothing',
    { timeout: 300_000 },
    async ({ medium, whens, counts, atLeast }) => {
      for (const when of whens) {
        const requests = await killAtEachRequest(when, medium, counts);
        expect(requests).toBeGreaterThanOrEqual(atLeast);
      }
    },
  );
});

/**
 * Kills a run at its first counted request, another run at its second, and so on, until a run has
 * fewer requests and ends by itself. Returns the number of killed runs.
 */
async function killAtEachRequest(
  when: KillPoint['when'],
  medium: () => SimMedium,
  counts: (method: string, url: string) => boolean,
): Promise<number> {
  for (let request = 1; ; request += 1) {
    const place = await openS3Place();
    await using proxy = await startCountingProxy(place.store.endpoint, counts);
    const environment = { CLOUD_SYNC_S3_ENDPOINT: proxy.endpoint };
    await using scene = await openScene({ library: createLibrary([medium()]), place, environment, inProcess: true });
    const running = scene.startSync();
    proxy.arm({ pid: running.pid, request, when });
    const run = await running.ended;
    proxy.arm(undefined);
    if (run.signal === null) {
      expectExit(run, 0);
      return request - 1;
    }
    expect(run.signal).toBe('SIGKILL');
    await expectRecovery(scene, `when request ${request} had ${when}`);
  }
}
