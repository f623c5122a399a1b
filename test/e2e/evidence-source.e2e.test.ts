/** A provider that denies media, or that has other content now, removes no evidence of damage. */
import { describe, expect, test } from 'vitest';
import { createLibrary } from '../../src/sim/gopro/library/library.ts';
import { eventsOf } from '../support/cli.ts';
import { expectFiles, twoMedia, victimIn } from '../support/evidence.ts';
import { placeKinds, type DiskPlace } from '../support/places.ts';
import { expectExit, openScene, openSceneAt, type Scene } from '../support/scene.ts';
import { createMediaMaker } from '../support/simulated-media.ts';

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
