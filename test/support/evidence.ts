/** Scenes of archives with damaged or missing files. */
import { expect } from 'vitest';
import { createLibrary } from '../../src/sim/gopro/library/library.ts';
import { compare, fileOf, wantedOf } from './archive.ts';
import type { FoundFile, PlaceKind } from './places.ts';
import type { Scene } from './scene.ts';
import { createMediaMaker } from './simulated-media.ts';

/** A store keeps showing the checksum of the upload, so only `--deep` finds later damage there. */
export const deepAt = (kind: PlaceKind) => (kind === 's3' ? ['--deep'] : []);

export function twoMedia(seed: string) {
  const maker = createMediaMaker(seed);
  const [victim, other] = [maker.photo(), maker.chapters()];
  return { library: createLibrary([victim, other]), victim: victim.id, other: other.id };
}

/** From now on the media host has no file of a medium. */
export function hideFiles({ cloud }: Scene, mediaId: string): void {
  cloud.faults.set([{ match: { host: 'cdn', mediaId }, action: { type: 'status', status: 404 } }]);
}

export async function victimIn({ place }: Scene, mediaId: string): Promise<FoundFile> {
  return fileOf(await place.files(), mediaId);
}

/** Expects that the archive has every file of the library, and `surplus` other files. */
export async function expectFiles({ place, cloud }: Scene, surplus: number): Promise<void> {
  const difference = compare(await place.files(), await wantedOf(cloud.library));
  expect({ missing: difference.missing, surplus: difference.surplus.length }).toEqual({ missing: [], surplus });
}
