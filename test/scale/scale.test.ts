/**
 * Measures the cost of large libraries and large files. `npm test` leaves these tests out. They
 * need some minutes, 15 GB of the temporary folder and a quiet machine. `SCALE_MEDIA` sets a
 * smaller library, and `SCALE_BYTES` a smaller file.
 */
import { createReadStream } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { eventsOf, finishedOf } from '../support/cli.ts';
import { expectExit } from '../support/scene.ts';
import { makeTempDir } from '../support/temp-dir.ts';
import { addFigures, printFigures, startMeasured, type MeasuredRun } from './support/figures.ts';
import { makeFullArchive } from './support/full-archive.ts';
import { startFarCloud, startFarStore, type FarCloud } from './support/simulator.ts';

const mediaCount = Number(process.env['SCALE_MEDIA'] ?? 100_000);
const fileBytes = Number(process.env['SCALE_BYTES'] ?? 14_000_000_000);
const maxRssBytes = 200 * 1024 * 1024;
const concurrency = 5;
/** The part size for a file that the provider stored in parts of 100 MiB. */
const partBytes = 20 * 1024 * 1024;
const stored = [{ partBytes: 5 * partBytes }];

afterAll(printFigures);

/** Runs the command line, counts the requests at `cloud`, and adds the figures to the table. */
async function measure(
  what: string,
  cloud: FarCloud,
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<MeasuredRun> {
  await cloud.clear();
  const run = await startMeasured(args, environment).ended;
  addFigures({ what, run, ...(await cloud.counts()) });
  return run;
}

function expectSmall(run: MeasuredRun): void {
  expect(run.peakRssBytes, 'largest resident set').toBeLessThanOrEqual(maxRssBytes);
}

function environmentAt(home: string, cloud: FarCloud): Record<string, string> {
  return { HOME: home, CLOUD_SYNC_HOME: join(home, 'home'), ...cloud.environment };
}

describe(`a library of ${mediaCount} media`, () => {
  test('a large library is listed and planned within the memory limit', async () => {
    await using temp = await makeTempDir();
    await using cloud = await startFarCloud({ preset: 'large', presetOptions: { count: mediaCount } });
    const args = ['sync', '--to', join(temp.path, 'archive'), '--dry-run', '--json'];
    const run = await measure(`list and plan ${mediaCount} media`, cloud, args, environmentAt(temp.path, cloud));
    expectExit(run, 0);
    expect(eventsOf(run, 'plan.finished')).toMatchObject([{ media: mediaCount }]);
    expectSmall(run);
  });

  test('a large archive is adopted without requests for single media, and a later sync costs three requests', async () => {
    await using temp = await makeTempDir();
    await using cloud = await startFarCloud({ preset: 'large', presetOptions: { count: mediaCount } });
    const archive = join(temp.path, 'archive');
    const files = await makeFullArchive(archive, cloud.userId, { count: mediaCount });
    const environment = environmentAt(temp.path, cloud);
    const args = ['sync', '--to', archive, '--json'];

    const expectNothingFetched = (run: MeasuredRun) => {
      expectExit(run, 0);
      expect(finishedOf(run)).toMatchObject({ files: { archived: 0, skipped: files }, bytes: { fetched: 0 } });
    };
    const adopt = async (what: string) => {
      const run = await measure(what, cloud, args, environment);
      expectNothingFetched(run);
      expect(eventsOf(run, 'archive.adopted')).toMatchObject([{ files }]);
      expect(await cloud.counts()).toMatchObject({ requestsPerMedium: 0, mediaBytes: 0 });
    };
    await adopt(`adopt ${files} files in a new home`);

    expectNothingFetched(await measure('nothing new', cloud, args, environment));
    expect((await cloud.counts()).apiRequests).toBeLessThanOrEqual(3);

    const trackers = join(temp.path, 'home', 'archives', 'full-archive');
    for (const name of await readdir(trackers)) await rm(join(trackers, name), { recursive: true });
    await adopt('adopt again, tracker deleted');
  });
});

describe(`a file of ${fileBytes} bytes`, () => {
  test('a large file is archived in a directory, in spite of a kill in the middle', async () => {
    await using temp = await makeTempDir();
    const archive = join(temp.path, 'archive');
    const { key, crc32: expected } = await moveBigFile('to a directory', archive, temp.path, {});
    expect(await crc32OfFile(join(archive, key))).toBe(expected);
  });

  test('a large file is archived in an S3 store, in spite of a kill in the middle', async () => {
    await using temp = await makeTempDir();
    await using store = await startFarStore();
    await moveBigFile('to S3', 's3://archive/videos', temp.path, {
      CLOUD_SYNC_S3_ENDPOINT: store.endpoint,
      CLOUD_SYNC_S3_PATH_STYLE: 'true',
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'scale',
      AWS_SECRET_ACCESS_KEY: 'scale',
    });
  });
});

async function moveBigFile(where: string, to: string, home: string, more: Readonly<Record<string, string>>) {
  await using cloud = await startFarCloud({ preset: 'big-file', presetOptions: { sizeBytes: fileBytes, stored } });
  const environment = { ...environmentAt(home, cloud), ...more };
  const args = ['sync', '--to', to, '--json', '--concurrency', String(concurrency)];
  const expected = await cloud.crc32();
  await cloud.computeEtags();

  const running = startMeasured(args, environment);
  await sentBytes(cloud, fileBytes / 2, running.ended);
  running.kill('SIGKILL');
  const killed = await running.ended;
  expect(killed.signal).toBe('SIGKILL');
  const before = await cloud.counts();
  addFigures({ what: `${where}, killed in the middle`, run: killed, ...before });
  const run = await measure(`${where}, the rest`, cloud, args, environment);
  expectExit(run, 0);
  expectSmall(killed);
  expectSmall(run);
  const [archived] = eventsOf(run, 'file.archived');
  expect(archived).toMatchObject({ sizeBytes: fileBytes, crc32: expected.toString(16).padStart(8, '0') });
  const { mediaBytes } = await cloud.counts();
  expect(before.mediaBytes + mediaBytes - fileBytes, 'bytes fetched again').toBeLessThanOrEqual(concurrency * partBytes);
  return { key: archived!.key, crc32: expected };
}

/** Waits until the cloud has sent this many bytes or the run has ended. */
async function sentBytes(cloud: FarCloud, bytes: number, ended: Promise<unknown>): Promise<void> {
  const over = ended.then(
    () => true,
    () => true,
  );
  while ((await cloud.counts()).mediaBytes < bytes) {
    if (await Promise.race([over, delay(20, false)])) return;
  }
}

async function crc32OfFile(path: string): Promise<number> {
  let sum = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) sum = crc32(chunk as Buffer, sum);
  return sum;
}
