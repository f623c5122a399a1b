/** Media of every shape that the cloud is known to have, each as one function. */
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

/** One `source`, a 1080p proxy in `files[]` and among the variations, thumbnails. */
export function video(spec: MediumSpec, sizeBytes: number, type = 'Video'): SimMedium {
  return chapteredVideo(spec, [sizeBytes], type);
}

/** One `source` variation per chapter; `files[]` holds one proxy all the same. */
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

/** A video that also has the full-length file which the server puts together on request, and a sound-only proxy: to be skipped. */
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

/** A video with telemetry: `gpmf` as mp4 and as JSON, `gpx`, `mediainfo`. */
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

/** One `source` whose bytes `files[0]` repeats. */
export function photo(spec: MediumSpec, sizeBytes: number, extension = 'jpg'): SimMedium {
  return buildMedium(spec, 'Photo', [source({ sizeBytes, extension }), frame({ sizeBytes, extension, sameAs: 0 })]);
}

/** A JPEG as `source` and its RAW counterpart as a sidecar. */
export function photoWithRaw(spec: MediumSpec, jpgBytes: number, rawBytes: number): SimMedium {
  return buildMedium(spec, 'Photo', [
    source({ sizeBytes: jpgBytes, extension: 'jpg' }),
    frame({ sizeBytes: jpgBytes, sameAs: 0 }),
    rawPhoto(rawBytes),
  ]);
}

/** One entry in `files[]` per frame; the lone `source` is only a cover. */
export function frameSet(spec: MediumSpec, type: 'Burst' | 'Continuous' | 'TimeLapse', frameBytes: readonly number[]): SimMedium {
  return buildMedium(spec, type, [
    ...frameBytes.map((sizeBytes, index) => originalFrame({ sizeBytes, itemNumber: index + 1 })),
    coverSource({ sizeBytes: 1_500, extension: 'jpg' }),
  ]);
}

/** A time lapse whose frames are `source` variations, while `files[]` holds a single preview. */
export function timeLapseOfSources(spec: MediumSpec, frameBytes: readonly number[]): SimMedium {
  return buildMedium(spec, 'TimeLapse', [
    frame({ sizeBytes: 1_400 }),
    ...frameBytes.map((sizeBytes, index) => source({ sizeBytes, itemNumber: index + 1, extension: 'jpg' })),
    proxy('timelapse_video', PROXY_BYTES),
  ]);
}

/** A 360° recording: the `.360` is the original, the JPEG in `files[]` a preview. */
export function video360(spec: MediumSpec, sizeBytes: number): SimMedium {
  return buildMedium(spec, 'Video', [
    frame({ sizeBytes: 1_600 }),
    source({ sizeBytes, extension: '360' }),
    proxy('high_res_proxy_mp4', PROXY_BYTES),
  ]);
}

/** Two cameras of one rig: both originals carry item number 1 and differ in the camera's position only. */
export function stereoVideo(spec: MediumSpec, leftBytes: number, rightBytes: number): SimMedium {
  return buildMedium(spec, 'Video', [
    proxyFile(PROXY_BYTES),
    source({ sizeBytes: leftBytes, cameraPosition: 'left' }),
    source({ sizeBytes: rightBytes, cameraPosition: 'right' }),
  ]);
}

/** Chapters whose item numbers are given: null, `undefined` (left out) or repeated. */
export function oddlyNumberedVideo(
  spec: MediumSpec,
  chapters: readonly { readonly sizeBytes: number; readonly itemNumber: number | null | undefined }[],
): SimMedium {
  return buildMedium(spec, 'Video', [proxyFile(PROXY_BYTES), ...chapters.map((chapter) => source(chapter))]);
}

/** An edit: no size, no name, `json` as its stated extension although an mp4 is served, and only a `baked_source`. */
export function edit(spec: MediumSpec, sizeBytes: number, type = 'MultiClipEdit'): SimMedium {
  const record = { file_size: null, file_extension: 'json', item_count: 1, mce_type: 'edit', camera_model: null, ...spec.record };
  return buildMedium({ ...spec, record }, type, [proxyFile(PROXY_BYTES), bakedSource(sizeBytes), proxy('mp4_low', PROXY_BYTES)]);
}

/** A video that is still in the works: the reply already lists its original and may change. Waits for `setReady`. */
export function unreadyVideo(spec: MediumSpec, readyToView: string, sizeBytes: number): SimMedium {
  const record = { ready_to_view: readyToView, file_size: null, ...spec.record };
  return buildMedium({ ...spec, record, waitsFor: 'processing' }, 'Video', [source({ sizeBytes })]);
}

/** Listed as ready, but its only original says `available: false`. Waits for `setReady`. */
export function unavailableVideo(spec: MediumSpec, sizeBytes: number): SimMedium {
  const files = [proxyFile(PROXY_BYTES), source({ sizeBytes, available: false }), proxy('mp4_low', PROXY_BYTES)];
  return buildMedium({ ...spec, waitsFor: 'availability' }, 'Video', files);
}

/** Ready, but with nothing but proxies on offer. Waits for an original to be added. */
export function proxiesOnly(spec: MediumSpec): SimMedium {
  const files = [proxyFile(PROXY_BYTES), proxy('high_res_proxy_mp4', PROXY_BYTES + 1), proxy('mp4_low', PROXY_BYTES + 2)];
  return buildMedium({ ...spec, waitsFor: 'original' }, 'Video', files);
}
