/**
 * Evidence of damage stays until the damage is repaired, and weak evidence never replaces strong
 * evidence. Each story is judged by the bytes in the archive and by the exit codes of the runs.
 */
import { cp, rename, rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createLibrary } from '../../src/sim/gopro/library/library.ts';
import { compare, fileOf, wantedOf } from '../support/archive.ts';
import { eventsOf } from '../support/cli.ts';
import {
  diskPlaceAt,
  openS3Place,
  placeKinds,
  type DiskPlace,
  type FoundFile,
  type PlaceKind,
  type S3Place,
} from '../support/places.ts';
import { expectExit, openScene, openSceneAt, type Scene } from '../support/scene.ts';
import { createMediaMaker } from '../support/simulated-media.ts';

/** A store keeps showing the checksum of the upload, so only `--deep` finds later damage there. */
const deepAt = (kind: PlaceKind) => (kind === 's3' ? ['--deep'] : []);

function twoMedia(seed: string) {
  const maker = createMediaMaker(seed);
  const [victim, other] = [maker.photo(), maker.chapters()];
  return { library: createLibrary([victim, other]), victim: victim.id, other: other.id };
}

/** From now on the media host has no file of a medium. */
function hideFiles({ cloud }: Scene, mediaId: string): void {
  cloud.faults.set([{ match: { host: 'cdn', mediaId }, action: { type: 'status', status: 404 } }]);
}

async function victimIn({ place }: Scene, mediaId: string): Promise<FoundFile> {
  return fileOf(await place.files(), mediaId);
}

/** Expects that the archive has every file of the library, and `surplus` other files. */
async function expectFiles({ place, cloud }: Scene, surplus: number): Promise<void> {
  const difference = compare(await place.files(), await wantedOf(cloud.library));
  expect({ missing: difference.missing, surplus: difference.surplus.length }).toEqual({ missing: [], surplus });
}

describe.each(placeKinds)('a damaged or missing file on %s while the media host has no replacement', (kind) => {
  const deep = deepAt(kind);

  test('a damaged file stays in the archive and is named as lost when the media host is down and the medium is then deleted', async () => {
    const { library, victim } = twoMedia(`damaged-${kind}`);
    await using scene = await openSceneAt(kind, { library, inProcess: true });
    expectExit(await scene.sync(), 0);
    const { key } = await victimIn(scene, victim);
    await scene.place.damage(key, 1_000);
    const damaged = await victimIn(scene, victim);
    expectExit(await scene.verify(...deep), 1);

    hideFiles(scene, victim);
    const down = await scene.sync();
    expectExit(down, 1);
    expect(await victimIn(scene, victim)).toEqual(damaged);
    library.trash(victim);
    for (const run of [await scene.sync(), await scene.sync()]) {
      expectExit(run, 1);
      expect(run.finished).toMatchObject({ outcome: 'partial', files: { lost: 1, failed: 0 } });
      const path = `${scene.place.to}/${key}`;
      expect(eventsOf(run, 'file.lost')).toEqual([
        expect.objectContaining({ mediaId: victim, key, path, mark: 'DAMAGED', lastCopy: path }),
      ]);
    }
    const verified = await scene.verify(...deep);
    expectExit(verified, 1);
    expect(verified.finished.verified).toMatchObject({ damaged: 1, lost: 1, missing: 0, unknown: 0 });
    expect(await victimIn(scene, victim)).toEqual(damaged);

    // Damaging the file again restores its bytes, as a backup would.
    await scene.place.damage(key, 1_000);
    expectExit(await scene.verify(...deep), 0);
    expectExit(await scene.sync(), 0);
  });

  test('a missing file is named as lost when the media host is down and the medium is then deleted', async () => {
    const { library, victim } = twoMedia(`missing-${kind}`);
    await using scene = await openSceneAt(kind, { library, inProcess: true });
    expectExit(await scene.sync(), 0);
    const { key } = await victimIn(scene, victim);
    await scene.place.remove(key);
    expectExit(await scene.verify(), 1);
    hideFiles(scene, victim);
    expectExit(await scene.sync(), 1);
    library.trash(victim);
    const run = await scene.sync();
    expectExit(run, 1);
    expect(eventsOf(run, 'file.lost')).toEqual([expect.objectContaining({ key, mark: 'MISSING', lastCopy: null })]);
    const verified = await scene.verify();
    expectExit(verified, 1);
    expect(eventsOf(verified, 'file.missing')).toEqual([expect.objectContaining({ key, lost: true, lastCopy: null })]);

    // The medium comes back from the trash.
    library.restore(victim);
    scene.cloud.faults.clear();
    expectExit(await scene.sync(), 0);
    await scene.expectComplete();
    expectExit(await scene.verify(...deep), 0);
  });

  test('a repair that fails because the media host is down succeeds in the first run after the host is back', async () => {
    const { library, victim } = twoMedia(`later-${kind}`);
    await using scene = await openSceneAt(kind, { library, inProcess: true });
    expectExit(await scene.sync(), 0);
    const { key } = await victimIn(scene, victim);
    await scene.place.damage(key, 1_000);
    expectExit(await scene.verify(...deep), 1);
    hideFiles(scene, victim);
    expectExit(await scene.sync(), 1);
    expectExit(await scene.verify(...deep), 1);
    scene.cloud.faults.clear();
    expectExit(await scene.sync(), 0);
    await expectFiles(scene, kind === 's3' ? 1 : 0);
    expectExit(await scene.verify(...deep), 0);
  });
});

describe('an archive whose tracker is lost', () => {
  test('`verify` finds files that are absent, cut or flipped on a disk, and `sync` replaces them', async () => {
    const maker = createMediaMaker('lost-tracker');
    const media = [maker.photo(), maker.photo(), maker.photo(), maker.chapters()];
    const library = createLibrary(media);
    await using scene = await openScene<DiskPlace>({ library, inProcess: true });
    expectExit(await scene.sync(), 0);
    const [absent, cut, flipped] = await Promise.all(media.slice(0, 3).map(async ({ id }) => victimIn(scene, id)));
    await scene.place.remove(absent!.key);
    await truncate(join(scene.place.directory, cut!.key), 1_000);
    await scene.place.damage(flipped!.key, 1_000);
    await rm(scene.home, { recursive: true });
    const verified = await scene.verify();
    expectExit(verified, 1);
    expect(verified.finished.verified).toMatchObject({ files: 5, missing: 1, damaged: 2, lost: 0, unknown: 0 });

    await rm(scene.home, { recursive: true });
    expectExit(await scene.verify(), 1);
    expectExit(await scene.sync(), 0);
    await scene.expectComplete();
    const aside = await diskPlaceAt(join(scene.place.directory, '.cloud-sync', 'quarantine')).files();
    expect(aside.map(({ sizeBytes }) => sizeBytes).toSorted((a, b) => a - b)).toEqual([1_000, flipped!.sizeBytes]);
    expectExit(await scene.verify(), 0);
  });

  test('`sync` alone replaces files that are absent or cut, and names them if the provider has lost them', async () => {
    const maker = createMediaMaker('lost-tracker-sync');
    const media = [maker.photo(), maker.photo(), maker.photo()];
    const library = createLibrary(media);
    await using scene = await openScene<DiskPlace>({ library, inProcess: true });
    expectExit(await scene.sync(), 0);
    const [absent, cut, gone] = await Promise.all(media.map(async ({ id }) => victimIn(scene, id)));
    await scene.place.remove(absent!.key);
    await truncate(join(scene.place.directory, cut!.key), 1_000);
    await scene.place.remove(gone!.key);
    library.trash(media[2]!.id);
    await rm(scene.home, { recursive: true });
    const run = await scene.sync();
    expectExit(run, 1);
    expect(eventsOf(run, 'file.lost').map(({ key }) => key)).toEqual([gone!.key]);
    await scene.expectComplete();
    expectExit(await scene.sync(), 1);
  });

  test('a copy in the quarantine is named as the last copy of a lost file', async () => {
    const { library, victim } = twoMedia('in-quarantine');
    await using scene = await openScene<DiskPlace>({ library, inProcess: true });
    expectExit(await scene.sync(), 0);
    const { key } = await victimIn(scene, victim);
    await scene.place.damage(key, 1_000);
    expectExit(await scene.verify(), 1);
    expectExit(await scene.sync(), 0);
    await scene.place.remove(key);
    library.trash(victim);
    await rm(scene.home, { recursive: true });
    const run = await scene.sync();
    expectExit(run, 1);
    const aside = await diskPlaceAt(join(scene.place.directory, '.cloud-sync', 'quarantine')).files();
    expect(aside).toHaveLength(1);
    const lastCopy = join(scene.place.directory, '.cloud-sync', 'quarantine', aside[0]!.key);
    expect(eventsOf(run, 'file.lost')).toEqual([expect.objectContaining({ key, lastCopy })]);
  });

  test('`verify` finds on S3 that files of a medium are absent, and `sync` fetches them', async () => {
    const { library, other } = twoMedia('lost-tracker-s3');
    await using scene = await openSceneAt('s3', { library, inProcess: true });
    expectExit(await scene.sync(), 0);
    const chapters = (await scene.place.files()).filter(({ key }) => key.includes(other));
    await scene.place.remove(chapters[1]!.key);
    await rm(scene.home, { recursive: true });
    const verified = await scene.verify();
    expectExit(verified, 1);
    expect(eventsOf(verified, 'medium.incomplete')).toEqual([
      expect.objectContaining({ mediaId: other, missing: 1, lost: false }),
    ]);
    expectExit(await scene.sync(), 0);
    await scene.expectComplete();
    expectExit(await scene.verify(), 0);
  });

  test('a file that is absent on S3 is lost if the provider no longer has the medium', async () => {
    const { library, other } = twoMedia('lost-both-s3');
    await using scene = await openSceneAt('s3', { library, inProcess: true });
    expectExit(await scene.sync(), 0);
    const chapters = (await scene.place.files()).filter(({ key }) => key.includes(other));
    await scene.place.remove(chapters[1]!.key);
    library.trash(other);
    await rm(scene.home, { recursive: true });
    for (const run of [await scene.sync(), await scene.sync()]) {
      expectExit(run, 1);
      expect(run.finished.files).toMatchObject({ lost: 1 });
      expect(eventsOf(run, 'medium.incomplete')).toEqual([expect.objectContaining({ mediaId: other, missing: 1, lost: true })]);
    }
    const verified = await scene.verify();
    expectExit(verified, 1);
    expect(verified.finished.verified).toMatchObject({ missing: 1, lost: 1 });
  });

  test('a store without checksums still knows from its records which files are absent', async () => {
    const { library, victim } = twoMedia('records-s3');
    const place = await openS3Place({ legacy: { noChecksums: true } });
    await using scene = await openScene<S3Place>({ library, place, inProcess: true });
    expectExit(await scene.sync(), 0);
    const { key } = await victimIn(scene, victim);
    await place.remove(key);
    await rm(scene.home, { recursive: true });
    const verified = await scene.verify();
    expectExit(verified, 1);
    expect(eventsOf(verified, 'file.missing').map((event) => event.key)).toEqual([key]);
    expectExit(await scene.sync(), 0);
    await scene.expectComplete();
  });
});

test.each(placeKinds)('`verify` judges files that an older copy of the tracker does not know, on %s', async (kind) => {
  const { library, victim } = twoMedia(`older-${kind}`);
  const later = createMediaMaker(`older-later-${kind}`).photo();
  await using scene = await openSceneAt(kind, { library, inProcess: true });
  expectExit(await scene.sync(), 0);
  await cp(scene.home, `${scene.home}.old`, { recursive: true });
  library.add(later);
  expectExit(await scene.sync(), 0);
  await rm(scene.home, { recursive: true });
  await rename(`${scene.home}.old`, scene.home);
  await scene.place.damage((await victimIn(scene, later.id)).key, 1_000);
  const verified = await scene.verify(...deepAt(kind));
  expectExit(verified, 1);
  expect(verified.finished.verified).toMatchObject({ files: 4, missing: 0, damaged: 1, unknown: 0 });
  expectExit(await scene.sync(), 0);
  await expectFiles(scene, kind === 's3' ? 1 : 0);
  expect(await victimIn(scene, victim)).toBeDefined();
});

async function openDamagedObject(seed: string) {
  const { library, victim } = twoMedia(seed);
  const place = await openS3Place();
  const scene = await openScene<S3Place>({ library, place, inProcess: true });
  expectExit(await scene.sync(), 0);
  const { key } = await victimIn(scene, victim);
  await place.damage(key, 1_000);
  expectExit(await scene.verify('--deep'), 1);
  const archiveObject = () => place.store.changeClass('archive', `my/videos/${key}`, 'DEEP_ARCHIVE');
  return { scene, library, victim, key, archiveObject };
}

async function expectSuperseded(scene: Scene, key: string): Promise<void> {
  const verified = await scene.verify();
  expectExit(verified, 0);
  expect(verified.finished.verified).toMatchObject({ damaged: 0, superseded: 1 });
  expect(eventsOf(verified, 'file.superseded').map((event) => event.key)).toEqual([key]);
}

describe('a damaged object on S3', () => {
  test('the checksum of an object in an archive class does not clear a mark that a deep read set', async () => {
    const { scene, victim, key, archiveObject } = await openDamagedObject('archive-class');
    await using _scene = scene;
    archiveObject();
    hideFiles(scene, victim);
    expectExit(await scene.sync(), 1);
    for (const args of [[], ['--deep']]) {
      const verified = await scene.verify(...args);
      expectExit(verified, 1);
      expect(eventsOf(verified, 'file.unreadable').map((event) => event.key)).toEqual([key]);
    }
    scene.cloud.faults.clear();
    expectExit(await scene.sync(), 0);
    await expectFiles(scene, 1);
    await expectSuperseded(scene, key);
  });

  test('an object in an archive class that has no mark counts as unreadable, and `verify --deep` still succeeds', async () => {
    const { library, victim } = twoMedia('archive-class-sound');
    const place = await openS3Place();
    await using scene = await openScene<S3Place>({ library, place, inProcess: true });
    expectExit(await scene.sync(), 0);
    const { key } = await victimIn(scene, victim);
    place.store.changeClass('archive', `my/videos/${key}`, 'DEEP_ARCHIVE');
    const verified = await scene.verify('--deep');
    expectExit(verified, 0);
    expect(verified.finished.verified).toMatchObject({ unreadable: 1, damaged: 0, missing: 0 });
    expectExit(await scene.verify(), 0);
  });

  test('a `verify` without `--deep` does not clear the mark of a damaged object', async () => {
    const { scene, key } = await openDamagedObject('shallow');
    await using _scene = scene;
    expectExit(await scene.verify(), 1);
    expectExit(await scene.sync(), 0);
    await expectFiles(scene, 1);
    await expectSuperseded(scene, key);
  });

  test('a momentary failure of the store is no evidence of damage', async () => {
    const { library, victim } = twoMedia('moment');
    const place = await openS3Place();
    await using scene = await openScene<S3Place>({ library, place, inProcess: true });
    expectExit(await scene.sync(), 0);
    const { key } = await victimIn(scene, victim);
    place.store.faults.push({
      match: { operation: 'GetObject', keyPart: victim },
      action: { kind: 'error', code: 'InternalError' },
    });
    const verified = await scene.verify('--deep');
    expectExit(verified, 1);
    expect(eventsOf(verified, 'file.unreadable').map((event) => event.key)).toEqual([key]);
    place.store.faults.length = 0;
    await scene.clearRequests();
    const run = await scene.sync();
    expectExit(run, 0);
    expect(scene.cloud.stats().cdnBytesSent).toBe(0);
    await scene.expectComplete();
    expectExit(await scene.verify('--deep'), 0);
  });
});

test('a marked object that the store fails to read does not keep the other files of its medium from a repair', async () => {
  const { library, other } = twoMedia('store-fails');
  const place = await openS3Place();
  await using scene = await openScene<S3Place>({ library, place, inProcess: true });
  expectExit(await scene.sync(), 0);
  const [first, second] = (await place.files()).filter(({ key }) => key.includes(other));
  await place.damage(first!.key, 1_000);
  await place.remove(second!.key);
  expectExit(await scene.verify('--deep'), 1);
  place.store.faults.push({
    match: { operation: 'GetObject', keyPart: first!.key },
    action: { kind: 'error', code: 'InternalError' },
  });
  const run = await scene.sync();
  expectExit(run, 0);
  expect(run.finished.files).toMatchObject({ archived: 2, failed: 0 });
  place.store.faults.length = 0;
  await expectFiles(scene, 1);
  expectExit(await scene.verify('--deep'), 0);
});

test('a missing object that comes back in an archive class stays marked until a next revision replaces it', async () => {
  const { library, victim } = twoMedia('back-in-archive');
  const place = await openS3Place();
  await using scene = await openScene<S3Place>({ library, place, inProcess: true });
  expectExit(await scene.sync(), 0);
  const { key } = await victimIn(scene, victim);
  const [marked, sound] = [`${scene.home}.marked`, `${scene.home}.sound`];
  await cp(scene.home, sound, { recursive: true });
  await place.remove(key);
  expectExit(await scene.verify(), 1);
  // Another copy of the tracker repairs the object, so the mark in this copy is outdated.
  await rename(scene.home, marked);
  await rename(sound, scene.home);
  expectExit(await scene.verify(), 1);
  expectExit(await scene.sync(), 0);
  await rm(scene.home, { recursive: true });
  await rename(marked, scene.home);
  place.store.changeClass('archive', `my/videos/${key}`, 'DEEP_ARCHIVE');
  const run = await scene.sync();
  expectExit(run, 0);
  expect(eventsOf(run, 'file.archived').map(({ mediaId, revision }) => [mediaId, revision])).toEqual([[victim, 2]]);
  expect(await place.files()).toContainEqual(expect.objectContaining({ key }));
});

/** Denies the files of media that the listing shows. */
function deny({ cloud }: Scene, ...mediaIds: readonly string[]): void {
  cloud.faults.set(
    mediaIds.map((mediaId) => ({ match: { endpoint: 'download', mediaId }, action: { type: 'status', status: 404 } })),
  );
}

test.each(placeKinds)(
  'a medium that is listed but answers 404 each night fails from the second night on, on %s',
  async (kind) => {
    const { library, victim } = twoMedia(`denied-${kind}`);
    await using scene = await openSceneAt(kind, { library, inProcess: true });
    deny(scene, victim);
    const first = await scene.sync();
    expectExit(first, 0);
    expect(first.finished.files).toMatchObject({ failed: 0, sourceDeleted: 1 });
    for (const args of [[], ['--full'], []]) {
      const run = await scene.sync(...args);
      expectExit(run, 1);
      expect(run.finished.files).toMatchObject({ failed: 1, sourceDeleted: 0 });
      expect(eventsOf(run, 'medium.failed')).toEqual([
        expect.objectContaining({ mediaId: victim, code: 'SOURCE_GONE', reason: expect.stringContaining('listing') }),
      ]);
    }
    scene.cloud.faults.clear();
    expectExit(await scene.sync(), 0);
    await scene.expectComplete();
    // After a run has archived the medium, its first denial is again no failure.
    library.touch(victim);
    deny(scene, victim);
    expectExit(await scene.sync(), 0);
    expectExit(await scene.sync(), 1);
  },
);

test('six media that are listed but answer 404 each night do not count as a change of the API', async () => {
  const maker = createMediaMaker('many-denied');
  const ghosts = Array.from({ length: 6 }, () => maker.photo());
  const ids = ghosts.map(({ id }) => id);
  const library = createLibrary([maker.photo(), ...ghosts.slice(0, 4)]);
  await using scene = await openScene({ library, inProcess: true });
  deny(scene, ...ids);
  expectExit(await scene.sync(), 0);
  for (const ghost of ghosts.slice(4)) library.add(ghost);
  const second = await scene.sync();
  expectExit(second, 1);
  expect(second.finished.files).toMatchObject({ failed: 4, sourceDeleted: 2 });
  const third = await scene.sync();
  expectExit(third, 1);
  expect(third.finished.files).toMatchObject({ failed: 6, sourceDeleted: 0 });
  scene.cloud.faults.clear();
  expectExit(await scene.sync(), 0);
  await scene.expectComplete();
});

describe.each([
  ['of another size', { sizeBytes: 61_001 }],
  ['of the same size', {}],
])('a repair that receives other content %s', (name, size) => {
  test.each(placeKinds)('archives it as a next revision, and the missing file stays missing, on %s', async (kind) => {
    const { library, victim } = twoMedia(`other-missing-${name}-${kind}`);
    await using scene = await openSceneAt(kind, { library, inProcess: true });
    expectExit(await scene.sync(), 0);
    const { key } = await victimIn(scene, victim);
    await scene.place.remove(key);
    expectExit(await scene.verify(), 1);
    library.replaceContent(victim, { label: 'source' }, size);
    for (const archived of [1, 0]) {
      const run = await scene.sync();
      expectExit(run, 1);
      expect(run.finished.files).toMatchObject({ archived, failed: 0, lost: 1 });
      expect(eventsOf(run, 'file.lost').map((event) => [event.key, event.mark])).toEqual([[key, 'MISSING']]);
      expect((await victimIn(scene, victim)).key).not.toBe(key);
      await scene.expectComplete();
    }
  });

  test('archives it as a next revision, and the damaged file keeps its place on a disk', async () => {
    const { library, victim } = twoMedia(`other-damaged-${name}`);
    await using scene = await openScene<DiskPlace>({ library, inProcess: true });
    expectExit(await scene.sync(), 0);
    const { key } = await victimIn(scene, victim);
    await scene.place.damage(key, 1_000);
    const damaged = await victimIn(scene, victim);
    expectExit(await scene.verify(), 1);
    library.replaceContent(victim, { label: 'source' }, size);
    const run = await scene.sync();
    expect(eventsOf(run, 'file.setAside')).toEqual([]);
    expect((await scene.place.files()).filter((file) => file.key === key)).toEqual([damaged]);
    await expectFiles(scene, 1);
  });
});
