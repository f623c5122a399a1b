/** Wrong bytes on the way to the deployed engine. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { faultCatalogue } from '../../../src/sim/gopro/faults/catalogue.ts';
import { createLibrary, type SimMedium } from '../../../src/sim/gopro/library/library.ts';
import { createMediaMaker, partBytes } from '../../support/simulated-media.ts';
import { startEngine, type Engine } from '../support/engine.ts';
import { openEngineScene, type EngineScene } from '../support/engine-scene.ts';

let engine: Engine;

beforeAll(async () => {
  engine = await startEngine();
});

afterAll(async () => {
  await engine?.[Symbol.asyncDispose]();
});

/** The ids of the media with more than one request for the same byte of a file. */
function fetchedAgain({ cloud }: EngineScene, media: readonly SimMedium[]): string[] {
  const bytesOf = (id: string) =>
    cloud.requests.reduce((sum, { host, mediaId, bytesSent }) => sum + (host === 'cdn' && mediaId === id ? bytesSent : 0), 0);
  return media.filter(({ id, record }) => bytesOf(id) > (record.file_size ?? 0)).map(({ id }) => id);
}

test('a file with a wrong byte is fetched again, a file that is always wrong is named, and the rest is proven', async () => {
  const maker = createMediaMaker('proof');
  const first = [maker.photo(), maker.video(2 * partBytes + 1_000)];
  await using scene = await openEngineScene(engine, { library: createLibrary(first) });
  const { cloud } = scene;
  expect((await scene.run()).states.at(-1)).toBe('SyncComplete');
  expect(Object.values(await scene.proofs())).toEqual(['proven', 'proven']);

  const once = [maker.photo(), maker.video(2 * partBytes + 2_000)];
  const sound = [maker.photo(), maker.video(2 * partBytes + 3_000)];
  for (const medium of [...once, ...sound]) cloud.library.add(medium);
  cloud.faults.set(once.flatMap(({ id }) => faultCatalogue.corruptAtBorder({ mediaId: id })));
  cloud.clearLog();
  const run = await scene.run();
  expect([run.status, run.states.at(-1)]).toEqual(['SUCCEEDED', 'SyncComplete']);
  expect(run.states).not.toContain('NotifyPartialFailure');
  expect(cloud.faults.hits()).toEqual({ corruptAtBorder: 2 });
  expect(fetchedAgain(scene, [...once, ...sound])).toEqual(once.map(({ id }) => id));
  await scene.expectComplete();
  expect(new Set(Object.values(await scene.proofs()))).toEqual(new Set(['proven']));
  expect(await engine.notifications()).toEqual([]);

  const always = maker.video(2 * partBytes + 4_000);
  cloud.library.add(always);
  cloud.faults.set(faultCatalogue.corruptAlways({ mediaId: always.id }));
  const partial = await scene.run();
  expect([partial.status, partial.states.includes('NotifyPartialFailure')]).toEqual(['SUCCEEDED', true]);
  const disputed = Object.entries(await scene.proofs()).filter(([, proof]) => proof !== 'proven');
  expect(disputed).toEqual([[expect.stringContaining(always.record.filename.slice(0, 8)), 'disputed']]);
  expect(await engine.notifications()).toEqual([
    { subject: expect.stringContaining('1'), message: expect.stringContaining(disputed[0]![0]) },
  ]);

  cloud.clearLog();
  expect((await scene.run()).states.at(-1)).toBe('NoNewVideos');
  expect(cloud.stats().cdnBytesSent).toBe(0);
  expect(await engine.notifications()).toEqual([]);
});

test('no log, history, notification, bucket or table holds a secret', async () => {
  await engine.expectNoSecrets();
});
