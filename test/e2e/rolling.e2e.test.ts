/** The rolling check reads the files again whose last check is oldest. */
import { afterEach, describe, expect, test, vi } from 'vitest';
import { createLibrary } from '../../src/sim/gopro/library/library.ts';
import { eventsOf, runCliHere, type CliRun } from '../support/cli.ts';
import { victimIn } from '../support/evidence.ts';
import { openS3Place, type S3Place } from '../support/places.ts';
import { expectExit, openScene, type Scene } from '../support/scene.ts';
import { createMediaMaker } from '../support/simulated-media.ts';

const dayMs = 24 * 3_600_000;
const startMs = Date.now();

/** Sets the wall clock of this process, in which the runs work. Timers stay as they are. */
function setDay(day: number): void {
  vi.useFakeTimers({ toFake: ['Date'], now: startMs + day * dayMs });
}

afterEach(() => void vi.useRealTimers());

function photos(seed: string, count: number) {
  const maker = createMediaMaker(seed);
  return Array.from({ length: count }, () => maker.photo(40_000));
}

/** How long the bytes that were read longest ago have not been read, in days. */
async function oldestDays(scene: Scene): Promise<number> {
  const { stdout } = await runCliHere(['list', '--to', scene.place.to, '--json'], scene.environment());
  const times = stdout
    .trim()
    .split('\n')
    .map((line) => Date.parse((JSON.parse(line) as { readonly checkedAt: string }).checkedAt));
  return (Date.now() - Math.min(...times)) / dayMs;
}

function planned(run: CliRun) {
  const [plan] = eventsOf(run, 'check.planned');
  return plan;
}

describe('an archive in a directory', () => {
  test('`sync --rolling` keeps every byte younger than the days, and reads about the same each night', async () => {
    await using scene = await openScene({ library: createLibrary(photos('nights', 8)), inProcess: true });
    setDay(0);
    expectExit(await scene.sync('--rolling', '4d'), 0);
    const counts: number[] = [];
    for (let day = 1; day <= 9; day += 1) {
      setDay(day);
      const run = await scene.sync('--rolling', '4d');
      expectExit(run, 0);
      const { files = 0, bytes } = planned(run) ?? {};
      expect(planned(run)).toMatchObject({ days: 4, bytes: files * 40_000, unreadable: 0 });
      expect(run.finished.rolling).toMatchObject({ files, bytes, damaged: 0 });
      expect(await oldestDays(scene)).toBeLessThan(4);
      counts.push(files);
    }
    expect(Math.max(...counts)).toBeLessThanOrEqual(3);
    expect(Math.min(...counts)).toBeGreaterThanOrEqual(1);
    const again = await scene.sync('--rolling', '4d');
    expect(again.finished.rolling).toMatchObject({ files: 0 });
    expect((await scene.sync()).finished).not.toHaveProperty('rolling');
  });

  test('`sync --rolling` finds a damaged file, and the next run replaces it', async () => {
    const media = photos('damaged', 3);
    await using scene = await openScene({ library: createLibrary(media), inProcess: true });
    expectExit(await scene.sync(), 0);
    const { key } = await victimIn(scene, media[0]!.id);
    await scene.place.damage(key, 1_000);
    setDay(1);
    const run = await scene.sync('--rolling', '1d');
    expectExit(run, 1);
    expect(run.finished).toMatchObject({ outcome: 'partial', rolling: { files: 3, damaged: 1 } });
    expect(eventsOf(run, 'file.damaged').map((event) => event.key)).toEqual([key]);
    expectExit(await scene.sync('--rolling', '1d'), 0);
    await scene.expectComplete();
  });

  test('`sync --rolling` reads files again also if the cloud refuses the sign-in or sends no listing', async () => {
    const media = photos('refused', 3);
    await using scene = await openScene({ library: createLibrary(media), inProcess: true });
    setDay(0);
    expectExit(await scene.sync(), 0);
    const { key } = await victimIn(scene, media[0]!.id);
    await scene.place.damage(key, 1_000);
    setDay(1);
    scene.cloud.faults.set([{ match: { host: 'api', endpoint: 'search' }, action: { type: 'status', status: 400 } }]);
    const unlisted = await scene.sync('--rolling', '1d');
    expectExit(unlisted, 5);
    expect(unlisted.finished.rolling).toMatchObject({ files: 3, damaged: 1 });
    expect(eventsOf(unlisted, 'file.damaged').map((event) => event.key)).toEqual([key]);
    setDay(2);
    scene.cloud.expireToken();
    const expired = await scene.sync('--rolling', '1d');
    expectExit(expired, 3);
    expect(expired.finished).toMatchObject({ outcome: 'expired', rolling: { files: 2, damaged: 0 } });
    expect((await scene.sync('--rolling', '1d', '--dry-run')).finished).not.toHaveProperty('rolling');
  });

  test('`verify --rolling` reads only files that are due, and all files that need a repair', async () => {
    const media = photos('due', 4);
    await using scene = await openScene({ library: createLibrary(media), inProcess: true });
    setDay(0);
    expectExit(await scene.sync(), 0);
    const { key } = await victimIn(scene, media[3]!.id);
    await scene.place.damage(key, 1_000);
    setDay(2);
    expectExit(await scene.verify(), 1);
    setDay(3);
    const verified = await scene.verify('--rolling', '30d');
    expectExit(verified, 1);
    expect(verified.finished.verified).toMatchObject({ files: 2, damaged: 1, unknown: 0 });
    setDay(33);
    expect((await scene.verify('--rolling', '30d')).finished.verified).toMatchObject({ files: 4, damaged: 1 });
  });

  test('a library that was found without its tracker is read once, and then in turns', async () => {
    await using scene = await openScene({ library: createLibrary(photos('adopted', 4)), inProcess: true });
    expectExit(await scene.sync(), 0);
    const home = { CLOUD_SYNC_HOME: `${scene.home}-other` };
    const args = ['verify', '--to', scene.place.to, '--json', '--rolling', '4d'];
    const first = await runCliHere(args, scene.environment(home));
    expect(planned(first)).toMatchObject({ files: 4 });
    setDay(1);
    expect(planned(await runCliHere(args, scene.environment(home)))?.files).toBeLessThan(3);
  });
});

test('`verify --rolling` shows what it costs to read an archive on S3, and leaves archive classes alone', async () => {
  const media = photos('bucket', 4);
  const place = await openS3Place();
  await using scene = await openScene<S3Place>({ library: createLibrary(media), place, inProcess: true });
  expectExit(await scene.sync(), 0);
  const [frozen, cold, ...others] = await Promise.all(media.map(async ({ id }) => victimIn(scene, id)));
  place.store.changeClass('archive', `my/videos/${frozen!.key}`, 'DEEP_ARCHIVE');
  place.store.changeClass('archive', `my/videos/${cold!.key}`, 'GLACIER_IR');
  setDay(100);
  const verified = await scene.verify('--rolling', '90d');
  expectExit(verified, 0);
  expect(verified.finished.verified).toMatchObject({ files: 3, bytes: 120_000, unreadable: 1 });
  const plan = planned(verified);
  expect(plan).toMatchObject({
    files: 3,
    bytes: 120_000,
    requests: 3,
    unreadable: 1,
    prices: expect.stringMatching(/S3.*\d{4}/),
  });
  const gigabytes = 40_000 / 1024 ** 3;
  expect(plan?.usd).toBeCloseTo((2 * 0.0004 + 0.01) / 1_000 + gigabytes * (3 * 0.09 + 0.03), 8);
  expect(eventsOf(verified, 'file.unreadable')).toEqual([]);

  await place.damage(others[0]!.key, 100);
  setDay(200);
  const found = await scene.verify('--rolling', '90d');
  expectExit(found, 1);
  expect(eventsOf(found, 'file.damaged').map(({ key }) => key)).toEqual([others[0]!.key]);
});

test.each([
  [['sync', '--to', 's3://archive/gopro', '--rolling', '90d'], /`sync` does not read an archive on S3 again/],
  [['sync', '--to', './archive', '--rolling', '0d'], /"0d" is no number of days/],
  [['verify', '--to', './archive', '--rolling', 'often'], /"often" is no number of days/],
])('%j is a usage error', async (args, message) => {
  await using scene = await openScene();
  const run = await runCliHere(args, scene.environment());
  expect(run.exitCode).toBe(2);
  expect(run.stderr).toMatch(message);
});

test('`doctor` says whether `--rolling` suits the archive', async () => {
  await using scene = await openScene();
  const run = async (...args: string[]) => runCliHere(['doctor', ...args], scene.environment({ CLOUD_SYNC_ROLLING: '90d' }));
  const [bucket, folder] = [await run('--to', 's3://archive/gopro'), await run('--to', scene.place.to)];
  expect(bucket.stdout).toMatch(/fail +rolling +--rolling: `sync` does not read an archive on S3 again/);
  expect(folder.stdout).toMatch(/ok +rolling +no byte of an archive in a directory stays unread for more than 90 days/);
});
