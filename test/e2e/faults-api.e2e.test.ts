/** Faults of the API's session and listing. Such a fault strikes a whole run, not one medium. */
import { describe, expect, test } from 'vitest';
import { apiFaults } from '../../src/sim/gopro/faults/catalogue-api.ts';
import { faultCatalogue, faultNames, type FaultName } from '../../src/sim/gopro/faults/catalogue.ts';
import type { Fault } from '../../src/sim/gopro/faults/faults.ts';
import { createLibrary } from '../../src/sim/gopro/library/library.ts';
import { expectNothingWrong, wantedOf } from '../support/archive.ts';
import { createMediaMaker } from '../support/simulated-media.ts';
import { placeKinds } from '../support/places.ts';
import { expectExit, openSceneAt } from '../support/scene.ts';

/** Two media a page, so that a listing has several pages. */
const perPageCap = 2;

/** Faults that strike one request. One run meets them all, each on its own page of the listing. */
const atOnePage = ['api429', 'api500', 'api503RetryDate', 'apiEndEarly', 'apiStall'] as const satisfies FaultName[];
/** Faults that strike every request of that run, because they do not disturb other faults. */
const throughout = ['apiDelay', 'unknownFields'] as const satisfies FaultName[];

const wholeRun = faultNames.filter(
  (name) => Object.hasOwn(apiFaults, name) && faultCatalogue[name]({ mediaId: 'x' })[0]?.match?.mediaId !== 'x',
);
const alone = wholeRun.filter((name) => ![...atOnePage, ...throughout].some((other) => other === name));
const survived = alone.filter((name) => expectationOf(name)?.outcome === 'survive');
const reported = alone.filter((name) => expectationOf(name)?.outcome === 'report');

function expectationOf(name: FaultName) {
  return faultCatalogue[name]()[0]?.expect;
}

function libraryFor(name: string) {
  const maker = createMediaMaker(name);
  return createLibrary([
    maker.photo(),
    maker.chapters(),
    maker.photo(),
    maker.burst(),
    maker.video(90_000),
    maker.photo(),
    maker.photo(),
  ]);
}

describe.each(placeKinds)('faults of the API during runs to %s', (kind) => {
  test(`a run survives ${[...atOnePage, ...throughout].join(', ')}`, async () => {
    const maker = createMediaMaker(`pages-${kind}`);
    const library = createLibrary(Array.from({ length: perPageCap * atOnePage.length }, () => maker.photo()));
    const faults = atOnePage.flatMap((name, index): Fault[] =>
      faultCatalogue[name]().map((fault) => ({ ...fault, match: { ...fault.match, page: index + 1 } })),
    );
    await using scene = await openSceneAt(kind, {
      library,
      perPageCap,
      faults: [...faults, ...throughout.flatMap((name) => faultCatalogue[name]())],
    });
    const run = await scene.sync();
    expectExit(run, 0);
    const hits = scene.cloud.faults.hits();
    for (const name of [...atOnePage, ...throughout]) expect(hits[name], name).toBeGreaterThan(0);
    await scene.expectComplete();
  });

  test.concurrent.each(survived)('a run survives %s', async (name) => {
    const library = libraryFor(`${kind}-${name}`);
    await using scene = await openSceneAt(kind, { library, perPageCap, inProcess: true, faults: faultCatalogue[name]() });
    const before = await wantedOf(library);
    const run = await scene.sync();
    expectExit(run, 0);
    expect(scene.cloud.faults.hits()[name]).toBeGreaterThan(0);
    // The archive may hold or lack media that came or went during the listing.
    expectNothingWrong(await scene.place.files(), [...before, ...(await added(library, before))]);
    scene.cloud.faults.clear();
    expectExit(await scene.sync('--full'), 0);
    await scene.expectComplete();
  });

  test.concurrent.each(reported)('a run reports %s, and the next run without the fault completes the archive', async (name) => {
    const expectation = expectationOf(name);
    if (expectation?.outcome !== 'report') throw new Error('chosen by its outcome');
    const library = libraryFor(`${kind}-${name}`);
    await using scene = await openSceneAt(kind, { library, perPageCap, inProcess: true });
    // Fills the tracker first, because an empty listing is an error only if media are known.
    if (name === 'emptyListing') expectExit(await scene.sync(), 0);
    scene.cloud.faults.set(faultCatalogue[name]());
    const run = await scene.sync('--full');
    expectExit(run, expectation.exitCode);
    expect(scene.cloud.faults.hits()[name]).toBeGreaterThan(0);
    expect(run.finished.error?.message).toMatch(/\w+/);
    expect(run.finished.files).toMatchObject({ failed: 0, quarantined: 0, sourceDeleted: 0 });
    expectNothingWrong(await scene.place.files(), await wantedOf(library));
    scene.cloud.faults.clear();
    expectExit(await scene.sync(), 0);
    await scene.expectComplete();
    await scene.expectNoSecrets();
  });
});

async function added(library: ReturnType<typeof createLibrary>, before: Awaited<ReturnType<typeof wantedOf>>) {
  const now = await wantedOf(library);
  return now.filter(({ mediaId }) => !before.some((file) => file.mediaId === mediaId));
}
