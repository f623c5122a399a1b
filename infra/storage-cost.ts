import { gbMonthUsd, gigabyte, readingUsd, thawTerms, transitionUsd, uploadRequestUsd } from '../src/destination/s3/prices.ts';

/**
 * How archived files are stored. `deep-archive` is the cheapest profile. Files in `instant` can be
 * read immediately. Files in `standard` stay in S3 Standard.
 */
export const storageProfiles = ['deep-archive', 'instant', 'standard'] as const;
export type StorageProfile = (typeof storageProfiles)[number];

export type StorageClass = 'standard' | 'instant' | 'deep-archive';

/**
 * The storage classes that a file passes through. The file enters a class `fromDay` days after the
 * upload.
 */
export type StorageSteps = readonly { readonly storageClass: StorageClass; readonly fromDay: number }[];

/**
 * The storage classes of each profile. Every file is uploaded to Standard. A transition on day 0
 * can take a day, because S3 checks once a day.
 */
export const storageSteps: Readonly<Record<StorageProfile, StorageSteps>> = {
  'deep-archive': [
    { storageClass: 'standard', fromDay: 0 },
    { storageClass: 'deep-archive', fromDay: 7 },
  ],
  instant: [
    { storageClass: 'standard', fromDay: 0 },
    { storageClass: 'instant', fromDay: 0 },
  ],
  standard: [{ storageClass: 'standard', fromDay: 0 }],
};

/** S3 charges for at least this many days in a class. */
const leastDays: Readonly<Record<StorageClass, number>> = { standard: 0, instant: 90, 'deep-archive': 180 };

/** A typical TB of camera files: 1,000 files of about 1 GB, each uploaded in parts of 64 MiB. */
const gigabytes = 1_024;
const files = 1_000;
const requestsPerFile = (gigabytes * 1_024) / files / 64 + 2;
const daysPerYear = 365;
const daysPerMonth = 30;

export interface StorageCost {
  /** The cost of the first year, which includes the upload and the transitions. */
  readonly firstYearUsd: number;
  readonly laterYearUsd: number;
  /** The cost of one month after all transitions. */
  readonly monthUsd: number;
}

/** For how many days a thawed file can be read, in the cost of getting a TB back. */
const readableDays = 14;

/** What S3 calls the classes. */
const classNames = { standard: 'STANDARD', instant: 'GLACIER_IR', 'deep-archive': 'DEEP_ARCHIVE' } as const;

/** Computes the cost of reading a TB over the internet, in bulk if it must be thawed first. */
export function readingCost(steps: StorageSteps): number {
  const storageClass = classNames[steps.at(-1)?.storageClass ?? 'standard'];
  const sizeBytes = (gigabytes / files) * gigabyte;
  const thaw = thawTerms(storageClass, sizeBytes, { tier: 'bulk', days: readableDays });
  return files * ((thaw?.usd ?? 0) + readingUsd(storageClass, sizeBytes));
}

/** Computes the cost of archiving and storing a TB. The cost of reading files is not included. */
export function storageCost(steps: StorageSteps): StorageCost {
  const lastGbMonth = gbMonthUsd[steps.at(-1)?.storageClass ?? 'standard'];
  const stored = steps.reduce((sum, step, index) => {
    const until = steps[index + 1]?.fromDay ?? daysPerYear;
    const { storageClass, fromDay } = step;
    const days = Math.max(until - fromDay, leastDays[storageClass]);
    return sum + rent(gbMonthUsd[storageClass], days) + files * transitionUsd[storageClass];
  }, 0);
  return {
    firstYearUsd: stored + files * requestsPerFile * uploadRequestUsd,
    laterYearUsd: rent(lastGbMonth, daysPerYear),
    monthUsd: rent(lastGbMonth, daysPerMonth),
  };
}

function rent(gbMonth: number, days: number): number {
  return (gigabytes * gbMonth * days) / daysPerMonth;
}

/** Describes the cost of the chosen profile and of the other profiles. A synth prints this text. */
export function describeStorageCost(chosen: StorageProfile): string {
  const lines = storageProfiles.map((profile) => {
    const { firstYearUsd, laterYearUsd, monthUsd } = storageCost(storageSteps[profile]);
    const mark = profile === chosen ? '→' : ' ';
    const backUsd = readingCost(storageSteps[profile]);
    const usd = [firstYearUsd, laterYearUsd, monthUsd, backUsd].map((value) => value.toFixed(2).padStart(8));
    return `${mark} ${profile.padEnd(14)}${usd[0]} USD in the first year, ${usd[1]} in each later one, ${usd[2]} a month, ${usd[3]} to get it back`;
  });
  return ['Storage of one TB by profile, list prices:', ...lines].join('\n');
}
