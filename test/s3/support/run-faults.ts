/**
 * Tests faults of the API's session and listing. Such a fault strikes a whole run, so each fault
 * has its own test.
 */
import { expect, test } from 'vitest';
import { faultCatalogue } from '../../../src/sim/gopro/faults/catalogue.ts';
import { createLibrary, type SimLibrary } from '../../../src/sim/gopro/library/library.ts';
import { expectNothingWrong, wantedOf } from '../../support/archive.ts';
import { createMediaMaker, partBytes } from '../../support/simulated-media.ts';
import type { Place } from '../../support/places.ts';
import { expectExit, openScene } from '../../support/scene.ts';
import { pairingsOf, type Pairing } from './pairs.ts';
import type { ServerName } from './servers.ts';

/** The number of media on a page. It is small, so that a listing has several pages. */
const perPageCap = 2;

function libraryFor({ fault, server, size }: Pairing): SimLibrary {
  const maker = createMediaMaker(`${fault}-${server}`);
  const large = size === 'parts' ? [maker.video(partBytes + 54_321)] : [];
  return createLibrary([maker.photo(), maker.chapters(), ...large, maker.photo(), maker.burst(), maker.photo()]);
}

/** Adds the tests. `openPlace` gives each test a bucket of its own on the server. */
export function runFaults(server: ServerName, openPlace: () => Promise<Place>): void {
  test.concurrent.each(pairingsOf(server, 'runs', 'survive'))('a run survives $fault ($size)', async (pairing) => {
    const faults = faultCatalogue[pairing.fault]();
    const library = libraryFor(pairing);
    await using scene = await openScene({ place: await openPlace(), library, perPageCap, faults });
    const before = await wantedOf(library);
    expectExit(await scene.sync(), 0);
    expect(scene.cloud.faults.hits()[pairing.fault]).toBeGreaterThan(0);
    // The archive may hold or lack media that came or went during the listing.
    const later = (await wantedOf(library)).filter(({ mediaId }) => !before.some((file) => file.mediaId === mediaId));
    expectNothingWrong(await scene.place.files(), [...before, ...later]);
    scene.cloud.faults.clear();
    expectExit(await scene.sync('--full'), 0);
    await scene.expectComplete();
  });

  test.concurrent.each(pairingsOf(server, 'runs', 'report'))(
    'a run reports $fault ($size), and the next run without the fault completes the archive',
    async (pairing) => {
      const [fault] = faultCatalogue[pairing.fault]();
      if (fault?.expect?.outcome !== 'report') throw new Error('chosen by its outcome');
      const library = libraryFor(pairing);
      await using scene = await openScene({ place: await openPlace(), library, perPageCap });
      // Fills the tracker first, because an empty listing is an error only if media are known.
      if (pairing.fault === 'emptyListing') expectExit(await scene.sync(), 0);
      scene.cloud.faults.set([fault]);
      expectExit(await scene.sync('--full'), fault.expect.exitCode);
      expect(scene.cloud.faults.hits()[pairing.fault]).toBeGreaterThan(0);
      expectNothingWrong(await scene.place.files(), await wantedOf(library));
      scene.cloud.faults.clear();
      expectExit(await scene.sync(), 0);
      await scene.expectComplete();
    },
  );
}
