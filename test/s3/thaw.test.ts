/** Files in Deep Archive of an S3 server of another project are thawed and restored. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLibrary } from '../../src/sim/gopro/library/library.ts';
import { expectExactly, wantedOf } from '../support/archive.ts';
import { eventsOf, finishedOf, runCliHere } from '../support/cli.ts';
import type { Place } from '../support/places.ts';
import { failuresOf, openRestoring } from '../support/restoring.ts';
import { expectExit, openScene } from '../support/scene.ts';
import { createMediaMaker } from '../support/simulated-media.ts';
import { openForeignPlace } from './support/foreign-place.ts';
import { startServer, type ForeignServer } from './support/servers.ts';

let server: ForeignServer;
let place: Place;

beforeAll(async () => {
  server = await startServer('ministack');
  place = await openForeignPlace(server);
});
afterAll(async () => server[Symbol.asyncDispose]());

test('ministack thaws Deep Archive in two seconds, and each file is restored as it comes', async () => {
  // This server does not check uploads in parts, so their bytes would have to be read back at once.
  const maker = createMediaMaker('thaw-ministack');
  const library = createLibrary([maker.photo(), maker.chapters(), maker.burst(), maker.photo(70_000)]);
  await using scene = await openScene({ place, library });
  expectExit(await scene.sync('--s3-storage-class', 'DEEP_ARCHIVE'), 0);
  await using restoring = await openRestoring(place);
  const frozen = await restoring.restore();
  expectExit(frozen, 1);
  const codes = new Set(failuresOf(frozen).map((failure) => failure.split(' ')[0]));
  expect(codes).toEqual(new Set(['UNREADABLE']));
  const thaw = await runCliHere(['thaw', '--from', place.to, '--yes', '--days', '1', '--json'], scene.environment());
  expectExit(thaw, 0);
  const asked = finishedOf(thaw).thawed!.asked;
  expect(asked).toBe(failuresOf(frozen).length);
  const run = await restoring.restore('--wait');
  expectExit(run, 0);
  expect(eventsOf(run, 'thaw.waiting').length).toBeGreaterThan(0);
  expect(run.restored).toMatchObject({ files: asked, failed: 0, pending: 0 });
  expectExactly(await restoring.files(), await wantedOf(scene.cloud.library));
});
