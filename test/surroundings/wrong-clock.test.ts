/** A clock that was once in the future must not postpone any work until then. */
import { expect, test } from 'vitest';
import { createLibrary } from '../../src/sim/gopro/library/library.ts';
import { photo } from '../../src/sim/gopro/library/shapes.ts';
import { eventsOf } from '../support/cli.ts';
import { expectExit, openScene, type Scene } from '../support/scene.ts';
import { openS3Place } from '../support/places.ts';
import { startStoreFilter } from '../support/store-filter.ts';
import { createMediaMaker } from '../support/simulated-media.ts';

const dayMs = 24 * 3_600_000;

/** Runs `sync` with a clock that is ahead by some days. */
async function syncAhead(scene: Scene, days: number) {
  const NODE_OPTIONS = `--import=${new URL('../support/shift-clock.ts', import.meta.url).href}`;
  return scene.startSync({ environment: { NODE_OPTIONS, CLOCK_AHEAD_MS: String(days * dayMs) } }).ended;
}

test.concurrent('a file and a medium that failed while the clock was wrong are tried in the next run', async () => {
  const maker = createMediaMaker('clock-failed');
  const [file, medium] = [maker.photo(), maker.photo()];
  await using scene = await openScene({
    library: createLibrary([file, medium]),
    faults: [
      { match: { host: 'cdn', mediaId: file.id }, action: { type: 'status', status: 404 } },
      { match: { host: 'api', endpoint: 'download', mediaId: medium.id }, action: { type: 'malformedJson' } },
    ],
  });
  const wrong = await syncAhead(scene, 365);
  expectExit(wrong, 1);
  expect([eventsOf(wrong, 'file.failed').length, eventsOf(wrong, 'medium.failed').length]).toEqual([1, 1]);
  scene.cloud.faults.clear();
  expectExit(await scene.sync(), 0);
  await scene.expectComplete();
});

test.concurrent('a medium that began to wait while the clock was wrong is quarantined 30 days after the clock is right', async () => {
  const maker = createMediaMaker('clock-waiting');
  const spec = { ...maker.spec('JPG'), record: { ready_to_view: 'processing' }, waitsFor: 'processing' } as const;
  await using scene = await openScene({ library: createLibrary([photo(spec, 60_000)]) });
  expectExit(await syncAhead(scene, 3_650), 0);
  expectExit(await scene.sync(), 0);
  const month = await syncAhead(scene, 31);
  expectExit(month, 1);
  expect(month.events.at(-1)).toMatchObject({ files: { quarantined: 1 } });
});

test.concurrent('a damaged file whose repair failed while the clock was wrong is repaired in the next run', async () => {
  const maker = createMediaMaker('clock-repair');
  const medium = maker.photo();
  await using scene = await openScene({ library: createLibrary([medium]) });
  const [archived] = eventsOf(await scene.sync(), 'file.archived');
  await scene.place.damage(archived!.key, 100);
  expectExit(await scene.verify('--deep'), 1);
  scene.cloud.faults.set([{ match: { host: 'cdn', mediaId: medium.id }, action: { type: 'status', status: 404 } }]);
  expectExit(await syncAhead(scene, 365), 1);
  scene.cloud.faults.clear();
  expectExit(await scene.sync(), 0);
  await scene.expectComplete();
});

test.concurrent('a store that names a date to wait for is asked again by its own clock', async () => {
  const maker = createMediaMaker('clock-store');
  const place = await openS3Place();
  const askedMs: number[] = [];
  await using filter = await startStoreFilter(place.store.endpoint, {
    answer: ({ method, url }) => {
      if (method !== 'POST' || !url.includes('uploads') || url.includes('probe')) return undefined;
      askedMs.push(Date.now());
      const headers = { date: new Date().toUTCString(), 'retry-after': new Date(Date.now() + 4_000).toUTCString() };
      return askedMs.length === 1 ? { status: 503, code: 'SlowDown', message: 'later', headers } : undefined;
    },
  });
  const environment = { CLOUD_SYNC_S3_ENDPOINT: filter.endpoint };
  await using scene = await openScene({ library: createLibrary([maker.video(20_000_000)]), place, environment });
  expectExit(await syncAhead(scene, 1 / 24), 0);
  const [first = 0, second = 0] = askedMs;
  expect(second - first).toBeGreaterThan(3_000);
});
