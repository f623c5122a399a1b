/**
 * Tests faults that strike single media. For each server and each outcome, one run has all faults
 * with that outcome.
 */
import { expect, test } from 'vitest';
import { faultCatalogue } from '../../../src/sim/gopro/faults/catalogue.ts';
import type { Fault, FaultExpectation } from '../../../src/sim/gopro/faults/faults.ts';
import { createLibrary, type SimMedium } from '../../../src/sim/gopro/library/library.ts';
import { compare, expectExactly, expectNothingWrong, wantedOf } from '../../support/archive.ts';
import { eventsOf, type CliRun } from '../../support/cli.ts';
import { createMediaMaker, partBytes, type MediaMaker } from '../../support/simulated-media.ts';
import type { Place } from '../../support/places.ts';
import { expectExit, openScene } from '../../support/scene.ts';
import { pairingsOf, type Pairing } from './pairs.ts';
import type { ServerName } from './servers.ts';

interface Victim extends Pairing {
  readonly media: readonly SimMedium[];
  readonly faults: readonly Fault[];
}

/**
 * The stall timeout. A busy server answers within this time. If the cloud falls silent, a test
 * waits this long.
 */
const stallMs = 4_000;
const manyAtOnce = ['--concurrency', '16'] as const;

function victimsOf(server: ServerName, outcome: FaultExpectation['outcome'], maker: MediaMaker): Victim[] {
  return pairingsOf(server, 'media', outcome).map((pairing) => {
    const media =
      pairing.size === 'put' ? [maker.photo(), maker.chapters(), maker.burst()] : [maker.video(partBytes + 1_234_567)];
    return { ...pairing, media, faults: media.flatMap(({ id }) => faultCatalogue[pairing.fault]({ mediaId: id })) };
  });
}

async function openVictims(place: Place, victims: readonly Victim[], healthy: readonly SimMedium[] = []) {
  const library = createLibrary([...victims.flatMap(({ media }) => media), ...healthy]);
  return openScene({ place, library, faults: victims.flatMap(({ faults }) => faults), stallMs });
}

function reasonsFor(run: CliRun, mediaId: string): string[] {
  const failures = [...eventsOf(run, 'file.failed'), ...eventsOf(run, 'medium.failed')];
  return failures.filter((failure) => failure.mediaId === mediaId).map(({ code, reason }) => `${code} ${reason}`);
}

/** Adds the tests. `openPlace` gives each test a bucket of its own on the server. */
export function mediaFaults(server: ServerName, openPlace: () => Promise<Place>): void {
  test('one run survives every fault that can be survived', async () => {
    const victims = victimsOf(server, 'survive', createMediaMaker(`survive-${server}`));
    await using scene = await openVictims(await openPlace(), victims);
    const run = await scene.sync(...manyAtOnce);
    const hits = scene.cloud.faults.hits();
    expect(victims.filter(({ fault }) => !hits[fault]).map(({ fault }) => fault)).toEqual([]);
    const { missing, surplus } = compare(await scene.place.files(), await wantedOf(scene.cloud.library));
    const broken = victims.filter(({ media }) => media.some(({ id }) => missing.some((file) => file.startsWith(id))));
    const named = broken.map(({ fault, size, media }) => [fault, size, media.flatMap(({ id }) => reasonsFor(run, id))]);
    expect({ named, surplus }).toEqual({ named: [], surplus: [] });
    expectExit(run, 0);
    await scene.expectNoSecrets();
  });

  test('a fault that cannot be survived fails only its own file, with the reason, and the next run archives the file', async () => {
    const maker = createMediaMaker(`report-${server}`);
    const victims = victimsOf(server, 'report', maker);
    const healthy = [maker.photo(), maker.chapters(), maker.video(2 * partBytes)];
    await using scene = await openVictims(await openPlace(), victims, healthy);
    const run = await scene.sync(...manyAtOnce);
    expectExit(run, 1);
    const wanted = await wantedOf(scene.cloud.library);
    expectExactly(
      await scene.place.files(),
      wanted.filter(({ mediaId }) => healthy.some(({ id }) => id === mediaId)),
    );
    const silent = victims.filter(({ media }) => media.some(({ id }) => reasonsFor(run, id).length === 0));
    expect(silent.map(({ fault }) => fault)).toEqual([]);

    scene.cloud.faults.clear();
    expectExit(await scene.sync(...manyAtOnce), 0);
    await scene.expectComplete();
    expectExit(await scene.verify(), 0);
  });

  test('a file whose damage nobody can notice is stored as received', async () => {
    const victims = victimsOf(server, 'cannot-tell', createMediaMaker(`cannot-tell-${server}`));
    await using scene = await openVictims(await openPlace(), victims);
    expectExit(await scene.sync(), 0);
    expectExit(await scene.verify('--deep'), 0);
    const wanted = await wantedOf(scene.cloud.library);
    const found = await scene.place.files();
    expect(sizesOf(found)).toEqual(sizesOf(wanted));
    expect(() => expectNothingWrong(found, wanted)).toThrow();
  });
}

function sizesOf(files: readonly { readonly sizeBytes: number }[]): number[] {
  return files.map(({ sizeBytes }) => sizeBytes).toSorted((a, b) => a - b);
}
