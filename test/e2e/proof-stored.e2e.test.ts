/**
 * Films that are stored already when a run opens them, because an earlier attempt or run ended
 * between the file and its record.
 */
import { cp, rm } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { createLibrary } from '../../src/sim/gopro/library/library.ts';
import { eventsOf } from '../support/cli.ts';
import { filmMaker, proofsOf, sentBytes, wrongByte } from '../support/films.ts';
import { openS3Place, placeKinds, type Place, type PlaceKind, type S3Place } from '../support/places.ts';
import { expectExit, openScene, openSceneAt, type Scene } from '../support/scene.ts';

/** Runs `work`, then puts back the tracker from before, so that it knows nothing of that work. */
async function forgetting(scene: Scene, work: () => Promise<void>): Promise<void> {
  const kept = `${scene.home}.kept`;
  await cp(scene.home, kept, { recursive: true });
  await work();
  await rm(scene.home, { recursive: true });
  await cp(kept, scene.home, { recursive: true });
}

/** Archives a film, then films that the tracker does not remember. */
async function openForgotten(kind: PlaceKind, { isWrong = false } = {}) {
  const film = filmMaker(`forgotten-${kind}`);
  const first = film(5, 10.5);
  const media = [film(5, 10.5), film(null, 0.1)] as const;
  const scene: Scene = await openSceneAt(kind, { library: createLibrary([first]), inProcess: true });
  expectExit(await scene.sync(), 0);
  await forgetting(scene, async () => {
    for (const medium of media) scene.cloud.library.add(medium);
    if (isWrong) scene.cloud.faults.set([wrongByte(media[0])]);
    expectExit(await scene.sync(), isWrong ? 1 : 0);
  });
  await scene.clearRequests();
  return { scene, media };
}

/** How many requests for the bytes of films a store has had. */
function readsOf(place: Place): number {
  const requests = 'store' in place ? (place as S3Place).store.requests : [];
  return requests.filter(({ operation, key }) => operation === 'GetObject' && key?.startsWith('my/videos/gopro-videos/')).length;
}

describe.each(placeKinds)('in an archive on %s', (kind) => {
  test('films that are stored without a record of their proof are read and proven, and not fetched again', async () => {
    const { scene, media } = await openForgotten(kind);
    await using _scene = scene;
    const run = await scene.sync();
    expectExit(run, 0);
    expect(proofsOf(run, media)).toEqual(['proven', 'proven']);
    expect(sentBytes(scene, media[0])).toBeLessThan(1_000);
    await scene.expectComplete();
  });

  test('with --no-prove a stored film is not read', async () => {
    const { scene, media } = await openForgotten(kind);
    await using _scene = scene;
    const before = readsOf(scene.place);
    const run = await scene.sync('--no-prove');
    expectExit(run, 0);
    expect(proofsOf(run, media)).toEqual(['unchecked', 'unchecked']);
    expect(readsOf(scene.place)).toBe(before);
  });

  test('a stored film that contradicts its claim becomes suspect, and a second copy decides', async () => {
    const { scene, media } = await openForgotten(kind, { isWrong: true });
    await using _scene = scene;
    const run = await scene.sync();
    expectExit(run, 1);
    expect(proofsOf(run, media)).toEqual(['unchecked', 'proven']);
    expect(eventsOf(run, 'warning')).toContainEqual(
      expect.objectContaining({ message: expect.stringContaining('stored already') }),
    );
    const next = await scene.sync();
    expectExit(next, 1);
    expect(eventsOf(next, 'file.disputed')).toMatchObject([{ mediaId: media[0].id }]);
    expectExit(await scene.sync(), 0);
  });
});

test('a film on S3 that was stored although its request failed keeps the verdict of that attempt', async () => {
  const film = filmMaker('reply lost');
  const medium = film(5, 10.5);
  const place = await openS3Place();
  await using scene = await openScene<S3Place>({ library: createLibrary([medium]), place, inProcess: true });
  const keyPart = 'gopro-videos/';
  place.store.faults.push(
    { match: { operation: 'PutObject', keyPart, attempt: 1 }, action: { kind: 'replyLost' } },
    ...[2, 3, 4].map((attempt) => ({
      match: { operation: 'HeadObject', keyPart, attempt } as const,
      action: { kind: 'error', code: 'InternalError' } as const,
    })),
  );
  const run = await scene.sync();
  expectExit(run, 0);
  expect(proofsOf(run, [medium])).toEqual(['proven']);
  expect(eventsOf(run, 'file.retried')).toMatchObject([{ code: 'STORE_FAILED' }]);
  expect(readsOf(place)).toBe(0);
});
