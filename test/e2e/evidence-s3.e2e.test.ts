/**
 * What an object store says of a damaged or missing object never replaces what its bytes have
 * shown.
 */
import { cp, rename, rm } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { eventsOf } from '../support/cli.ts';
import { expectFiles, hideFiles, twoMedia, victimIn } from '../support/evidence.ts';
import { openS3Place, type S3Place } from '../support/places.ts';
import { expectExit, openScene, type Scene } from '../support/scene.ts';

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
