/** Makes media of a given kind for tests. Each medium has its own id, name and time. */
import type { StoredAs } from '../../src/sim/etag.ts';
import { mediumId, type MediumSpec, type SimMedium } from '../../src/sim/gopro/library/medium.ts';
import { chapteredVideo, frameSet, photo, video } from '../../src/sim/gopro/library/shapes.ts';

/**
 * The size of one part in bytes. A larger file is fetched in several parts. The provider stored the
 * files in parts of the same size.
 */
export const partBytes = 16 * 1024 * 1024;

export interface MediaMaker {
  photo(sizeBytes?: number): SimMedium;
  video(sizeBytes: number): SimMedium;
  chapters(chapterBytes?: readonly number[]): SimMedium;
  burst(frameBytes?: readonly number[]): SimMedium;
  /** Returns the fields that all media have, for a test that makes a medium of another kind. */
  spec(extension: string): MediumSpec;
}

/**
 * Returns a maker. Each medium is newer than the medium before. The seed decides ids and bytes, and
 * for each file which of the ways it is stored in.
 */
export function createMediaMaker(seed: string, stored: readonly StoredAs[] = [{ partBytes }]): MediaMaker {
  let index = 0;
  const spec = (extension: string): MediumSpec => {
    index += 1;
    const createdAt = new Date(Date.UTC(2026, 0, 1) + index * 3_600_000).toISOString().replace('.000Z', 'Z');
    return { id: mediumId(seed, index), seed, stored, filename: `GX${String(index).padStart(6, '0')}.${extension}`, createdAt };
  };
  return {
    spec,
    photo: (sizeBytes = 60_000) => photo(spec('JPG'), sizeBytes),
    video: (sizeBytes) => video(spec('MP4'), sizeBytes),
    chapters: (chapterBytes = [70_000, 50_000]) => chapteredVideo(spec('MP4'), chapterBytes),
    burst: (frameBytes = [20_000, 20_001, 20_002]) => frameSet(spec('JPG'), 'Burst', frameBytes),
  };
}

/**
 * Media by the way in which their files are uploaded to S3. The PUT of a small file has the
 * checksum before the body. The PUT of a larger file has it after the body. The largest files have
 * parts.
 */
export const shapes = {
  held: (maker: MediaMaker) => maker.photo(),
  streamed: (maker: MediaMaker) => maker.video(1_500_000),
  multipart: (maker: MediaMaker) => maker.video(partBytes + 300_000),
} as const;

export type Shape = keyof typeof shapes;
