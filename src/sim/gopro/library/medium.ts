/** The content of the simulated library: media as the listing shows them, and the files of each. */
import { createHash } from 'node:crypto';
import type { SimContent } from '../../content.ts';
import { pickWay, usualWays, type StoredAs } from '../../etag.ts';

export type OriginalRole = 'source' | 'raw' | 'edit' | 'sidecar';

/** The list of the download reply in which a file appears. */
export type ReplyList = 'files' | 'variations' | 'sidecar_files' | 'sprites';

/**
 * One entry of a download reply, with the bytes behind its URL. Entries with the same seed have the
 * same bytes.
 */
export interface SimFile extends SimContent {
  /** The key is unique within the medium, and is part of the URL. */
  readonly key: string;
  readonly list: ReplyList;
  readonly label?: string;
  /** The `type` in the reply. It may differ from the extension in the URL. */
  readonly type: string;
  readonly quality?: string;
  readonly width?: number;
  readonly height?: number;
  /** If absent, the reply omits the field. */
  readonly itemNumber?: number | null;
  readonly cameraPosition?: string;
  readonly available: boolean;
  /** Decides the ETag of the file. */
  readonly stored: StoredAs;
  /** An ISO time. The CDN sends the same time as Last-Modified. */
  readonly modifiedAt: string;
  /**
   * Set if a correct archive must have this file. The function that builds the file sets this
   * field. It is never derived from the reply, so the simulator cannot share a client's misreading
   * of the reply.
   */
  readonly original?: OriginalRole;
}

/**
 * The listing's record of a medium, with the provider's field names. A field with the value
 * `undefined` is omitted from replies.
 */
export interface MediaRecord {
  readonly id: string;
  readonly type: string;
  readonly filename: string;
  readonly file_extension: string | null;
  readonly file_size: number | null;
  readonly item_count: number | null;
  readonly captured_at: string | null;
  readonly created_at: string;
  readonly updated_at: string;
  readonly reprocessed_at: string | null;
  readonly ready_to_view: string;
  readonly camera_model: string | null;
  readonly source_duration: string | null;
  readonly moments_count: number;
  readonly gopro_media: boolean;
  readonly mce_type: string | null;
  readonly [field: string]: unknown;
}

/**
 * Why a correct client leaves a medium for a later run. `processing`: the cloud still processes the
 * medium. `availability`: a file is announced but missing. `original`: the cloud offers no
 * original.
 */
export type WaitReason = 'processing' | 'availability' | 'original';

export interface SimMedium {
  readonly id: string;
  readonly record: MediaRecord;
  readonly files: readonly SimFile[];
  /**
   * Why the medium waits. null if it can be archived now. Like `SimFile.original`, this field is
   * never derived from the reply.
   */
  readonly waitsFor: WaitReason | null;
}

/**
 * The fields that a library needs to sort a medium into the listing. The medium itself is built on
 * demand.
 */
export interface LazyMedium {
  readonly id: string;
  readonly createdAt: string;
  readonly capturedAt: string | null;
  readonly build: () => SimMedium;
}

/** A file as a builder function describes it. `buildMedium` adds its key, seed and date. */
export type FileSpec = Omit<SimFile, 'key' | 'seed' | 'stored' | 'modifiedAt'> & {
  /** Default: one of the ways of the medium. */
  readonly stored?: StoredAs;
  /** The index of an earlier entry of the same medium whose bytes this entry shares. */
  readonly sameAs?: number;
};

export interface MediumSpec {
  readonly id: string;
  readonly filename: string;
  /** The seed of the library. */
  readonly seed: string;
  readonly createdAt: string;
  /** Default: two days before `createdAt`. */
  readonly capturedAt?: string | null;
  /** Fields that replace those of the listing's record. They may be wrong or missing on purpose. */
  readonly record?: Readonly<Record<string, unknown>>;
  readonly waitsFor?: WaitReason;
  /** How the files are stored. A file's seed picks one of the ways. Default: `usualWays`. */
  readonly stored?: readonly StoredAs[];
}

/** The fields that the listing shows for most media. */
const usualFields = {
  item_durations: null,
  captured_at_timezone: null,
  reprocessed_at: null,
  ready_to_view: 'ready',
  ready_to_edit: true,
  camera_model: 'HERO12 Black',
  firmware_version: 'H23.01.02.20.00',
  content_title: null,
  content_type: null,
  content_description: null,
  tags: null,
  gopro_user_id: null,
  gopro_media: true,
  fov: null,
  resolution: null,
  orientation: 1,
  moments_count: 0,
  mce_type: null,
  composition: null,
  stabilized: false,
  thumbnail_available: true,
  on_public_profile: false,
} as const;

/**
 * Builds a medium. `file_size` is the sum of the source and raw files, and `item_count` is their
 * number, unless the spec overrides them.
 */
export function buildMedium(spec: MediumSpec, type: string, fileSpecs: readonly FileSpec[]): SimMedium {
  const files: SimFile[] = [];
  for (const fileSpec of fileSpecs) files.push(placeFile(spec, files, fileSpec));
  return { id: spec.id, record: recordOf(spec, type, files), files, waitsFor: spec.waitsFor ?? null };
}

/**
 * Completes a file that is added to a medium. `earlier` has the files that the medium already has.
 */
export function placeFile(
  medium: Pick<MediumSpec, 'id' | 'seed' | 'createdAt' | 'stored'>,
  earlier: readonly SimFile[],
  fileSpec: FileSpec,
): SimFile {
  const { sameAs, ...described } = fileSpec;
  const key = `${fileSpec.label ?? fileSpec.list}-${earlier.length + 1}`;
  const twin = sameAs === undefined ? undefined : earlier[sameAs];
  const seed = twin?.seed ?? `${medium.seed}/${medium.id}/${key}`;
  const stored = twin?.stored ?? fileSpec.stored ?? pickWay(medium.stored ?? usualWays, seed);
  return { ...described, key, seed, stored, modifiedAt: medium.createdAt };
}

function recordOf(spec: MediumSpec, type: string, files: readonly SimFile[]): MediaRecord {
  const originals = files.filter((file) => file.original === 'source' || file.original === 'raw');
  const first = originals[0] ?? files[0];
  const video = first !== undefined && ['mp4', 'mov', '360'].includes(first.extension);
  return {
    ...usualFields,
    id: spec.id,
    type,
    filename: spec.filename,
    file_extension: first?.extension.toUpperCase() ?? null,
    file_size: originals.reduce((sum, file) => sum + file.sizeBytes, 0),
    item_count: Math.max(1, originals.filter((file) => file.original === 'source').length),
    captured_at: spec.capturedAt === undefined ? shiftDays(spec.createdAt, -2) : spec.capturedAt,
    created_at: spec.createdAt,
    updated_at: spec.createdAt,
    submitted_at: spec.createdAt,
    width: first?.width ?? null,
    height: first?.height ?? null,
    play_as: video ? 'video' : 'photo',
    source_duration: video ? '61000' : null,
    available_labels: [...new Set(files.flatMap((file) => file.label ?? []))],
    token: `token-of-${spec.id}`,
    ...spec.record,
  };
}

function shiftDays(iso: string, days: number): string {
  return new Date(Date.parse(iso) + days * 86_400_000).toISOString().replace('.000Z', 'Z');
}

/**
 * Returns an opaque id. Older media have 13 characters in mixed case, and newer ones have 24 hex
 * digits.
 */
export function mediumId(seed: string, index: number): string {
  const digest = createHash('sha256').update(`${seed}#${index}`).digest();
  if (index % 2 === 0) return digest.toString('hex', 0, 12);
  const letters = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
  return Array.from(digest.subarray(0, 13), (byte) => letters[byte % letters.length]).join('');
}
