/** Ready-made libraries by name. */
import type { StoredAs } from '../../etag.ts';
import { frame, source } from './file-specs.ts';
import { buildMedium, mediumId, type LazyMedium, type MediumSpec, type SimMedium } from './medium.ts';
import { smallPreset } from './preset-small.ts';
import { chapteredVideo, photo, video } from './shapes.ts';

export const presets = ['small', 'large', 'big-file', 'empty'] as const;

/**
 * `small`: every known shape, with less than 60 MB. `large`: many small media. `big-file`: one long
 * recording. `empty`: no media.
 */
export type Preset = (typeof presets)[number];

export interface PresetOptions {
  /** The seed decides ids and bytes. Default: `cloud-sync`. */
  readonly seed?: string;
  /** For `large`: the number of media. Default: 100,000. */
  readonly count?: number;
  /** For `large`: the size of every file. Default: each file has its own size, from 1 to 64 KiB. */
  readonly fileSizeBytes?: number;
  /** For `big-file`: the size of its only file. Default: 14 GB. */
  readonly sizeBytes?: number;
  /** The ways in which the provider stores the files. Default: a mix of part sizes. */
  readonly stored?: readonly StoredAs[];
}

/** What all media of a preset have in common. */
type CommonSpec = Pick<MediumSpec, 'seed' | 'stored'>;

const DAY_MS = 86_400_000;
const NEWEST_MS = Date.parse('2026-06-30T18:00:00Z');

/** Returns the media of a preset. If there may be many media, each is built when it is needed. */
export function presetMedia(preset: Preset, options: PresetOptions = {}): Iterable<SimMedium | LazyMedium> {
  const seed = options.seed ?? 'cloud-sync';
  const stored = options.stored && { stored: options.stored };
  switch (preset) {
    case 'small':
      return smallPreset({ seed, ...stored });
    case 'large':
      return largePreset({ seed, ...stored }, options);
    case 'big-file':
      return [bigFile({ seed, ...stored }, options.sizeBytes ?? 14_000_000_000)];
    default:
      return [];
  }
}

function bigFile(common: CommonSpec, sizeBytes: number): SimMedium {
  const spec = { ...common, id: mediumId(common.seed, 0), filename: 'GX010001.MP4', createdAt: '2026-05-02T20:00:00Z' };
  return video(spec, sizeBytes);
}

function* largePreset(common: CommonSpec, options: PresetOptions): Generator<LazyMedium, void> {
  const count = options.count ?? 100_000;
  for (let index = 0; index < count; index += 1) {
    const id = mediumId(common.seed, index);
    const times = largeTimes(index);
    yield { id, ...times, build: () => largeMedium({ ...common, ...times, id }, index, options.fileSizeBytes) };
  }
}

/**
 * Returns the times of a medium of the preset `large`. Every three media share one second, as in
 * imports of a whole card. There are 200 media a day.
 */
function largeTimes(index: number): { createdAt: string; capturedAt: string } {
  const createdMs = NEWEST_MS - Math.floor(index / 200) * DAY_MS - Math.floor((index % 200) / 3) * 1000;
  const capturedMs = createdMs - DAY_MS - (index % 200) * 60_000;
  return { createdAt: isoSeconds(createdMs), capturedAt: isoSeconds(capturedMs) };
}

function largeMedium(spec: Omit<MediumSpec, 'filename'>, index: number, fileSizeBytes: number | undefined): SimMedium {
  const number = String((index % 9999) + 1).padStart(4, '0');
  const size = (item: number): number => fileSizeBytes ?? 1024 + ((index * 31 + item * 17) % 64) * 1008;
  if (index % 25 === 7) return chapteredVideo({ ...spec, filename: `GX01${number}.MP4` }, [size(1), size(2), size(3)]);
  if (index % 3 === 0) return video({ ...spec, filename: `GH01${number}.MP4` }, size(1));
  if (index % 3 === 1) return photo({ ...spec, filename: `GOPR${number}.JPG` }, size(1));
  const phone = { ...spec, filename: `PXL_${number}.jpg`, record: { gopro_media: false, camera_model: null } };
  return buildMedium(phone, 'Photo', [
    source({ sizeBytes: size(1), extension: 'jpg' }),
    frame({ sizeBytes: size(1), sameAs: 0 }),
  ]);
}

function isoSeconds(timeMs: number): string {
  return new Date(timeMs).toISOString().replace('.000Z', 'Z');
}
