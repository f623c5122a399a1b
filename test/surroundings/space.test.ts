/** A destination that has space for some files, but not for all. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Fault } from '../../src/sim/gopro/faults/faults.ts';
import { createLibrary, type SimMedium } from '../../src/sim/gopro/library/library.ts';
import { eventsOf } from '../support/cli.ts';
import { openDiskPlace, openS3Place, placeKinds, type DiskPlace } from '../support/places.ts';
import { expectExit, mediaRequests, openScene, type Scene, type SceneRun } from '../support/scene.ts';
import { createMediaMaker } from '../support/simulated-media.ts';
import { startStoreFilter } from '../support/store-filter.ts';

const mib = 1024 * 1024;

/** Opens a scene on a small disk, which keeps 8 MiB free. `media` are sorted, oldest first. */
async function openSmallDisk(
  media: readonly SimMedium[],
  { faults = [], ...disk }: { readonly bytes: number; readonly error?: string; readonly faults?: readonly Fault[] },
): Promise<Scene<DiskPlace>> {
  const place = await openDiskPlace();
  const environment = {
    NODE_OPTIONS: `--import=${new URL('../support/small-disk.ts', import.meta.url).href}`,
    SMALL_DISK: place.directory,
    SMALL_DISK_BYTES: String(disk.bytes),
    ...(disk.error !== undefined && { SMALL_DISK_ERROR: disk.error }),
  };
  return openScene({ library: createLibrary(media), place, environment, faults });
}

function archivedIds(run: SceneRun): string[] {
  return eventsOf(run, 'file.archived').map(({ mediaId }) => mediaId);
}

async function draftsIn({ directory }: DiskPlace): Promise<string[]> {
  return readdir(join(directory, '.cloud-sync', 'partial')).catch(() => []);
}

describe('a file that does not fit', () => {
  test.concurrent('fails before its first byte, and all other files are archived', async () => {
    const maker = createMediaMaker('no-space');
    const photos = [maker.photo(2 * mib), maker.photo(90_000), maker.photo(3 * mib)];
    const film = maker.video(60 * mib);
    await using scene = await openSmallDisk([...photos, film], { bytes: 64 * mib });
    const run = await scene.sync();
    expectExit(run, 1);
    expect(run.finished).toMatchObject({ outcome: 'partial', files: { archived: 3, failed: 1 } });
    expect(new Set(archivedIds(run))).toEqual(new Set(photos.map(({ id }) => id)));
    const [failure] = eventsOf(run, 'file.failed');
    expect(failure).toMatchObject({ mediaId: film.id, code: 'NO_SPACE', status: 'FAILED' });
    expect(failure?.reason).toMatch(new RegExp(`file of ${60 * mib} bytes \\(\\d+ bytes are free\\)`));
    expect(mediaRequests(scene).filter((request) => request === `file GET ${film.id}`)).toEqual([]);
    expect(await draftsIn(scene.place)).toEqual([]);
  });

  test.concurrent('fails alone if the quota of the user ends in the middle, and its bytes make room for others', async () => {
    const maker = createMediaMaker('quota');
    const photos = [maker.photo(5 * mib), maker.photo(4 * mib)];
    const film = maker.video(40 * mib);
    await using scene = await openSmallDisk([...photos, film], { bytes: 20 * mib, error: 'EDQUOT' });
    const run = await scene.sync('--concurrency', '1');
    expectExit(run, 1);
    expect(eventsOf(run, 'file.failed')).toMatchObject([{ mediaId: film.id, code: 'NO_SPACE' }]);
    expect(archivedIds(run)).toHaveLength(2);
    expect(await draftsIn(scene.place)).toEqual([]);
  });

  test.concurrent('is one of two large files that need the same space, and the other one is archived', async () => {
    const maker = createMediaMaker('rivals');
    const films = [maker.video(34 * mib), maker.video(35 * mib)];
    await using scene = await openSmallDisk(films, { bytes: 64 * mib });
    const run = await scene.sync();
    expectExit(run, 1);
    expect(run.finished.files).toMatchObject({ archived: 1, failed: 1 });
    expect(eventsOf(run, 'file.failed')).toMatchObject([{ code: 'NO_SPACE' }]);
  });

  test.concurrent('fails alone if its size is unknown, and its bytes make room for others', async () => {
    const maker = createMediaMaker('unknown');
    const photos = [maker.photo(2 * mib), maker.photo(90_000), maker.photo(3 * mib)];
    const film = maker.video(45 * mib);
    const noLength = { match: { host: 'cdn', mediaId: film.id }, action: { type: 'missingLength' } } as const;
    await using scene = await openSmallDisk([...photos, film], { bytes: 36 * mib, faults: [noLength] });
    const run = await scene.sync('--concurrency', '1');
    expectExit(run, 1);
    expect(eventsOf(run, 'file.failed')).toMatchObject([{ mediaId: film.id, code: 'NO_SPACE' }]);
    expect(archivedIds(run)).toHaveLength(3);
    expect(await draftsIn(scene.place)).toEqual([]);
  });

  test.concurrent('beside a file in transfer is archived when that file has failed', async () => {
    const maker = createMediaMaker('reserved');
    const later = [maker.video(30 * mib), maker.photo(12 * mib)];
    const film = maker.video(45 * mib);
    const refused: Fault = { match: { host: 'cdn', method: 'GET', mediaId: film.id }, action: { type: 'status', status: 404 } };
    // The film begins first and reserves its space.
    const delays = later.map(({ id }): Fault => ({
      match: { host: 'cdn', method: 'HEAD', mediaId: id },
      action: { type: 'delay', ms: 700 },
    }));
    await using scene = await openSmallDisk([...later, film], { bytes: 64 * mib, faults: [refused, ...delays] });
    const run = await scene.sync();
    expectExit(run, 1);
    expect(eventsOf(run, 'file.failed')).toMatchObject([{ mediaId: film.id, code: 'HTTP_STATUS' }]);
    expect(new Set(archivedIds(run))).toEqual(new Set(later.map(({ id }) => id)));
  });

  test.concurrent('is never quarantined, and is archived once there is space', async () => {
    const maker = createMediaMaker('patience');
    const film = maker.video(30 * mib);
    await using scene = await openSmallDisk([maker.photo(), film], { bytes: 34 * mib });
    expectExit(await scene.sync('--quarantine-after', '1'), 1);
    expectExit(await scene.sync('--quarantine-after', '1'), 1);
    const roomy = scene.startSync({ environment: { SMALL_DISK_BYTES: String(100 * mib) } });
    expect(await roomy.ended).toMatchObject({ exitCode: 0 });
    await scene.expectComplete();
  });
});

describe('a destination is full', () => {
  test.concurrent('if less than 16 MiB are free', async () => {
    const maker = createMediaMaker('tight');
    await using scene = await openSmallDisk([maker.photo(5 * mib), maker.photo(12 * mib)], { bytes: 15 * mib });
    const run = await scene.sync();
    expectExit(run, 6);
    expect(run.finished.error?.code).toBe('DESTINATION_FULL');
  });

  test.concurrent('if a small file finds no space', async () => {
    const maker = createMediaMaker('small-full');
    await using scene = await openSmallDisk([maker.photo(5 * mib), maker.photo(900_000)], { bytes: 300_000, error: 'EDQUOT' });
    const run = await scene.sync('--concurrency', '1');
    expectExit(run, 6);
    expect(run.finished).toMatchObject({ error: { code: 'DESTINATION_FULL' }, files: { archived: 0 } });
  });

  test.concurrent('if none of the files that were tried after the first one fits', async () => {
    const maker = createMediaMaker('all-large');
    const films = [30, 31, 32, 33].map((size) => maker.video(size * mib));
    await using scene = await openSmallDisk(films, { bytes: 36 * mib });
    const run = await scene.sync();
    expectExit(run, 6);
    expect(run.finished).toMatchObject({ error: { code: 'DESTINATION_FULL' }, files: { archived: 0, failed: 4 } });
  });
});

test.concurrent('a quota refuses many new films, and all older photos are archived before the run ends', async () => {
  const maker = createMediaMaker('quota-films');
  const photos = [maker.photo(80_000), maker.photo(90_000)];
  const films = Array.from({ length: 14 }, () => maker.video(6 * mib));
  await using scene = await openSmallDisk([...photos, ...films], { bytes: 4 * mib, error: 'EDQUOT' });
  const run = await scene.sync('--concurrency', '1');
  expectExit(run, 6);
  expect(new Set(archivedIds(run))).toEqual(new Set(photos.map(({ id }) => id)));
});

describe('a store is full', () => {
  test.concurrent('if it refuses ten files in a row', async () => {
    const maker = createMediaMaker('store-full');
    const films = Array.from({ length: 20 }, () => maker.video(2 * mib));
    const place = await openS3Place();
    const full = { status: 507, code: 'XMinioStorageFull', message: 'The store is full.' };
    await using filter = await startStoreFilter(place.store.endpoint, {
      answer: ({ method, url }) => (method === 'PUT' && films.some(({ id }) => url.includes(id)) ? full : undefined),
    });
    const environment = { CLOUD_SYNC_S3_ENDPOINT: filter.endpoint };
    await using scene = await openScene({ library: createLibrary(films), place, environment });
    const run = await scene.sync('--concurrency', '1');
    expectExit(run, 6);
    expect(run.finished.error?.code).toBe('DESTINATION_FULL');
    expect(eventsOf(run, 'file.failed')).toHaveLength(9);
  });
});

/** More than any disk, more than S3 takes, and more than a number can hold exactly. */
const claims = [9e15, 6 * 1024 ** 4, Number.MAX_SAFE_INTEGER] as const;

test.concurrent.each(placeKinds)('a file whose host claims an absurd size fails alone in an archive on %s', async (kind) => {
  const maker = createMediaMaker(`claims-${kind}`);
  const honest = maker.photo();
  const liars = claims.map(() => maker.photo());
  const faults = liars.map(({ id }, index) => ({
    match: { host: 'cdn', endpoint: 'file', method: 'HEAD', mediaId: id } as const,
    action: { type: 'headLies', extraBytes: claims[index]! } as const,
  }));
  const place = kind === 'disk' ? await openDiskPlace() : await openS3Place();
  await using scene = await openScene({ library: createLibrary([honest, ...liars]), faults, place });
  const run = await scene.sync();
  expectExit(run, 1);
  const failures = eventsOf(run, 'file.failed').map(({ mediaId, code }) => `${mediaId} ${code}`);
  const code = kind === 'disk' ? 'NO_SPACE' : 'TOO_LARGE';
  expect(failures.toSorted()).toEqual(
    liars
      .slice(0, 2)
      .map(({ id }) => `${id} ${code}`)
      .toSorted(),
  );
  // GET states the true size of the third one.
  expect(archivedIds(run).toSorted()).toEqual([honest.id, liars[2]!.id].toSorted());
});
