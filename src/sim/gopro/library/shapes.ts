/** Media of every shape that the cloud is known to have. There is one function for each shape. */
import {
  bakedSource,
  coverSource,
  frame,
  originalFrame,
  proxy,
  proxyFile,
  rawPhoto,
  sidecar,
  source,
  sprite,
} from './file-specs.ts';
import { buildMedium, type MediumSpec, type SimMedium } from './medium.ts';

const PROXY_BYTES = 3_000;

/**
 * A video. It has one `source`, a 1080p proxy both in `files[]` and among the variations, and
 * thumbnails.
 */
export function video(spec: MediumSpec, sizeBytes: number, type = 'Video'): SimMedium {
  return chapteredVideo(spec, [sizeBytes], type);
}

/** A video with one `source` variation for each chapter. `files[]` still has only one proxy. */
export function chapteredVideo(spec: MediumSpec, chapterBytes: readonly number[], type = 'Video'): SimMedium {
  const extension = /\.(mov|360)$/i.exec(spec.filename)?.[1]?.toLowerCase() ?? 'mp4';
  return buildMedium(spec, type, [
    proxyFile(PROXY_BYTES),
    ...chapterBytes.map((sizeBytes, index) => source({ sizeBytes, itemNumber: index + 1, extension })),
    proxy('high_res_proxy_mp4', PROXY_BYTES + 1),
    proxy('mp4_low', PROXY_BYTES + 2),
    sprite(900),
  ]);
}

/**
 * A video with two more proxies, which a client must skip: a full-length file that the server joins
 * on request, and a file with sound only.
 */
export function videoWithConcat(spec: MediumSpec, chapterBytes: readonly number[]): SimMedium {
  const total = chapterBytes.reduce((sum, bytes) => sum + bytes, 0);
  return buildMedium(spec, 'Video', [
    proxyFile(PROXY_BYTES),
    ...chapterBytes.map((sizeBytes, index) => source({ sizeBytes, itemNumber: index + 1 })),
    proxy('concat', total),
    proxy('audio_proxy', PROXY_BYTES),
    proxy('edit_proxy', PROXY_BYTES + 3),
  ]);
}

/** A video with telemetry: `gpmf` as mp4 and as JSON, `gpx` and `mediainfo`. */
export function videoWithSidecars(spec: MediumSpec, sizeBytes: number): SimMedium {
  return buildMedium(spec, 'Video', [
    proxyFile(PROXY_BYTES),
    source({ sizeBytes }),
    proxy('high_res_proxy_mp4', PROXY_BYTES + 1),
    sidecar('gpmf', 'mp4', 2_100),
    sidecar('gpmf', 'json', 2_200),
    sidecar('gpx', 'gpx', 2_300),
    sidecar('mediainfo', 'json', 700),
  ]);
}

/** A photo. It has one `source`, and `files[0]` has the same bytes. */
export function photo(spec: MediumSpec, sizeBytes: number, extension = 'jpg'): SimMedium {
  return buildMedium(spec, 'Photo', [source({ sizeBytes, extension }), frame({ sizeBytes, extension, sameAs: 0 })]);
}

/** A photo with a JPEG as `source` and the RAW file as a sidecar. */
export function photoWithRaw(spec: MediumSpec, jpgBytes: number, rawBytes: number): SimMedium {
  return buildMedium(spec, 'Photo', [
    source({ sizeBytes: jpgBytes, extension: 'jpg' }),
    frame({ sizeBytes: jpgBytes, sameAs: 0 }),
    rawPhoto(rawBytes),
  ]);
}

/** A set of frames. Each frame is an entry in `files[]`, and the only `source` is a cover. */
export function frameSet(spec: MediumSpec, type: 'Burst' | 'Continuous' | 'TimeLapse', frameBytes: readonly number[]): SimMedium {
  return buildMedium(spec, type, [
    ...frameBytes.map((sizeBytes, index) => originalFrame({ sizeBytes, itemNumber: index + 1 })),
    coverSource({ sizeBytes: 1_500, extension: 'jpg' }),
  ]);
}

/** A time lapse whose frames are `source` variations. `files[]` has a single preview. */
export function timeLapseOfSources(spec: MediumSpec, frameBytes: readonly number[]): SimMedium {
  return buildMedium(spec, 'TimeLapse', [
    frame({ sizeBytes: 1_400 }),
    ...frameBytes.map((sizeBytes, index) => source({ sizeBytes, itemNumber: index + 1, extension: 'jpg' })),
    proxy('timelapse_video', PROXY_BYTES),
  ]);
}

/** A 360° recording. The `.360` file is the original, and the JPEG in `files[]` is a preview. */
export function video360(spec: MediumSpec, sizeBytes: number): SimMedium {
  return buildMedium(spec, 'Video', [
    frame({ sizeBytes: 1_600 }),
    source({ sizeBytes, extension: '360' }),
    proxy('high_res_proxy_mp4', PROXY_BYTES),
  ]);
}

/**
 * The recordings of two cameras in one rig. Both originals have item number 1 and differ only in
 * the camera position.
 */
export function stereoVideo(spec: MediumSpec, leftBytes: number, rightBytes: number): SimMedium {
  return buildMedium(spec, 'Video', [
    proxyFile(PROXY_BYTES),
    source({ sizeBytes: leftBytes, cameraPosition: 'left' }),
    source({ sizeBytes: rightBytes, cameraPosition: 'right' }),
  ]);
}

/** A video whose chapters have the given item numbers: null, `undefined` (omitted) or repeated. */
export function oddlyNumberedVideo(
  spec: MediumSpec,
  chapters: readonly { readonly sizeBytes: number; readonly itemNumber: number | null | undefined }[],
): SimMedium {
  return buildMedium(spec, 'Video', [proxyFile(PROXY_BYTES), ...chapters.map((chapter) => source(chapter))]);
}

/**
 * An edit. It has no size and no name, and only a `baked_source`. It states `json` as its extension
 * although the file is an mp4.
 */
export function edit(spec: MediumSpec, sizeBytes: number, type = 'MultiClipEdit'): SimMedium {
  const record = { file_size: null, file_extension: 'json', item_count: 1, mce_type: 'edit', camera_model: null, ...spec.record };
  return buildMedium({ ...spec, record }, type, [proxyFile(PROXY_BYTES), bakedSource(sizeBytes), proxy('mp4_low', PROXY_BYTES)]);
}

/**
 * A video that the cloud still processes. The reply already lists its original, which may still
 * change. The video waits for `setReady`.
 */
export function unreadyVideo(spec: MediumSpec, readyToView: string, sizeBytes: number): SimMedium {
  const record = { ready_to_view: readyToView, file_size: null, ...spec.record };
  return buildMedium({ ...spec, record, waitsFor: 'processing' }, 'Video', [source({ sizeBytes })]);
}

/**
 * A medium that is listed as ready although its only original has `available: false`. The medium
 * waits for `setReady`.
 */
export function unavailableVideo(spec: MediumSpec, sizeBytes: number): SimMedium {
  const files = [proxyFile(PROXY_BYTES), source({ sizeBytes, available: false }), proxy('mp4_low', PROXY_BYTES)];
  return buildMedium({ ...spec, waitsFor: 'availability' }, 'Video', files);
}

/** A ready medium that offers only proxies. The medium waits until an original is added. */
export function proxiesOnly(spec: MediumSpec): SimMedium {
  const files = [proxyFile(PROXY_BYTES), proxy('high_res_proxy_mp4', PROXY_BYTES + 1), proxy('mp4_low', PROXY_BYTES + 2)];
  return buildMedium({ ...spec, waitsFor: 'original' }, 'Video', files);
}
