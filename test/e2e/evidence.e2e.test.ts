/**
 * Evidence of damage stays until the damage is repaired, and weak evidence never replaces strong
 * evidence. Each story is judged by the bytes in the archive and by the exit codes of the runs.
 */
import { cp, rename, rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createLibrary } from '../../src/sim/gopro/library/library.ts';
import { eventsOf } from '../support/cli.ts';
import { deepAt, expectFiles, hideFiles, twoMedia, victimIn } from '../support/evidence.ts';
import { diskPlaceAt, openS3Place, placeKinds, type DiskPlace, type S3Place } from '../support/places.ts';
import { expectExit, openScene, openSceneAt } from '../support/scene.ts';
import { createMediaMaker } from '../support/simulated-media.ts';

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
