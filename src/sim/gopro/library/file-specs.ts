/**
 * The entries of a download reply. There is one function for each kind of entry. Sizes are in
 * bytes.
 */
import type { FileSpec } from './medium.ts';

interface SourceOptions {
  readonly sizeBytes: number;
  readonly extension?: string;
  readonly type?: string;
  /** Default: 1. If `undefined` is given, the reply omits the field. */
  readonly itemNumber?: number | null | undefined;
  readonly cameraPosition?: string;
  readonly available?: boolean;
}

/** A variation with the label `source`. It is the camera's own file, and therefore an original. */
export function source(options: SourceOptions): FileSpec {
  return { ...coverSource(options), original: 'source' };
}

/**
 * A variation with the label `source` that is only the cover of a set of frames. It is not an
 * original.
 */
export function coverSource(options: SourceOptions): FileSpec {
  const extension = options.extension ?? 'mp4';
  const still = extension === 'jpg' || extension === 'jpeg' || extension === 'png';
  const itemNumber = 'itemNumber' in options ? options.itemNumber : 1;
  return {
    list: 'variations',
    label: 'source',
    type: options.type ?? extension,
    ...(still ? { width: 5568, height: 4872 } : { quality: '2160p', width: 3840, height: 2160 }),
    extension,
    sizeBytes: options.sizeBytes,
    ...(itemNumber === undefined ? {} : { itemNumber }),
    ...(options.cameraPosition === undefined ? {} : { cameraPosition: options.cameraPosition }),
    available: options.available ?? true,
  };
}

/** A transcoded variation, which is never an original. */
export function proxy(label: string, sizeBytes: number, itemNumber = 1): FileSpec {
  const extension = label === 'audio_proxy' ? 'm4v' : 'mp4';
  return {
    list: 'variations',
    label,
    type: 'mp4',
    quality: '1080p',
    width: 1920,
    height: 1080,
    extension,
    sizeBytes,
    itemNumber,
    available: true,
  };
}

/** The variation with the label `baked_source`. It is the original of an edit. */
export function bakedSource(sizeBytes: number): FileSpec {
  return { ...proxy('baked_source', sizeBytes), original: 'edit' };
}

/** The only entry in `files[]` of a video. It is a transcoded 1080p proxy, and not an original. */
export function proxyFile(sizeBytes: number, itemNumber = 1): FileSpec {
  return { ...frame({ sizeBytes, itemNumber, extension: 'mp4' }), width: 1920, height: 1080 };
}

interface FrameOptions {
  readonly sizeBytes: number;
  readonly itemNumber?: number | null | undefined;
  readonly extension?: string;
  readonly sameAs?: number;
  readonly cameraPosition?: string;
}

/** An entry in `files[]` that is not an original. */
export function frame(options: FrameOptions): FileSpec {
  const extension = options.extension ?? 'jpg';
  const itemNumber = 'itemNumber' in options ? options.itemNumber : 1;
  return {
    list: 'files',
    type: extension,
    width: 5568,
    height: 4872,
    extension,
    sizeBytes: options.sizeBytes,
    ...(itemNumber === undefined ? {} : { itemNumber }),
    cameraPosition: options.cameraPosition ?? 'default',
    available: true,
    ...(options.sameAs === undefined ? {} : { sameAs: options.sameAs }),
  };
}

/**
 * An entry in `files[]` that is an original: a frame of a burst, a continuous shot or a time lapse.
 */
export function originalFrame(options: FrameOptions): FileSpec {
  return { ...frame(options), original: 'source' };
}

/**
 * A sidecar such as `gpmf`, `gpx` or `mediainfo`. It is an original only if a person requests
 * sidecars.
 */
export function sidecar(label: string, extension: string, sizeBytes: number, itemNumber = 1): FileSpec {
  return {
    list: 'sidecar_files',
    label,
    type: extension,
    extension,
    sizeBytes,
    itemNumber,
    available: true,
    original: 'sidecar',
  };
}

/** The only sidecar that is always an original: the GPR file of a RAW photo. */
export function rawPhoto(sizeBytes: number, itemNumber = 1): FileSpec {
  return { ...sidecar('raw_photo', 'gpr', sizeBytes, itemNumber), original: 'raw' };
}

/** Thumbnails that a player shows while a person scrolls through a video. */
export function sprite(sizeBytes: number): FileSpec {
  return { list: 'sprites', type: 'jpg', width: 160, height: 90, extension: 'jpg', sizeBytes, available: true };
}
