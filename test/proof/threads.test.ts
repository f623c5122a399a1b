/**
 * What becomes of the proofs if the threads that compute digests die, for example without memory.
 */
import { expect, test } from 'vitest';
import { fileURLToPath } from 'node:url';
import { createLibrary } from '../../src/sim/gopro/library/library.ts';
import { filmMaker, proofsOf } from '../support/films.ts';
import { placeKinds } from '../support/places.ts';
import { expectExit, openSceneAt } from '../support/scene.ts';

const deadThreads = fileURLToPath(new URL('../support/dead-threads.ts', import.meta.url));

test.each(placeKinds)(
  'if every thread dies, films on %s are archived, and those that need a thread are unchecked',
  async (kind) => {
    const film = filmMaker('dead');
    const media = [film(20, 65), film(null, 18), film(null, 0.2)];
    const environment = { NODE_OPTIONS: `--import=${deadThreads}` };
    await using scene = await openSceneAt(kind, { library: createLibrary(media), environment });
    const run = await scene.sync();
    expectExit(run, 0);
    expect(proofsOf(run, media)).toEqual(['unchecked', 'unchecked', 'proven']);
    await scene.expectComplete();
    const checked = await scene.verify('--deep');
    expectExit(checked, 0);
    expect(checked.finished.verified).toMatchObject({ files: 3, proven: 1, suspect: 0 });
  },
);

test('if a thread dies while a stored film is read again, another thread proves the film', async () => {
  const film = filmMaker('dying')(null, 18);
  const environment = { NODE_OPTIONS: `--import=${deadThreads}`, LIVING_THREADS: '2' };
  await using scene = await openSceneAt('disk', { library: createLibrary([film]), environment });
  const run = await scene.sync();
  expectExit(run, 0);
  expect(proofsOf(run, [film])).toEqual(['proven']);
});
