/** Counts what filters select of a library, and says which filters match nothing. No I/O. */
import type { Medium } from '../media.ts';
import { covers, type Filters } from './filter.ts';
import { momentOf } from './moment.ts';

export interface FilterCount {
  /** How many media of the library all filters together select. */
  readonly selected: number;
  readonly leftOut: number;
  /** A sentence for each value of a filter that no medium of the library matches. */
  readonly unmatched: readonly string[];
}

export interface FilterCounter {
  /** Tells whether the filters select a medium, and counts the medium unless it is gone. */
  note(medium: Medium, isGone: boolean): boolean;
  count(): FilterCount;
}

/** A filter with one value only. `miss` says that no medium matches the value. */
interface Criterion {
  readonly matches: (medium: Medium) => boolean;
  readonly miss: (values: LibraryValues) => string;
}

/** The values that a library has for each filter. */
interface LibraryValues {
  readonly cameras: Set<string>;
  readonly types: Set<string>;
  readonly names: Set<string>;
  readonly moments: Range<string>;
  readonly sizes: Range<number>;
}

interface Range<Value> {
  least?: Value;
  greatest?: Value;
}

/** At most this many values of a library are kept and named. */
const maxValues = 8;

export function countFiltered(filters: Filters): FilterCounter {
  const isSelected = covers(filters);
  const unmatched = new Set(criteriaOf(filters));
  const values: LibraryValues = { cameras: new Set(), types: new Set(), names: new Set(), moments: {}, sizes: {} };
  let selected = 0;
  let leftOut = 0;
  return {
    note: (medium, isGone) => {
      const isCovered = isSelected(medium);
      if (isGone) return isCovered;
      if (isCovered) selected += 1;
      else leftOut += 1;
      for (const criterion of unmatched) if (criterion.matches(medium)) unmatched.delete(criterion);
      noteValues(values, medium);
      return isCovered;
    },
    count: () => ({ selected, leftOut, unmatched: [...unmatched].map(({ miss }) => miss(values)) }),
  };
}

function criteriaOf({ cameras = [], types = [], names = [], since, until, minSizeBytes, maxSizeBytes }: Filters): Criterion[] {
  const dates = { ...(since !== undefined && { since }), ...(until !== undefined && { until }) };
  const sizes = { ...(minSizeBytes !== undefined && { minSizeBytes }), ...(maxSizeBytes !== undefined && { maxSizeBytes }) };
  return [
    ...cameras.map((camera) => ({
      matches: covers({ cameras: [camera] }),
      miss: (values: LibraryValues) => `no camera matches ${JSON.stringify(camera)}; ${theHas('cameras', values.cameras)}`,
    })),
    ...types.map((type) => ({
      matches: covers({ types: [type] }),
      miss: (values: LibraryValues) => `no medium has the type ${type}; ${theHas('types', values.types)}`,
    })),
    ...names.map((name) => ({
      matches: covers({ names: [name] }),
      miss: (values: LibraryValues) => `no name matches ${JSON.stringify(name)}; ${theHas('names', values.names)}`,
    })),
    ...(since === undefined && until === undefined ? [] : [rangeOfDates(dates)]),
    ...(minSizeBytes === undefined && maxSizeBytes === undefined ? [] : [rangeOfSizes(sizes)]),
  ];
}

function rangeOfDates(filters: Filters): Criterion {
  return {
    matches: covers(filters),
    miss: ({ moments: { least, greatest } }) => {
      const dates =
        least === undefined ? 'no medium has a date' : `they are from ${least.slice(0, 10)} to ${greatest?.slice(0, 10)}`;
      return `no medium is in the range of --since and --until; ${dates}`;
    },
  };
}

function rangeOfSizes(filters: Filters): Criterion {
  return {
    matches: covers(filters),
    miss: ({ sizes: { least, greatest } }) =>
      `no medium is in the range of --min-size and --max-size; they have ${least} to ${greatest} bytes`,
  };
}

function theHas(noun: string, values: ReadonlySet<string>): string {
  if (values.size === 0) return `the library names no ${noun}`;
  const named = [...values].toSorted().slice(0, maxValues).join(', ');
  return `the library has the ${noun} ${named}${values.size > maxValues ? ' and others' : ''}`;
}

function noteValues({ cameras, types, names, moments, sizes }: LibraryValues, medium: Medium): void {
  const { cameraModel, type, filename, sizeHintBytes } = medium;
  // One value more than is named shows that there are others.
  if (cameraModel !== null && cameras.size <= maxValues) cameras.add(cameraModel);
  if (types.size <= maxValues) types.add(type);
  if (filename !== '' && names.size <= maxValues) names.add(filename);
  widen(moments, momentOf(medium));
  widen(sizes, sizeHintBytes ?? undefined);
}

function widen<Value extends string | number>(range: Range<Value>, value: Value | undefined): void {
  if (value === undefined) return;
  if (range.least === undefined || value < range.least) range.least = value;
  if (range.greatest === undefined || value > range.greatest) range.greatest = value;
}
