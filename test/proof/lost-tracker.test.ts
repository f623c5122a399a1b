/** What the archive itself still says of proofs after its tracker is lost. */
import { rm } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { createLibrary } from '../../src/sim/gopro/library/library.ts';
import type { ListEntry } from '../../src/cli/output/list-entries.ts';
import { eventsOf, runCliHere } from '../support/cli.ts';
import { deepAt } from '../support/evidence.ts';
import { downloads, filmMaker, proofsOf, wrongByte } from '../support/films.ts';
import { placeKinds } from '../support/places.ts';
import { expectExit, openSceneAt, type Scene } from '../support/scene.ts';
import { waitUntil } from '../support/wait-until.ts';

async function loseTracker({ home }: Scene): Promise<void> {
  await rm(home, { recursive: true, force: true });
}

/** The proofs of all files, in the order of their keys. */
async function listedProofs(scene: Scene): Promise<readonly (string | null)[]> {
  const { stdout } = await runCliHere(['list', '--json', '--to', scene.place.to], scene.environment());
  const entries = stdout.split('\n').flatMap((line) => (line === '' ? [] : (JSON.parse(line) as ListEntry)));
  return entries.toSorted((a, b) => (a.name < b.name ? -1 : 1)).map(({ proof }) => proof);
}

test('a wrong film that a run without proofs completes on s3 is not proven', async () => {
  const wrong = filmMaker('continued')(20, 110);
  await using scene = await openSceneAt('s3', { library: createLibrary([wrong]) });
  const running = scene.startSync({ args: ['--concurrency', '1', '--bwlimit', '25M'] });
  await waitUntil('some parts', () => downloads(scene, wrong).length >= 3);
  running.kill('SIGKILL');
  await running.ended;
  await scene.clearRequests();
  scene.cloud.faults.set([wrongByte(wrong)]);
  const second = await scene.sync('--no-prove');
  expectExit(second, 0);
  expect(eventsOf(second, 'file.started')[0]?.resumedBytes).toBeGreaterThan(0);
  await expect(scene.expectComplete()).rejects.toThrow(); // the wrong byte is archived
  await loseTracker(scene);
  expectExit(await scene.sync(), 0);
  expect(await listedProofs(scene)).toEqual(['unchecked']);
});

describe.each(placeKinds)('in an archive on %s', (kind) => {
  test('the ways that proved files are known again, so that a wrong film is fetched once more', async () => {
    const film = filmMaker('ways');
    const [proven, wrong] = [film(null, 0.3), film(null, 0.3)];
    const library = createLibrary([proven]);
    await using scene = await openSceneAt(kind, { library, inProcess: true, faults: [wrongByte(wrong, { attempt: 1 })] });
    expectExit(await scene.sync(), 0);
    await loseTracker(scene);
    library.add(wrong);
    const run = await scene.sync();
    expectExit(run, 0);
    expect(proofsOf(run, [wrong])).toEqual(['proven']);
    await scene.expectComplete();
  });

  test('a check that reads the films learns in which parts the provider stored them', async () => {
    const film = filmMaker('parts');
    const [proven, wrong] = [film(20, 21), film(20, 21)];
    const library = createLibrary([proven]);
    await using scene = await openSceneAt(kind, { library, inProcess: true, faults: [wrongByte(wrong, { attempt: 1 })] });
    expectExit(await scene.sync(), 0);
    await loseTracker(scene);
    expectExit(await scene.verify(...deepAt(kind)), 0);
    library.add(wrong);
    const run = await scene.sync();
    expectExit(run, 0);
    expect(proofsOf(run, [wrong])).toEqual(['proven']);
    await scene.expectComplete();
  });

  test('a claim that lost its trust in the run is still none', async () => {
    const film = filmMaker('distrusted');
    const media = [film(null, 0.3), ...[1, 2, 3, 4, 5].map((tenths) => film(null, tenths / 10, 'unmarked'))];
    await using scene = await openSceneAt(kind, { library: createLibrary(media), inProcess: true });
    await scene.sync();
    const proofs = await listedProofs(scene);
    expect(proofs.filter((proof) => proof === 'none')).toHaveLength(5);
    await loseTracker(scene);
    expectExit(await scene.sync(), 0);
    expect(await listedProofs(scene)).toEqual(proofs);
  });

  test('what verify has proven stays proven', async () => {
    const film = filmMaker('verified');
    await using scene = await openSceneAt(kind, { library: createLibrary([film(null, 0.3), film(null, 0.2)]), inProcess: true });
    expectExit(await scene.sync('--no-prove'), 0);
    expect(await listedProofs(scene)).toEqual(['unchecked', 'unchecked']);
    expectExit(await scene.verify(...deepAt(kind)), 0);
    await loseTracker(scene);
    expectExit(await scene.sync(), 0);
    expect(await listedProofs(scene)).toEqual(['proven', 'proven']);
  });
});
