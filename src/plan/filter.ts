/**
 * Selects media by the options of a person. Without options all media are selected. `covers` says
 * what happens to a medium whose date, camera or size is unknown.
 */

import { SyncError } from '../errors.ts';
import type { Medium } from '../media.ts';
import { isRealMoment, momentOf } from './moment.ts';
import type { Moment } from './moment.ts';
import { anyPattern } from './wildcards.ts';

/** The media types that GoPro's cloud is known to use. A filter with any other type is refused. */
export const knownTypes: readonly string[] = [
  'Photo',
  'Video',
  'TimeLapse',
  'TimeLapseVideo',
  'Burst',
  'BurstVideo',
  'Chaptered',
  'Livestream',
  'Looped',
  'LoopedVideo',
  'Continuous',
  'ExternalVideo',
  'Session',
  'MultiClipEdit',
  'Edit',
  'Audio',
];

/**
 * The options that select media, as a person wrote them. A list is already split into its values.
 */
export interface FilterOptions {
  /**
   * `YYYY-MM-DD[THH:MM[:SS]]` by the camera's clock. An offset is refused, and a `Z` is ignored.
   */
  readonly since?: string | undefined;
  /** The same form as `since`. The last day, minute or second is included as a whole. */
  readonly until?: string | undefined;
  /** Media types, each one of `knownTypes`, in any letter case. */
  readonly type?: readonly string[] | undefined;
  /** Cameras: full names, or patterns with `*` and `?`, in any letter case. */
  readonly camera?: readonly string[] | undefined;
  /** File names of the provider: whole names, or patterns with `*` and `?`, in any letter case. */
  readonly name?: readonly string[] | undefined;
  /** Bytes, or a number with a unit (powers of 1024): `500K`, `10M`, `1.5GB`, `2TiB`. */
  readonly 'min-size'?: string | undefined;
  readonly 'max-size'?: string | undefined;
}

/**
 * A medium must match all filters. If a filter is a list, one matching value is enough. Both ends
 * of a range are included.
 */
export interface Filters {
  readonly since?: Moment;
  readonly until?: Moment;
  readonly types?: readonly string[];
  readonly cameras?: readonly string[];
  /**
   * The lower bound for the size in the listing, which is the sum of all chapters of a recording.
   */
  readonly minSizeBytes?: number;
  readonly maxSizeBytes?: number;
  readonly names?: readonly string[];
}

/** Makes filters from options. Errors: USAGE, with the option and the value. */
export function parseFilters(options: FilterOptions): Filters {
  const { since, until, type, camera, name, 'min-size': minSize, 'max-size': maxSize } = options;
  const filters: Filters = {
    ...(since !== undefined && { since: parseMoment('--since', since, '0000-01-01T00:00:00.000') }),
    ...(until !== undefined && { until: parseMoment('--until', until, '9999-12-31T23:59:59.999') }),
    ...(type?.length && { types: type.map(parseType) }),
    ...(camera?.length && { cameras: camera.map((value) => parsePattern('--camera', value)) }),
    ...(name?.length && { names: name.map((value) => parsePattern('--name', value)) }),
    ...(minSize !== undefined && { minSizeBytes: parseSizeBytes('--min-size', minSize) }),
    ...(maxSize !== undefined && { maxSizeBytes: parseSizeBytes('--max-size', maxSize) }),
  };
  refuseEmptyRange(filters.since, filters.until, `--since ${since} is after --until ${until}`);
  refuseEmptyRange(filters.minSizeBytes, filters.maxSizeBytes, `--min-size ${minSize} is more than --max-size ${maxSize}`);
  return filters;
}

function refuseEmptyRange<T extends string | number>(from: T | undefined, to: T | undefined, message: string): void {
  if (from === undefined || to === undefined || from <= to) return;
  throw new SyncError('USAGE', message, { hint: 'No medium can be in that range; swap the two.' });
}

/**
 * Makes a function that tells whether the filters cover a medium. A medium without a capture date
 * is judged by its arrival in the cloud. A medium with neither date is covered only if there is no
 * filter for dates. A medium of unknown size is covered. A medium of an unknown camera is covered
 * only if there is no filter for cameras.
 */
export function covers(filters: Filters): (medium: Medium) => boolean {
  const { since, until, types, cameras, minSizeBytes = 0, maxSizeBytes = Infinity, names } = filters;
  const wantedTypes = types && new Set(types.map((type) => type.toLowerCase()));
  const isWantedCamera = cameras && anyPattern(cameras);
  const isWantedName = names && anyPattern(names);

  return (medium) => {
    if (wantedTypes && !wantedTypes.has(medium.type.toLowerCase())) return false;
    if (isWantedCamera && (medium.cameraModel === null || !isWantedCamera(medium.cameraModel))) return false;
    if (isWantedName && !isWantedName(medium.filename)) return false;
    const sizeBytes = medium.sizeHintBytes;
    if (sizeBytes !== null && (sizeBytes < minSizeBytes || sizeBytes > maxSizeBytes)) return false;
    if (since === undefined && until === undefined) return true;
    const moment = momentOf(medium);
    return moment !== undefined && (since === undefined || moment >= since) && (until === undefined || moment <= until);
  };
}

/** Parses a moment. `rest` supplies the digits that the person left out. */
function parseMoment(option: string, value: string, rest: Moment): Moment {
  const text = value.trim();
  if (/^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?Z?)?$/.test(text)) {
    const given = text.replace(' ', 'T').replace('Z', '').slice(0, rest.length);
    const moment = given + rest.slice(given.length);
    if (isRealMoment(moment)) return moment;
  }
  throw new SyncError('USAGE', `${option} ${quote(value)} is not a date`, {
    hint: 'Write a day as 2025-07-04, or a moment by the clock of the camera as 2025-07-04T09:15, without a time zone.',
  });
}

function parseType(value: string): string {
  const type = knownTypes.find((known) => known.toLowerCase() === value.trim().toLowerCase());
  if (type !== undefined) return type;
  throw new SyncError('USAGE', `--type ${quote(value)} is not a type of media`, {
    hint: `Known types: ${knownTypes.join(', ')}.`,
  });
}

const units = ['', 'K', 'M', 'G', 'T'];

function parseSizeBytes(option: string, value: string): number {
  const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?) ?([KMGT]?)(?:i?B)?$/i.exec(value.trim()) ?? [];
  const sizeBytes = Math.round(Number.parseFloat(number) * 1024 ** units.indexOf(unit.toUpperCase()));
  if (Number.isSafeInteger(sizeBytes)) return sizeBytes;
  throw new SyncError('USAGE', `${option} ${quote(value)} is not a size`, {
    hint: 'Write bytes, or a number with K, M, G or T (powers of 1024) such as 500K, 10M or 1.5G.',
  });
}

function parsePattern(option: string, value: string): string {
  const pattern = value.trim();
  if (pattern !== '') return pattern;
  throw new SyncError('USAGE', `${option} ${quote(value)} is empty`, { hint: 'Give a name, or a pattern such as HERO12*.' });
}

function quote(value: string): string {
  return JSON.stringify(value);
}
