/** The life of an archive: it is filled, verified, interrupted, and left without its tracker. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createLibrary } from '../../../src/sim/gopro/library/library.ts';
import { expectNothingWrong, fileOf, wantedOf } from '../../support/archive.ts';
import { eventsOf } from '../../support/cli.ts';
import { createMediaMaker, partBytes } from '../../support/simulated-media.ts';
import { filesBelow, type Place } from '../../support/places.ts';
import { chooseSeed, createRandom } from '../../support/random.ts';
import { createRefetchCounter } from '../../support/refetched.ts';
import { expectExit, openScene, type Scene } from '../../support/scene.ts';
import { waitUntil } from '../../support/wait-until.ts';
import type { ServerName } from './servers.ts';

const kills = 10;
const concurrency = 3;

/** Adds the tests. `openPlace` gives each test a bucket of its own on the server. */
export function archiveLife(server: ServerName, openPlace: () => Promise<Place>): void {
  test('a library with every shape is archived once, bit for bit', async () => {
    await using scene = await openScene({ place: await openPlace(), preset: 'small' });
    expectExit(await scene.sync(), 0);
    await scene.expectComplete();
    await expectNothingToDo(scene);
    for (const depth of [[], ['--deep']]) {
      const run = await scene.verify(...depth);
      expectExit(run, 0);
      expect(run.finished.verified).toMatchObject({ missing: 0, damaged: 0, unknown: 0 });
    }
    await scene.expectNoSecrets();
  });

  test('damaged and removed files are reported and archived again', async () => {
    const maker = createMediaMaker(`harm-${server}`);
    const [damaged, removed] = [maker.video(partBytes + 999), maker.photo()];
    const library = createLibrary([damaged, removed, maker.photo()]);
    await using scene = await openScene({ place: await openPlace(), library });
    expectExit(await scene.sync(), 0);
    const files = await scene.place.files();
    const harmed = fileOf(files, damaged.id);
    await scene.place.damage(harmed.key, 12_345);
    await scene.place.remove(fileOf(files, removed.id).key);
    await scene.place.addForeign('notes.txt', 'mine');

    const verified = await scene.verify();
    expectExit(verified, 1);
    expect(eventsOf(verified, 'file.damaged').map(({ key }) => key)).toEqual([harmed.key]);
    expect(eventsOf(verified, 'file.missing').map(({ key }) => key)).toEqual([fileOf(files, removed.id).key]);
    expect(eventsOf(verified, 'file.unknown').map(({ key }) => key)).toEqual(['notes.txt']);

    expectExit(await scene.sync(), 0);
    // The damaged file stays at its key. The good file has the key of the next revision.
    const { key } = harmed;
    const after = (await scene.place.files()).filter((file) => file.key !== key && file.key !== 'notes.txt');
    expectNothingWrong(after, await wantedOf(library));
    expect(after).toHaveLength(library.size);
    expectExit(await scene.verify('--deep'), 0);
  });

  test(`an archive loses nothing after ${kills} kills in the middle of multipart uploads`, async () => {
    const seed = chooseSeed();
    const random = createRandom(seed);
    const maker = createMediaMaker(`kill-${server}-${seed}`);
    const library = createLibrary([
      maker.burst(),
      maker.video(6 * partBytes + 77_777),
      maker.photo(),
      maker.video(3 * partBytes),
    ]);
    const slowly = [{ match: { host: 'cdn' as const }, action: { type: 'drip' as const, bytes: 256 * 1024, everyMs: 4 } }];
    await using scene = await openScene({ place: await openPlace(), library, faults: slowly, stallMs: 5_000 });
    const refetched = createRefetchCounter();
    for (let killed = 0; killed < kills; killed += 1) {
      scene.cloud.clearLog();
      await killOnTheWay(scene, random() * 2 * partBytes);
      const again = refetched.add(scene.cloud.requests);
      expect(again, `seed ${seed}, kill ${killed + 1}`).toBeLessThanOrEqual(killed * concurrency * partBytes);
      expectNothingWrong(await scene.place.files(), await wantedOf(library));
    }
    scene.cloud.clearLog();
    scene.cloud.faults.clear();
    expectExit(await scene.sync(), 0);
    expect(refetched.add(scene.cloud.requests), `seed ${seed}`).toBeLessThanOrEqual(kills * concurrency * partBytes);
    await scene.expectComplete();
    await expectNothingToDo(scene);
    expectExit(await scene.verify('--deep'), 0);
  });

  test('a run without the tracker adopts the archive and fetches nothing', async () => {
    await using scene = await openScene({ place: await openPlace(), preset: 'small' });
    expectExit(await scene.sync(), 0);
    const files = await scene.place.files();
    for (const path of await filesBelow(join(scene.home, 'archives'))) await rm(path);
    const run = await expectNothingToDo(scene);
    expect(eventsOf(run, 'archive.adopted')).toMatchObject([{ files: files.length }]);
    expect(await scene.place.files()).toEqual(files);
    expectExit(await scene.verify(), 0);
  });
}

/** Expects that a run fetches no byte and resolves only waiting media. */
async function expectNothingToDo(scene: Scene) {
  scene.cloud.clearLog();
  const run = await scene.sync();
  expectExit(run, 0);
  expect(run.finished).toMatchObject({ files: { archived: 0, failed: 0 }, bytes: { archived: 0, fetched: 0 } });
  const { requests, cdnBytesSent } = scene.cloud.stats();
  expect(cdnBytesSent).toBe(0);
  expect(requests['download'] ?? 0).toBeLessThanOrEqual(run.finished.media.waiting);
  return run;
}

/** Kills a run when the cloud has sent this many media bytes, unless the run ends before. */
async function killOnTheWay(scene: Scene, limitBytes: number): Promise<void> {
  const running = scene.startSync({ args: ['--concurrency', String(concurrency)] });
  let over = false;
  void running.ended.finally(() => (over = true)).catch(() => {});
  const sentBytes = () => scene.cloud.requests.reduce((sum, { host, bytesSent }) => sum + (host === 'cdn' ? bytesSent : 0), 0);
  await waitUntil('the bytes before a kill', () => over || sentBytes() >= limitBytes, 60_000);
  running.kill('SIGKILL');
  await running.ended;
  await waitUntil('the end of all replies', () => scene.cloud.requests.every(({ endedMs }) => endedMs !== undefined));
}
