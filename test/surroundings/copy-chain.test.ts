/** A library is copied from a disk to S3 and back to a disk. Each copy is an archive of its own. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { expectExactly, wantedOf } from '../support/archive.ts';
import { openCopying, type Copying } from '../support/copying.ts';
import { openDiskPlace, openS3Place, type Place } from '../support/places.ts';
import { expectExit, openScene, type Scene } from '../support/scene.ts';

let scene: Scene;
let bucket: Place;
let disk: Place;
let toBucket: Copying;
let toDisk: Copying;
let provenFiles = 0;

beforeAll(async () => {
  scene = await openScene({ preset: 'small', inProcess: true });
  const { exitCode, finished } = await scene.sync();
  expect(exitCode).toBe(0);
  provenFiles = finished.files.proven;
  [bucket, disk] = await Promise.all([openS3Place(), openDiskPlace()]);
  [toBucket, toDisk] = await Promise.all([openCopying(scene.place, bucket), openCopying(bucket, disk)]);
});
afterAll(async () => {
  for (const one of [toBucket, toDisk, disk, bucket, scene]) await one[Symbol.asyncDispose]();
});

/** Kills copies at other moments until one ends by itself, or after ten kills. */
async function copyWithKills(copying: Copying): Promise<void> {
  for (let kills = 0; kills < 10; kills += 1) {
    const running = copying.start('--lease-term-ms', '1000');
    await Promise.race([running.ended, sleep(700 + 137 * kills)]);
    running.kill('SIGKILL');
    const { signal } = await running.ended;
    if (signal === null) return;
  }
}

async function expectWhole(copying: Copying, place: Place): Promise<void> {
  expectExactly(await place.files(), await wantedOf(scene.cloud.library));
  const verified = await copying.verify();
  expectExit(verified, 0);
  const files = (await scene.place.files()).length;
  const none = { missing: 0, damaged: 0, suspect: 0, lost: 0, unknown: 0, unreadable: 0 };
  expect(verified.finished.verified).toMatchObject({ files, proven: provenFiles, ...none });
}

test.each([
  ['a bucket', () => [toBucket, bucket] as const],
  ['a second disk, from the bucket', () => [toDisk, disk] as const],
])('a library is copied to %s although the copy is killed again and again', async (_, places) => {
  const [copying, place] = places();
  const before = await scene.place.ownTexts();
  await copyWithKills(copying);
  const last = await copying.copy();
  expectExit(last, 0);
  const files = (await scene.place.files()).length;
  expect(last.copied.files + last.copied.skipped).toBe(files);
  await expectWhole(copying, place);
  const again = await copying.copy();
  expectExit(again, 0);
  expect(again.copied).toMatchObject({ files: 0, skipped: files, failed: 0, pending: 0, bytes: 0 });
  expect(again.finished.bytes.fetched).toBe(0);
  expect(await scene.place.ownTexts()).toBe(before);
});

test('each copy is complete and proven without the tracker that made it', async () => {
  for (const [copying, place] of [
    [toBucket, bucket],
    [toDisk, disk],
  ] as const) {
    await copying.forget();
    await expectWhole(copying, place);
    const again = await copying.copy();
    expectExit(again, 0);
    expect(again.copied).toMatchObject({ files: 0, failed: 0 });
  }
});

test('sync continues a copy as its own archive, and fetches nothing', async () => {
  await using own = await openScene({ library: scene.cloud.library, place: disk, inProcess: true });
  const run = await own.sync();
  expectExit(run, 0);
  expect(run.finished.files).toMatchObject({ archived: 0, failed: 0, lost: 0 });
  expect(run.finished.bytes.fetched).toBe(0);
});
