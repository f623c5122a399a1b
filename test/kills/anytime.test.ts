/** kill -9 at random instants, again and again, until the archive is complete. */
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createLibrary, type SimMedium } from '../../src/sim/gopro/library/library.ts';
import { expectNothingWrong, wantedOf } from '../support/archive.ts';
import { createMediaMaker, partBytes } from '../support/simulated-media.ts';
import { placeKinds } from '../support/places.ts';
import { chooseSeed, createRandom } from '../support/random.ts';
import { createRefetchCounter } from '../support/refetched.ts';
import { expectExit, openSceneAt, type Scene } from '../support/scene.ts';
import { waitUntil } from '../support/wait-until.ts';

const kills = 12;
const concurrency = 2;
/** A kill waits until at most this many media bytes are sent: several times the bytes in flight. */
const maxBytes = 110_000_000;

test.each(placeKinds)(`an archive on %s loses nothing when its runs are killed at ${kills} random instants`, async (kind) => {
  const seed = chooseSeed();
  const random = createRandom(seed);
  const maker = createMediaMaker(`kill-${kind}-${seed}`);
  const more = (): SimMedium[] => [
    maker.burst(),
    maker.video(5 * partBytes + 5_000_000),
    maker.chapters([900_000, 20_000_000]),
    maker.photo(),
  ];
  const library = createLibrary([...more(), ...more()]);
  await using scene = await openSceneAt(kind, {
    library,
    faults: [{ match: { host: 'cdn' }, action: { type: 'drip', bytes: 256 * 1024, everyMs: 1 } }],
  });
  const refetched = createRefetchCounter();
  let killed = 0;
  /**
   * The kills so far can have lost at most this many bytes, because a kill loses only parts in
   * flight.
   */
  let lostBytes = 0;
  while (killed < kills) {
    scene.cloud.clearLog();
    const running = scene.startSync({ args: ['--concurrency', String(concurrency)] });
    await randomInstant(scene, random, running.ended);
    running.kill('SIGKILL');
    const run = await running.ended;
    await waitUntil('the end of all replies', () => scene.cloud.requests.every(({ endedMs }) => endedMs !== undefined));
    expect(refetched.add(scene.cloud.requests), `seed ${seed}, after ${killed} kills`).toBeLessThanOrEqual(lostBytes);
    expectNothingWrong(await scene.place.files(), await wantedOf(library));
    if (run.signal === 'SIGKILL') {
      killed += 1;
      lostBytes += Math.min(concurrency * partBytes, sentBytes(scene));
    } else {
      expectExit(run, 0);
      // The run ended before its kill, so the library gets more media for the next run.
      for (const medium of more()) library.add(medium);
    }
  }
  scene.cloud.clearLog();
  expectExit(await scene.sync(), 0);
  expect(refetched.add(scene.cloud.requests)).toBeLessThanOrEqual(lostBytes);
  await scene.expectComplete();
  const verified = await scene.verify();
  expectExit(verified, 0);
  expect(verified.finished.verified).toMatchObject({ missing: 0, damaged: 0, unknown: 0 });
});

/**
 * Waits for a random moment. Half of the calls wait for a random time, which may end during the
 * start of the program. The other calls wait until a random number of media bytes was sent.
 */
async function randomInstant(scene: Scene, random: () => number, ended: Promise<unknown>): Promise<void> {
  if (random() < 0.5) {
    const cancel = new AbortController();
    const instant = delay(random() * 1_500, undefined, { signal: cancel.signal }).catch(() => {});
    await Promise.race([instant, ended]);
    return cancel.abort();
  }
  const limitBytes = random() * maxBytes;
  let over = false;
  void ended.finally(() => (over = true)).catch(() => {});
  await waitUntil('the bytes before a kill', () => over || sentBytes(scene) >= limitBytes, 60_000);
}

function sentBytes({ cloud }: Scene): number {
  return cloud.requests.reduce((sum, { host, bytesSent }) => sum + (host === 'cdn' ? bytesSent : 0), 0);
}
