/**
 * Tests every fault that strikes files or resolves. Each fault has its own four media of different
 * shapes. One run has many faults. The files come over the raw HTTP client, or over undici behind a
 * proxy.
 */
import { describe, expect, test } from 'vitest';
import { apiFaults } from '../../src/sim/gopro/faults/catalogue-api.ts';
import { faultCatalogue, faultNames, type FaultName } from '../../src/sim/gopro/faults/catalogue.ts';
import type { Fault, FaultExpectation } from '../../src/sim/gopro/faults/faults.ts';
import { createLibrary, type SimMedium } from '../../src/sim/gopro/library/library.ts';
import { compare, expectExactly, expectNothingWrong, wantedOf } from '../support/archive.ts';
import { eventsOf, type CliRun } from '../support/cli.ts';
import { startForwardProxy } from '../support/forward-proxy.ts';
import { createMediaMaker, partBytes, type MediaMaker } from '../support/simulated-media.ts';
import { openDiskPlace, openS3Place, placeKinds, type Place, type PlaceKind } from '../support/places.ts';
import { expectExit, openScene } from '../support/scene.ts';
import { makeTempDir } from '../support/temp-dir.ts';

/** How long one run may take, in ms. Some faults make a run wait, and a busy machine is slow. */
const withinMs = 250_000;

/** All faults of files, and those API faults that can be aimed at the resolve of one medium. */
const aimable = faultNames.filter(
  (name) => !Object.hasOwn(apiFaults, name) || faultCatalogue[name]({ mediaId: 'x' })[0]?.match?.mediaId === 'x',
);

interface Victim {
  readonly name: FaultName;
  readonly media: readonly SimMedium[];
  readonly faults: readonly Fault[];
}

function victimsOf(outcome: FaultExpectation['outcome'], maker: MediaMaker): Victim[] {
  return aimable
    .filter((name) => faultCatalogue[name]()[0]?.expect?.outcome === outcome)
    .map((name) => {
      const media = [maker.photo(), maker.chapters(), maker.burst(), maker.video(partBytes + 1_234_567)];
      return { name, media, faults: media.flatMap(({ id }) => faultCatalogue[name]({ mediaId: id })) };
    });
}

async function openRoomyPlace(kind: PlaceKind): Promise<Place> {
  if (kind === 'disk') return openDiskPlace();
  // Keeps the files of the store on disk, because they have hundreds of megabytes.
  const temp = await makeTempDir();
  const place = await openS3Place({ dir: temp.path });
  return {
    ...place,
    [Symbol.asyncDispose]: async () => {
      await place[Symbol.asyncDispose]();
      await temp[Symbol.asyncDispose]();
    },
  };
}

function reasonsFor(run: CliRun, mediaId: string): string[] {
  const failures = [...eventsOf(run, 'file.failed'), ...eventsOf(run, 'medium.failed')];
  return failures.filter((failure) => failure.mediaId === mediaId).map(({ code, reason }) => `${code} ${reason}`);
}

function sizes(files: readonly { readonly sizeBytes: number }[]): number[] {
  return files.map(({ sizeBytes }) => sizeBytes).toSorted((a, b) => a - b);
}

test('the tests cover every fault of the catalogue', () => {
  const untested = faultNames.filter((name) => !aimable.includes(name));
  expect(untested.every((name) => Object.hasOwn(apiFaults, name))).toBe(true);
  expect(aimable.length).toBeGreaterThan(45);
});

async function openWay(client: 'raw' | 'undici'): Promise<AsyncDisposable & { readonly environment: Record<string, string> }> {
  if (client === 'raw') return { environment: {}, [Symbol.asyncDispose]: async () => {} };
  const proxy = await startForwardProxy();
  return {
    environment: { HTTP_PROXY: proxy.url },
    [Symbol.asyncDispose]: async () => {
      expect(proxy.used).toBeGreaterThan(0);
      await proxy[Symbol.asyncDispose]();
    },
  };
}

const raw = placeKinds.map((kind) => ({ kind, client: 'raw' }) as const);

describe.concurrent.each(raw)('to $kind over the $client client', (way) => testFaults(way));
// These tests are not concurrent, because concurrent transfers may be so slow that they look
// stalled.
describe('to disk over the undici client', () => testFaults({ kind: 'disk', client: 'undici' }));

function testFaults({ kind, client }: { readonly kind: PlaceKind; readonly client: 'raw' | 'undici' }): void {
  test('one run survives every fault that can be survived', async () => {
    const maker = createMediaMaker('survive');
    const victims = victimsOf('survive', maker);
    const library = createLibrary(victims.flatMap(({ media }) => media));
    const faults = victims.flatMap((victim) => victim.faults);
    await using way = await openWay(client);
    const { environment } = way;
    await using scene = await openScene({ library, faults, place: await openRoomyPlace(kind), environment, withinMs });
    const run = await scene.sync('--concurrency', '32');
    const hits = scene.cloud.faults.hits();
    expect(victims.filter(({ name }) => !hits[name]).map(({ name }) => name)).toEqual([]);
    const { missing, surplus } = compare(await scene.place.files(), await wantedOf(library));
    const broken = victims.filter(({ media }) => media.some(({ id }) => missing.some((file) => file.startsWith(id))));
    expect({ broken: broken.map(({ name, media }) => [name, media.flatMap(({ id }) => reasonsFor(run, id))]), surplus }).toEqual({
      broken: [],
      surplus: [],
    });
    expectExit(run, 0);
    await scene.expectNoSecrets();
    expectExit(await scene.verify(), 0);
  });

  test('a lasting fault fails only its own file, with the reason, and the next run archives the file', async () => {
    const maker = createMediaMaker('report');
    const victims = victimsOf('report', maker);
    const healthy = [maker.photo(), maker.chapters()];
    const library = createLibrary([...victims.flatMap(({ media }) => media), ...healthy]);
    const faults = victims.flatMap((victim) => victim.faults);
    await using way = await openWay(client);
    const { environment } = way;
    await using scene = await openScene({ library, faults, place: await openRoomyPlace(kind), environment, withinMs });
    const run = await scene.sync('--concurrency', '32');
    expectExit(run, 1);
    expect(run.finished.outcome).toBe('partial');

    const wanted = await wantedOf(library);
    const found = await scene.place.files();
    expectNothingWrong(found, wanted);
    const archived = new Set(eventsOf(run, 'file.archived').map(({ mediaId }) => mediaId));
    for (const { name, media } of victims) {
      for (const { id } of media) {
        expect(archived.has(id), `${name}: ${id} was archived`).toBe(false);
        expect(reasonsFor(run, id), `${name}: ${id} failed`).not.toEqual([]);
      }
    }
    expectExactly(
      found,
      wanted.filter(({ mediaId }) => healthy.some(({ id }) => id === mediaId)),
    );
    expect(run.finished.files.failed).toBeGreaterThanOrEqual(victims.length * 4);

    scene.cloud.faults.clear();
    expectExit(await scene.sync(), 0);
    await scene.expectComplete();
    await scene.expectNoSecrets();
  });

  test('content that cannot be checked is stored as received', async () => {
    const maker = createMediaMaker('cannot-tell');
    const victims = victimsOf('cannot-tell', maker);
    const library = createLibrary(victims.flatMap(({ media }) => media));
    const faults = victims.flatMap((victim) => victim.faults);
    await using way = await openWay(client);
    const { environment } = way;
    await using scene = await openScene({ library, faults, place: await openRoomyPlace(kind), environment, withinMs });
    expectExit(await scene.sync(), 0);
    expectExit(await scene.verify('--deep'), 0);
    expect(sizes(await scene.place.files())).toEqual(sizes(await wantedOf(library)));
  });
}
