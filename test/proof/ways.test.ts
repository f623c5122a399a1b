/**
 * Files on S3 whose claims can mean several part sizes, and stores whose receipts are no digests.
 */
import { expect, test } from 'vitest';
import { createLibrary } from '../../src/sim/gopro/library/library.ts';
import { eventsOf } from '../support/cli.ts';
import { filmMaker, mebibyte, proofsOf, sentBytes } from '../support/films.ts';
import { openS3Place } from '../support/places.ts';
import { expectExit, openScene, openSceneAt } from '../support/scene.ts';

test('a film on S3 is compared with every part size that proved other films', async () => {
  const film = filmMaker('ways');
  const first = [film(25, 49), film(20, 21)];
  const media = [film(25, 26), film(20, 26)];
  await using scene = await openSceneAt('s3', { library: createLibrary(first), inProcess: true });
  expect(proofsOf(await scene.sync(), first)).toEqual(['proven', 'proven']);
  for (const one of media) scene.cloud.library.add(one);
  const run = await scene.sync();
  expectExit(run, 0);
  expect(proofsOf(run, media)).toEqual(['proven', 'proven']);
  expect(media.map((one) => sentBytes(scene, one) / mebibyte)).toEqual([26, 26]);
  await scene.expectComplete();
});

test('encrypted films on S3 take the trust from all part sizes at once', async () => {
  const film = filmMaker('untrusted');
  const first = [film(25, 49), film(20, 21)];
  const media = Array.from({ length: 10 }, () => film(20, 26, 'unmarked'));
  await using scene = await openSceneAt('s3', { library: createLibrary(first), inProcess: true });
  expect(proofsOf(await scene.sync(), first)).toEqual(['proven', 'proven']);
  for (const one of media) scene.cloud.library.add(one);
  const run = await scene.sync('--concurrency', '1');
  expectExit(run, 0);
  expect(eventsOf(run, 'file.disputed')).toEqual([]);
  // Only four films come twice.
  expect(media.filter((one) => sentBytes(scene, one) > 26 * mebibyte)).toHaveLength(4);
});

test('a store whose receipts are not always MD5s costs one more copy, and no proof', async () => {
  const film = filmMaker('odd');
  const first = film(16, 17);
  // Only one part size fits these films.
  const media = [film(16, 273), film(16, 274)];
  const place = await openS3Place({ md5: true, oddFromPart: 3 });
  await using scene = await openScene({ place, library: createLibrary([first]), inProcess: true });
  expect(proofsOf(await scene.sync(), [first])).toEqual(['proven']);
  for (const one of media) scene.cloud.library.add(one);
  const run = await scene.sync('--concurrency', '1');
  expectExit(run, 0);
  expect(proofsOf(run, media)).toEqual(['proven', 'proven']);
  const sent = media.reduce((sum, one) => sum + sentBytes(scene, one) / mebibyte, 0);
  expect(sent).toBeLessThan(3 * 274);
  await scene.expectComplete();
});
