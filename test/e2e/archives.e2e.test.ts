/** Archives and trackers that are shared, moved away, lost, damaged or tampered with. */
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../src/lib/clock.ts';
import { createLibrary } from '../../src/sim/gopro/library/library.ts';
import { openSqliteTracker } from '../../src/tracker/sqlite/index.ts';
import { compare, expectExactly, fileOf, wantedOf } from '../support/archive.ts';
import { eventsOf, type RunningCli } from '../support/cli.ts';
import { collect } from '../support/collect.ts';
import { createMediaMaker, partBytes } from '../support/simulated-media.ts';
import { diskPlaceAt, openDiskPlace, openS3Place, placeKinds, type DiskPlace } from '../support/places.ts';
import { expectExit, openScene, openSceneAt, type Scene } from '../support/scene.ts';
import { makeTempDir } from '../support/temp-dir.ts';
import { waitUntil } from '../support/wait-until.ts';

function someLibrary(seed: string) {
  const maker = createMediaMaker(seed);
  return createLibrary([maker.photo(), maker.chapters(), maker.burst(), maker.video(partBytes + 1_000), maker.photo()]);
}

function onePhoto(seed: string) {
  return createLibrary([createMediaMaker(seed).photo()]);
}

/**
 * Settings for two runs that meet. A paused transfer does not time out, and the term of the lease
 * is shorter than the pause.
 */
const meeting = { stallMs: 30_000, environment: { CLOUD_SYNC_LEASE_TERM_MS: '2000' } };

/** Starts a run and holds it in the middle of its transfer. */
async function startHeldRun(scene: Scene): Promise<RunningCli> {
  scene.cloud.faults.set([
    { match: { endpoint: 'file', method: 'GET', attempt: 1 }, action: { type: 'stall', afterBytes: 1_000, forMs: 8_000 } },
  ]);
  const run = scene.startSync();
  await waitUntil('the run waits', () =>
    scene.cloud.requests.some(({ endpoint, bytesSent }) => endpoint === 'file' && bytesSent === 1_000),
  );
  return run;
}

describe('two runs at the same time', () => {
  test.each(placeKinds)('a second run from the same home ends as locked, and the first run completes, on %s', async (kind) => {
    await using scene = await openSceneAt(kind, { library: onePhoto(`one-home-${kind}`), ...meeting });
    const first = await startHeldRun(scene);
    const second = await scene.sync();
    expectExit(second, 4);
    expect(second.finished).toMatchObject({
      outcome: 'locked',
      error: { code: 'LOCKED', message: expect.stringContaining(`process ${first.pid}`) },
    });
    expectExit(await scene.verify(), 4);
    expectExit(await first.ended, 0);
    await scene.expectComplete();
  });

  test('a second run from another home to the same directory ends as locked, and the first run completes', async () => {
    await using scene = await openScene({ library: onePhoto('two-homes'), ...meeting });
    await using other = await makeTempDir();
    const first = await startHeldRun(scene);
    const environment = { CLOUD_SYNC_HOME: join(other.path, 'home') };
    const second = await scene.startSync({ environment }).ended;
    expectExit(second, 4);
    expectExit(await first.ended, 0);
    await scene.expectComplete();
    // After the first run, a run from the other home adopts the files and fetches nothing.
    await scene.clearRequests();
    expectExit(await scene.startSync({ environment }).ended, 0);
    expect(scene.cloud.stats().cdnBytesSent).toBe(0);
    await scene.expectComplete();
  });

  test('two runs that start at the same instant archive every file once', async () => {
    await using scene = await openScene({ library: someLibrary('same-instant') });
    const runs = await Promise.all([scene.startSync().ended, scene.startSync().ended]);
    const codes = runs.map(({ exitCode }) => exitCode);
    expect(codes.every((code) => code === 0 || code === 4)).toBe(true);
    expect(codes).toContain(0);
    await scene.expectComplete();
    const wanted = await wantedOf(scene.cloud.library);
    expect(scene.cloud.stats().cdnBytesSent).toBe(wanted.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0));
  });
});

test('a second archive of the same home is filled completely', async () => {
  await using scene = await openScene({ library: someLibrary('second'), inProcess: true });
  expectExit(await scene.sync(), 0);
  await using second = await openDiskPlace();
  expectExit(await scene.run('sync', '--to', second.to, '--json'), 0);
  expectExactly(await second.files(), await wantedOf(scene.cloud.library));
  const third = await scene.sync();
  expectExit(third, 0);
  expect(third.finished.files.archived).toBe(0);
});

test('a run writes nothing if the archive’s disk is not mounted', async () => {
  await using scene = await openScene<DiskPlace>({ library: someLibrary('unmounted'), inProcess: true });
  const { directory } = scene.place;
  expectExit(await scene.sync(), 0);
  await rename(directory, `${directory}.elsewhere`);
  for (const isMountPoint of [true, false]) {
    if (isMountPoint) await mkdir(directory);
    for (const run of [await scene.sync(), await scene.sync('--dry-run'), await scene.verify()]) {
      expectExit(run, 6);
      expect(run.finished.error).toMatchObject({ code: 'ARCHIVE_UNKNOWN', hint: expect.stringContaining('mounted') });
    }
    if (isMountPoint) expect(await readdir(directory)).toEqual([]);
    await rm(directory, { recursive: true, force: true });
  }
  await rename(`${directory}.elsewhere`, directory);
  expectExit(await scene.sync(), 0);
  await scene.expectComplete();
});

test('an archive on S3 stays known with any spelling of its endpoint', async () => {
  const environment: Record<string, string> = {};
  const place = await openS3Place();
  await using scene = await openScene({ library: onePhoto('spelling'), place, environment, inProcess: true });
  expectExit(await scene.sync(), 0);
  await place.remove('.cloud-sync/archive.json');
  const known = join(scene.home, 'archives.json');
  for (const written of ['http:', 'HTTP:']) {
    await writeFile(known, (await readFile(known, 'utf8')).replace('http:', written));
    environment['CLOUD_SYNC_S3_ENDPOINT'] = `${place.store.endpoint.replace('http:', 'HTTP:')}//`;
    const run = await scene.sync();
    expectExit(run, 6);
    expect(run.finished.error?.code).toBe('ARCHIVE_UNKNOWN');
  }
});

test('a run changes nothing if another archive is in the place of a known archive', async () => {
  await using scene = await openScene<DiskPlace>({ library: someLibrary('swapped'), inProcess: true });
  await using other = await openDiskPlace();
  expectExit(await scene.sync(), 0);
  expectExit(await scene.run('sync', '--to', other.to, '--type', 'Burst', '--json'), 0);
  await rename(scene.place.directory, `${scene.place.directory}.elsewhere`);
  await rename(other.directory, scene.place.directory);
  const before = await scene.place.files();
  const run = await scene.sync();
  expectExit(run, 6);
  expect(run.finished.error?.code).toBe('ARCHIVE_UNKNOWN');
  expect(await scene.place.files()).toEqual(before);
});

describe.each(placeKinds)('the tracker of an archive on %s', (kind) => {
  test('a lost tracker is rebuilt from the archive without a download, with the proof of each file', async () => {
    await using scene = await openSceneAt(kind, {});
    expectExit(await scene.sync(), 0);
    const wanted = await wantedOf(scene.cloud.library);
    const before = await proofsIn(scene);
    expect(before.size).toBe(wanted.length);
    await rm(scene.home, { recursive: true });
    await expectAdoption(scene, wanted.length, before);
  });

  test('a tracker file that holds garbage is set aside, and without a backup the tracker is rebuilt', async () => {
    await using scene = await openSceneAt(kind, { library: someLibrary(`garbage-${kind}`), inProcess: true });
    expectExit(await scene.sync(), 0);
    const wanted = await wantedOf(scene.cloud.library);
    const path = await trackerOf(scene);
    await writeFile(path, 'This is no database. '.repeat(1_000));
    await rm(`${path}.backup`);
    const run = await expectAdoption(scene, wanted.length);
    const [warning] = eventsOf(run, 'warning').filter(({ message }) => message.includes(path));
    expect(warning?.message).toMatch(/damaged/);
    const asides = (await readdir(join(path, '..'))).filter((name) => name.includes('corrupt'));
    expect(asides).not.toEqual([]);
    expect(await readFile(join(path, '..', asides[0] ?? ''), 'utf8')).toContain('This is no database.');
  });
});

/** Expects that the next run adopts all files and sends no request about complete media. */
async function expectAdoption(scene: Scene, files: number, proofs?: Proofs) {
  await scene.clearRequests();
  const run = await scene.sync();
  expectExit(run, 0);
  expect(eventsOf(run, 'archive.adopted')).toEqual([expect.objectContaining({ files })]);
  expect(run.finished).toMatchObject({ files: { archived: 0, skipped: files }, bytes: { archived: 0, fetched: 0 } });
  expect(scene.cloud.stats().cdnBytesSent).toBe(0);
  const complete = new Set((await wantedOf(scene.cloud.library)).map(({ mediaId }) => mediaId));
  const asked = scene.cloud.requests.filter(({ mediaId }) => mediaId !== undefined && complete.has(mediaId));
  expect(asked.map(({ endpoint, mediaId }) => `${endpoint} ${mediaId}`)).toEqual([]);
  await scene.expectComplete();
  if (proofs) expect(await proofsIn(scene)).toEqual(proofs);
  expectExit(await scene.verify(), 0);
  return run;
}

/** The claim and the proof of each archived file, by key. */
type Proofs = ReadonlyMap<string, readonly (string | null)[]>;

async function proofsIn(scene: Scene): Promise<Proofs> {
  const path = await trackerOf(scene);
  const tracker = await openSqliteTracker({ path, archiveId: basename(dirname(path)), clock: systemClock });
  const rows = (await collect(tracker.rows(['COMPLETED']))).flatMap(({ originals }) => originals);
  await tracker.close();
  return new Map(rows.map(({ original, claim, proof }) => [original.key, [claim, proof]]));
}

async function trackerOf({ home }: Scene): Promise<string> {
  const [archive] = await readdir(join(home, 'archives'));
  return join(home, 'archives', archive ?? '', 'tracker.sqlite');
}

describe.each(placeKinds)('damage on %s', (kind) => {
  /** A store keeps showing the checksum of the upload, so only `--deep` finds later damage. */
  const verifyArgs = kind === 's3' ? ['--deep'] : [];

  test('`verify` reports a damaged file, and the next `sync` repairs it', async () => {
    const library = someLibrary(`damage-${kind}`);
    await using scene = await openSceneAt(kind, { library, inProcess: true });
    expectExit(await scene.sync(), 0);
    const wanted = await wantedOf(library);
    const victim = (await scene.place.files()).find(({ sizeBytes }) => sizeBytes > partBytes);
    if (!victim) throw new Error('the library has a file of two parts');
    await scene.place.damage(victim.key, partBytes + 7);

    const verified = await scene.verify(...verifyArgs);
    expectExit(verified, 1);
    expect(eventsOf(verified, 'file.damaged')).toEqual([
      expect.objectContaining({ key: victim.key, path: `${scene.place.to}/${victim.key}` }),
    ]);
    expect(verified.finished.verified).toMatchObject({ files: wanted.length, missing: 0, damaged: 1, unknown: 0 });

    await scene.clearRequests();
    const repaired = await scene.sync();
    expectExit(repaired, 0);
    expect(repaired.finished.files.archived).toBe(1);
    expect(scene.cloud.stats().cdnBytesSent).toBe(victim.sizeBytes);
    const { missing, surplus } = compare(await scene.place.files(), wanted);
    expect(missing).toEqual([]);
    if (kind === 'disk') {
      // The run moved the damaged file to the quarantine folder, so the good file has the old key
      // and no second copy exists.
      expect(surplus).toEqual([]);
      const [aside] = eventsOf(repaired, 'file.setAside');
      expect(aside).toMatchObject({ key: victim.key, movedTo: expect.stringMatching(/^\.cloud-sync\/quarantine\//) });
      expect(await diskPlaceAt(join(scene.place.to, '.cloud-sync', 'quarantine')).files()).toHaveLength(1);
    } else {
      expect(surplus).toEqual([`${victim.key} (${victim.sizeBytes} bytes)`]);
      expect(eventsOf(repaired, 'file.archived')).toEqual([expect.objectContaining({ revision: 2 })]);
    }
    expectExit(await scene.verify(...verifyArgs), 0);
    // A further run changes nothing.
    await scene.clearRequests();
    expectExit(await scene.sync(), 0);
    expect(scene.cloud.requests.filter(({ mediaId }) => mediaId !== undefined)).toEqual([]);
    await rm(scene.home, { recursive: true });
    expectExit(await scene.sync(), 0);
    expect(scene.cloud.stats().cdnBytesSent).toBe(0);
  });

  test('a missing file is reported and fetched again, and foreign files are listed and stay', async () => {
    const library = someLibrary(`missing-${kind}`);
    await using scene = await openSceneAt(kind, { library, inProcess: true });
    expectExit(await scene.sync(), 0);
    const wanted = await wantedOf(library);
    const [medium] = [...library.media()];
    const victim = fileOf(await scene.place.files(), medium?.id ?? '');
    await scene.place.remove(victim.key);
    const foreign = ['notes.txt', 'gopro-videos/2026/01/mine.mp4', 'a/.cloud-sync/not-ours.txt'];
    for (const key of foreign) await scene.place.addForeign(key, `not ours: ${key}`);

    const verified = await scene.verify();
    expectExit(verified, 1);
    expect(eventsOf(verified, 'file.missing').map(({ key }) => key)).toEqual([victim.key]);
    expect(
      eventsOf(verified, 'file.unknown')
        .map(({ key }) => key)
        .toSorted(),
    ).toEqual(foreign.toSorted());
    expect(verified.finished.verified).toMatchObject({ missing: 1, damaged: 0, unknown: 3 });

    const run = await scene.sync();
    expectExit(run, 0);
    expect(run.finished.files.archived).toBe(1);
    const { missing, surplus } = compare(await scene.place.files(), wanted);
    expect({ missing, surplus: surplus.length }).toEqual({ missing: [], surplus: 3 });
    expect(fileOf(await scene.place.files(), medium?.id ?? '').key).toBe(victim.key);
    const again = await scene.verify();
    expectExit(again, 0);
    expect(again.finished.verified).toMatchObject({ missing: 0, damaged: 0, unknown: 3 });
  });

  test('a run never replaces a foreign file that has the key of an original', async () => {
    const library = someLibrary(`taken-${kind}`);
    await using scene = await openSceneAt(kind, { library, inProcess: true });
    // `model` archives the same library, so its keys are those that `scene` will choose.
    await using model = await openScene({ library, inProcess: true });
    expectExit(await model.sync(), 0);
    const [victim] = await model.place.files();
    await scene.place.addForeign(victim?.key ?? '', 'I was here first.');
    const run = await scene.sync();
    expectExit(run, 0);
    const { missing, surplus } = compare(await scene.place.files(), await wantedOf(library));
    expect({ missing, surplus }).toEqual({ missing: [], surplus: [`${victim?.key} (17 bytes)`] });
    expect(eventsOf(run, 'warning').some(({ message }) => message.includes(victim?.key ?? ''))).toBe(true);
    expectExit(await scene.verify(), 0);
  });
});
