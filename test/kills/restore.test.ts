/** A restore that is killed at many moments. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createLibrary } from '../../src/sim/gopro/library/library.ts';
import { openPlace, placeKinds } from '../support/places.ts';
import { bytesIn, openRestoring, sorted } from '../support/restoring.ts';
import { expectExit, openScene } from '../support/scene.ts';
import { createMediaMaker } from '../support/simulated-media.ts';
import { waitUntil } from '../support/wait-until.ts';

const mib = 1024 * 1024;

test.each(placeKinds)(
  'a restore from %s that is killed ten times continues, and no unfinished file gets a name',
  async (kind) => {
    const maker = createMediaMaker('killed');
    const media = [maker.video(150 * mib), maker.video(40 * mib), ...Array.from({ length: 20 }, () => maker.photo())];
    await using scene = await openScene({ library: createLibrary(media), place: await openPlace(kind), inProcess: true });
    expectExit(await scene.sync(), 0);
    const archived = new Map((await scene.place.files()).map((file) => [file.key, file]));
    await using restoring = await openRestoring(scene.place);
    const partial = join(restoring.into, '.cloud-sync', 'partial');
    let resumed = 0;
    for (let kill = 1; kill <= 10; kill += 1) {
      const running = restoring.start();
      let over = false;
      void running.ended.finally(() => (over = true)).catch(() => {});
      await waitUntil('bytes of a restore', () => over || bytesIn(partial) > kill * 10 * mib);
      running.kill('SIGKILL');
      const { events } = await running.ended;
      resumed += events.filter((event) => event.type === 'file.started' && event.resumedBytes > 0).length;
      for (const file of await restoring.files()) expect(file).toEqual(archived.get(file.key));
    }
    const run = await restoring.restore();
    expectExit(run, 0);
    expect(sorted(await restoring.files())).toEqual(sorted([...archived.values()]));
    expect(await restoring.names()).toEqual(['gopro-videos']);
    expect(resumed).toBeGreaterThan(3);
  },
);
