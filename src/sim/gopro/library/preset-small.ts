/**
 * The preset `small`: a library with every known shape and oddity. It is small enough to be
 * archived in seconds.
 */
import { hostileNames } from './hostile-names.ts';
import { mediumId, type MediumSpec, type SimMedium } from './medium.ts';
import * as shapes from './shapes.ts';

/**
 * Builds about 60 media with less than 60 MB. The seed decides ids and bytes. Shapes, names, times
 * and sizes are always the same.
 */
export function smallPreset(common: Pick<MediumSpec, 'seed' | 'stored'>): SimMedium[] {
  let index = 0;
  const spec = (filename: string, createdAt: string, more: Partial<MediumSpec> = {}): MediumSpec => {
    index += 1;
    return { ...common, id: mediumId(common.seed, index), filename, createdAt, ...more };
  };
  return [
    ...plain(spec),
    ...chaptered(spec),
    ...sameNames(spec),
    ...sets(spec),
    ...specialCameras(spec),
    ...edits(spec),
    ...wrongSizes(spec),
    ...waiting(spec),
    ...oddTimes(spec),
    ...otherTypes(spec),
    ...hostilelyNamed(spec),
  ];
}

type SpecOf = (filename: string, createdAt: string, more?: Partial<MediumSpec>) => MediumSpec;

function plain(spec: SpecOf): SimMedium[] {
  return [
    shapes.video(spec('GX010101.MP4', '2025-07-06T20:01:10Z', { record: { moments_count: 2 } }), 700_000),
    shapes.photo(spec('GOPR0102.JPG', '2025-07-06T20:01:11Z'), 120_000),
    shapes.photo(spec('IMG_0103.jpeg', '2025-07-06T20:01:12Z', { record: { gopro_media: false } }), 64_000, 'jpeg'),
    shapes.photo(spec('screenshot.png', '2025-07-06T20:01:13Z', { record: { gopro_media: false } }), 33_000, 'png'),
    shapes.video(spec('holiday.mov', '2025-07-06T20:01:14Z', { record: { camera_model: null } }), 210_000, 'ExternalVideo'),
    shapes.videoWithSidecars(spec('GX010106.MP4', '2025-07-06T20:01:15Z'), 90_000),
    shapes.photo(spec('GOPR0107.JPG', '2025-07-06T20:01:16Z'), 64),
  ];
}

function chaptered(spec: SpecOf): SimMedium[] {
  const megabyte = 1_000_000;
  return [
    shapes.chapteredVideo(spec('GX010110.MP4', '2025-08-01T10:00:00Z'), [2 * megabyte, 1_900_000, 400_000]),
    shapes.chapteredVideo(spec('GX010111.MP4', '2025-08-02T10:00:00Z'), [40 * megabyte + 12_345, 300_000]),
    shapes.chapteredVideo(
      spec('GOPR0112.MP4', '2016-08-03T10:00:00Z', { record: { camera_model: 'HERO4 Black' } }),
      [250_000, 250_000],
      'Chaptered',
    ),
    shapes.videoWithConcat(spec('GH010113.MP4', '2025-08-04T10:00:00Z'), [150_000, 140_000]),
    shapes.oddlyNumberedVideo(spec('GH010114.MP4', '2025-08-05T10:00:00Z'), [
      { sizeBytes: 51_000, itemNumber: null },
      { sizeBytes: 52_000, itemNumber: null },
    ]),
    shapes.oddlyNumberedVideo(spec('GH010115.MP4', '2025-08-06T10:00:00Z'), [{ sizeBytes: 53_000, itemNumber: undefined }]),
    shapes.oddlyNumberedVideo(spec('GH010116.MP4', '2025-08-07T10:00:00Z'), [
      { sizeBytes: 54_000, itemNumber: 1 },
      { sizeBytes: 55_000, itemNumber: 1 },
      { sizeBytes: 56_000, itemNumber: 2 },
    ]),
  ];
}

/**
 * Media of one month that have the same name, in upper, lower or mixed case. Two of the ids differ
 * only in letter case.
 */
function sameNames(spec: SpecOf): SimMedium[] {
  const at = '2025-09-10T12:00:00Z';
  const twin = spec('GOPR0001.JPG', at);
  return [
    shapes.photo(spec('GOPR0001.JPG', at), 21_000),
    shapes.photo(spec('GOPR0001.JPG', at), 21_000),
    shapes.photo(spec('gopr0001.jpg', at), 22_000),
    shapes.photo(spec('Gopr0001.JPG', '2025-09-11T12:00:00Z'), 23_000),
    shapes.photo({ ...twin, id: 'aB3dE5fG7hJ9k' }, 24_000),
    shapes.photo({ ...twin, id: 'Ab3De5Fg7Hj9K' }, 24_000),
  ];
}

function sets(spec: SpecOf): SimMedium[] {
  return [
    shapes.frameSet(spec('G0010200.JPG', '2025-10-01T10:00:00Z'), 'Burst', frames(12, 30_000)),
    shapes.frameSet(spec('G0020220.JPG', '2025-10-02T10:00:00Z'), 'Continuous', frames(3, 25_000)),
    shapes.frameSet(spec('G0030230.JPG', '2025-10-03T10:00:00Z'), 'TimeLapse', frames(5, 20_000)),
    shapes.timeLapseOfSources(spec('G0040240.JPG', '2025-10-04T10:00:00Z'), frames(4, 18_000)),
    shapes.video(spec('GX010250.MP4', '2025-10-05T10:00:00Z'), 80_000, 'TimeLapseVideo'),
  ];
}

/** Returns sizes that all differ, so that no frame can be mistaken for another. */
function frames(count: number, sizeBytes: number): number[] {
  return Array.from({ length: count }, (_, nth) => sizeBytes + nth);
}

function specialCameras(spec: SpecOf): SimMedium[] {
  const max = { record: { camera_model: 'GoPro MAX' } };
  return [
    shapes.photoWithRaw(spec('GOPR0300.JPG', '2025-10-10T10:00:00Z'), 70_000, 310_000),
    shapes.video360(spec('GS010310.360', '2025-10-11T10:00:00Z', max), 400_000),
    shapes.chapteredVideo(spec('GS010311.360', '2025-10-12T10:00:00Z', max), [110_000, 90_000]),
    shapes.stereoVideo(spec('3D_0320.MP4', '2014-05-05T10:00:00Z'), 77_000, 78_000),
  ];
}

function edits(spec: SpecOf): SimMedium[] {
  return [
    shapes.edit(spec('', '2025-10-20T11:12:13Z'), 95_000),
    shapes.edit(spec('My best of.mp4', '2025-10-21T11:12:13Z'), 85_000, 'Edit'),
  ];
}

function wrongSizes(spec: SpecOf): SimMedium[] {
  return [
    shapes.video(spec('GX010400.MP4', '2025-10-22T10:00:00Z', { record: { file_size: null } }), 61_000),
    shapes.video(
      spec('GX010401.MP4', '2025-10-23T10:00:00Z', { record: { file_size: 66_560, reprocessed_at: '2025-10-24T03:00:00Z' } }),
      62_000,
    ),
    shapes.video(spec('GX010402.MP4', '2025-10-24T10:00:00Z', { record: { file_size: 0, item_count: null } }), 63_000),
  ];
}

function waiting(spec: SpecOf): SimMedium[] {
  return [
    shapes.unreadyVideo(spec('GX010500.MP4', '2025-11-01T10:00:00Z'), 'transcoding', 58_000),
    shapes.unreadyVideo(spec('GX010501.MP4', '2025-11-01T10:00:00Z'), 'hyperbaking', 57_000),
    shapes.unavailableVideo(spec('GX010502.MP4', '2025-11-01T10:00:00Z'), 56_000),
    shapes.proxiesOnly(spec('GX010503.MP4', '2025-11-01T10:00:00Z')),
  ];
}

function oddTimes(spec: SpecOf): SimMedium[] {
  return [
    shapes.photo(spec('GOPR0600.JPG', '2025-11-02T10:00:00Z', { capturedAt: null }), 11_000),
    shapes.photo(spec('GOPR0601.JPG', '2025-11-02T10:00:00Z', { capturedAt: '0000-00-00T99:99:99Z' }), 12_000),
    shapes.photo(spec('GOPR0602.JPG', '2025-11-02T10:00:00Z', { capturedAt: '1970-01-01T00:00:07Z' }), 13_000),
    shapes.photo(spec('GOPR0603.JPG', '2025-10-31T20:00:00Z', { capturedAt: '2025-11-01T05:59:00Z' }), 14_000),
  ];
}

/**
 * Media of rare types, and one medium of an unknown type. The shape of that medium is ordinary, so
 * it is archived like any other.
 */
function otherTypes(spec: SpecOf): SimMedium[] {
  return [
    shapes.video(spec('GX010700.MP4', '2025-11-02T11:00:00Z'), 41_000, 'Livestream'),
    shapes.video(spec('GXAA0701.MP4', '2025-11-02T11:00:01Z'), 42_000, 'Looped'),
    shapes.video(spec('GXAA0702.MP4', '2025-11-02T11:00:02Z'), 43_000, 'LoopedVideo'),
    shapes.video(spec('GX010703.MP4', '2025-11-02T11:00:03Z'), 44_000, 'HologramLoop'),
  ];
}

function hostilelyNamed(spec: SpecOf): SimMedium[] {
  return hostileNames.map((filename, nth) => {
    const shape = filename.toLowerCase().endsWith('.mp4') ? shapes.video : shapes.photo;
    return shape(spec(filename, '2025-11-03T08:00:00Z'), 2_000 + nth);
  });
}
