/** No name, page, header or reply of the provider may keep a run from its other files. */
import { expect, test } from 'vitest';
import type { Fault } from '../../src/sim/gopro/faults/faults.ts';
import { source } from '../../src/sim/gopro/library/file-specs.ts';
import { createLibrary, type SimLibrary } from '../../src/sim/gopro/library/library.ts';
import { photo, video } from '../../src/sim/gopro/library/shapes.ts';
import { eventsOf } from '../support/cli.ts';
import { openDiskPlace, openS3Place, placeKinds } from '../support/places.ts';
import { expectExit, openScene, type SceneRun } from '../support/scene.ts';
import { createMediaMaker } from '../support/simulated-media.ts';

function archivedIds(run: SceneRun): string[] {
  return eventsOf(run, 'file.archived').map(({ mediaId }) => mediaId);
}

/** Names that cost quadratic time in a careless pattern. */
const costlyNames = [
  `${' '.repeat(120_000)}x.JPG`,
  `${'. '.repeat(60_000)}-.JPG`,
  `${'a-'.repeat(60_000)}.JPG`,
  `https://x/${'?a'.repeat(60_000)}.JPG`,
  `${'a\u0300\u0316'.repeat(30_000)}.JPG`,
  'a'.repeat(120_000),
];

test.concurrent.each(placeKinds)('names of 120,000 characters cost no time, and are archived on %s', async (kind) => {
  const maker = createMediaMaker(`names-${kind}`);
  const media = costlyNames.map((filename) => photo({ ...maker.spec('JPG'), filename }, 60_000));
  const place = kind === 'disk' ? await openDiskPlace() : await openS3Place();
  await using scene = await openScene({ library: createLibrary([...media, maker.photo()]), place });
  expectExit(await scene.sync('--name', '*a*a*a*a*a*b,*'), 0);
  await scene.expectComplete();
  expectExit(await scene.verify(), 0);
});

/** A library whose listing shows `media` for each page. */
function listedAs(library: SimLibrary, list: (offset: number, limit: number) => ReturnType<SimLibrary['list']>): SimLibrary {
  return { ...library, list: ({ offset, limit }) => list(offset, limit) };
}

test.concurrent('a listing that repeats its pages for ever ends with exit code 5, and its media are archived', async () => {
  const maker = createMediaMaker('repeats');
  const library = createLibrary([maker.photo(), maker.photo()]);
  const media = [...library.media()];
  await using scene = await openScene({ library: listedAs(library, () => ({ media, totalItems: 1e9 })) });
  const run = await scene.sync();
  expectExit(run, 5);
  expect(run.finished.error).toMatchObject({ code: 'LISTING_UNTRUSTED', message: expect.stringContaining('did not end') });
  expect(archivedIds(run)).toHaveLength(2);
});

test.concurrent('a listing with one new medium on each page ends with exit code 5', async () => {
  const maker = createMediaMaker('trickles');
  const library = createLibrary(Array.from({ length: 99 }, () => maker.photo()));
  const media = [...library.media()];
  const [first] = media;
  const page = (offset: number) => {
    const id = `x${offset}`;
    return { media: [...media, { ...first!, id, record: { ...first!.record, id } }], totalItems: 1e9 };
  };
  await using scene = await openScene({ library: listedAs(library, page) });
  const run = await scene.sync('--dry-run');
  expectExit(run, 5);
  expect(run.finished.error).toMatchObject({ message: expect.stringContaining('did not end') });
  expect(eventsOf(run, 'listing.page').length).toBeLessThan(30);
});

test.concurrent('a total that is far too small hides no medium', async () => {
  const maker = createMediaMaker('small-total');
  const library = createLibrary(Array.from({ length: 1_500 }, () => maker.photo()));
  const drift: Fault = { match: { endpoint: 'search' }, action: { type: 'totalDrift', delta: -1_400 } };
  await using scene = await openScene({ library, faults: [drift] });
  const run = await scene.sync('--dry-run');
  expectExit(run, 5);
  expect(run.finished.error).toMatchObject({ message: 'the provider says it has 100 media, but its pages show 1500' });
  expect(eventsOf(run, 'medium.planned')).toHaveLength(1_500);
});

test.concurrent('a listing that invents media for ever ends with exit code 5', async () => {
  const maker = createMediaMaker('invents');
  const real = maker.photo();
  const library = createLibrary([real]);
  const invented = (offset: number, limit: number) =>
    Array.from({ length: limit }, (_, index) => ({
      ...real,
      id: `x${offset + index}`,
      record: { ...real.record, id: `x${offset + index}` },
    }));
  const endless = listedAs(library, (offset, limit) => ({ media: [real, ...invented(offset, limit - 1)], totalItems: 1e9 }));
  const few: Fault = { match: { endpoint: 'search' }, action: { type: 'totalDrift', delta: 1 - 1e9 } };
  await using scene = await openScene({ library: endless, faults: [few] });
  const run = await scene.sync('--name', real.record.filename, '--dry-run');
  expectExit(run, 5);
  expect(eventsOf(run, 'listing.page').length).toBeLessThan(20);
});

test.concurrent('replies that drip free their slots, so that other files are archived', async () => {
  const maker = createMediaMaker('drips');
  const healthy = [maker.photo(), maker.photo()];
  const dripping = Array.from({ length: 5 }, () => maker.photo());
  const faults = dripping.map(({ id }): Fault => {
    return { match: { host: 'cdn', method: 'GET', mediaId: id }, action: { type: 'drip', bytes: 1, everyMs: 20 } };
  });
  const library = createLibrary([...healthy, ...dripping]);
  await using scene = await openScene({ library, faults, stallMs: 300 });
  const run = await scene.sync();
  expectExit(run, 1);
  expect(archivedIds(run).toSorted()).toEqual(healthy.map(({ id }) => id).toSorted());
  expect(eventsOf(run, 'file.failed').map(({ code }) => code)).toEqual(dripping.map(() => 'STALLED'));
});

test.concurrent('an API that offers other files at each resolve does not keep the run', async () => {
  const maker = createMediaMaker('offers');
  const restless = video(maker.spec('MP4'), 50_000);
  const calm = maker.photo();
  const library = createLibrary([calm, restless]);
  let offers = 1;
  let changedAtMs = 0;
  const changing: SimLibrary = {
    ...library,
    get: (id) => {
      if (id === restless.id && performance.now() - changedAtMs > 50) {
        changedAtMs = performance.now();
        library.addItem(id, source({ sizeBytes: 50_000, itemNumber: (offers += 1) }));
      }
      return library.get(id);
    },
  };
  const refused: Fault = { match: { host: 'cdn', mediaId: restless.id }, action: { type: 'status', status: 403 } };
  await using scene = await openScene({ library: changing, faults: [refused] });
  const run = await scene.sync();
  expectExit(run, 1);
  expect(archivedIds(run)).toEqual([calm.id]);
});

test.concurrent.each(placeKinds)('an ETag of 5,000 characters does not fail its file on %s', async (kind) => {
  const maker = createMediaMaker(`etag-${kind}`);
  const library = createLibrary([maker.photo(), maker.video(1_000_000)]);
  const etag: Fault = { match: { host: 'cdn' }, action: { type: 'header', name: 'etag', value: `"${'e'.repeat(5_000)}"` } };
  const place = kind === 'disk' ? await openDiskPlace() : await openS3Place();
  await using scene = await openScene({ library, faults: [etag], place });
  expectExit(await scene.sync(), 0);
  await scene.expectComplete();
});
