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

/** The list prices of November 2026 in USD. They are the same in us-east-1 and eu-west-1. */
const prices: Readonly<Record<StorageClass, { gbMonth: number; perTransition: number; leastDays: number }>> = {
  standard: { gbMonth: 0.023, perTransition: 0, leastDays: 0 },
  instant: { gbMonth: 0.004, perTransition: 0.02 / 1_000, leastDays: 90 },
  'deep-archive': { gbMonth: 0.00099, perTransition: 0.05 / 1_000, leastDays: 180 },
};
const perUploadRequest = 0.005 / 1_000;

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

/** Computes the cost of archiving and storing a TB. The cost of reading files is not included. */
export function storageCost(steps: StorageSteps): StorageCost {
  const last = prices[steps.at(-1)?.storageClass ?? 'standard'];
  const stored = steps.reduce((sum, step, index) => {
    const until = steps[index + 1]?.fromDay ?? daysPerYear;
    const { gbMonth, leastDays, perTransition } = prices[step.storageClass];
    return sum + rent(gbMonth, Math.max(until - step.fromDay, leastDays)) + files * perTransition;
  }, 0);
  return {
    firstYearUsd: stored + files * requestsPerFile * perUploadRequest,
    laterYearUsd: rent(last.gbMonth, daysPerYear),
    monthUsd: rent(last.gbMonth, daysPerMonth),
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
    const usd = [firstYearUsd, laterYearUsd, monthUsd].map((value) => value.toFixed(2).padStart(8));
    return `${mark} ${profile.padEnd(14)}${usd[0]} USD in the first year, ${usd[1]} in each later one, ${usd[2]} a month`;
  });
  return ['Storage of one TB by profile, list prices:', ...lines].join('\n');
}
