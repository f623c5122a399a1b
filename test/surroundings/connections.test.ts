/** Slow addresses and wrong clocks do not stop any client. */
import { expect, test } from 'vitest';
import { createLibrary } from '../../src/sim/gopro/library/library.ts';
import { openS3Place } from '../support/places.ts';
import { expectExit, openScene } from '../support/scene.ts';
import { createMediaMaker } from '../support/simulated-media.ts';

const preload = (file: string) => `--import=${new URL(`../support/${file}`, import.meta.url).href}`;

test('the library and the store are reached if one of their addresses is slow and the other refuses', async () => {
  const place = await openS3Place();
  await using scene = await openScene({ library: createLibrary([createMediaMaker('slow').photo()]), place });
  const environment = {
    NODE_OPTIONS: preload('slow-address.ts'),
    CLOUD_SYNC_GOPRO_API_URL: scene.cloud.apiUrl.replace('127.0.0.1', 'slow.test'),
    CLOUD_SYNC_S3_ENDPOINT: place.store.endpoint.replace('127.0.0.1', 'slow.test'),
  };
  const { exitCode, stderr } = await scene.startSync({ environment }).ended;
  expect(exitCode, stderr).toBe(0);
  await scene.expectComplete();
});

test('a date in Retry-After delays all requests by the time that the host means, although the clock of this machine is wrong', async () => {
  const later = { retryAfter: 1, retryAfterAs: 'date' } as const;
  const place = await openS3Place({
    faults: [
      {
        match: { operation: 'PutObject', keyPart: '/gopro-videos/', attempt: 1 },
        action: { kind: 'error', code: 'SlowDown', retryAfterSeconds: 1, retryAfterAs: 'date' },
      },
    ],
  });
  await using scene = await openScene({
    library: createLibrary([createMediaMaker('late').photo()]),
    place,
    faults: [
      { match: { host: 'api', attempt: 1 }, action: { type: 'status', status: 503, ...later } },
      { match: { host: 'cdn', attempt: 1 }, action: { type: 'status', status: 503, ...later } },
    ],
    environment: { CLOCK_AHEAD_MS: '-40000', NODE_OPTIONS: preload('shift-clock.ts') },
  });
  const beganMs = performance.now();
  expectExit(await scene.sync(), 0);
  expect(performance.now() - beganMs).toBeLessThan(20_000);
  await scene.expectComplete();
});
