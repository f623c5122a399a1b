import type { ThawTier } from '../../media.ts';
import type { ThawTerms, ThawWish } from '../thawing.ts';

/** The list prices of Amazon S3 in USD. They are the same in us-east-1 and eu-west-1. */
export const pricesOf = 'list prices of Amazon S3 in us-east-1, November 2026';

/** The prices are per GB, and S3 counts a GB as 1024³ bytes. */
export const gigabyte = 1024 ** 3;

/** Storing a GB for a month. */
export const gbMonthUsd = { standard: 0.023, instant: 0.004, 'deep-archive': 0.00099 } as const;
/** Moving one object to a class by a lifecycle rule. */
export const transitionUsd = { standard: 0, instant: 0.02 / 1_000, 'deep-archive': 0.05 / 1_000 } as const;
export const uploadRequestUsd = 0.005 / 1_000;

const readRequestUsd = {
  default: 0.0004 / 1_000,
  STANDARD_IA: 0.001 / 1_000,
  ONEZONE_IA: 0.001 / 1_000,
  GLACIER_IR: 0.01 / 1_000,
};
const retrievalUsd = { default: 0, STANDARD_IA: 0.01, ONEZONE_IA: 0.01, GLACIER_IR: 0.03 };
/** Sending a GB to the internet. Within a region of AWS it costs nothing. */
const transferUsd = 0.09;

/** The storage classes from which an object must be thawed before it can be read. */
export const archiveClasses: ReadonlySet<string> = new Set(['GLACIER', 'DEEP_ARCHIVE']);

/** Computes what one request costs that reads an object over the internet to its end. */
export function readingUsd(storageClass: string, sizeBytes: number): number {
  const known = storageClass in retrievalUsd ? (storageClass as keyof typeof retrievalUsd) : 'default';
  return readRequestUsd[known] + (sizeBytes / gigabyte) * (retrievalUsd[known] + transferUsd);
}

interface ThawPrice {
  readonly requestUsd: number;
  readonly gbUsd: number;
  /** The readable copy of a Glacier class is stored in S3 Standard for as long as it exists. */
  readonly keepsCopy: boolean;
  /** When the object can be read, at the latest that S3 calls typical. */
  readonly hours: number;
}

/**
 * What S3 asks for thawing an object, by class or tier. Sources: the price page of S3
 * (aws.amazon.com/s3/pricing), and "Understanding archive retrieval options" in its user guide,
 * which also says what is free.
 */
const thawPrices: Readonly<Record<string, Readonly<Record<ThawTier, ThawPrice>>>> = {
  GLACIER: {
    standard: { requestUsd: 0.05 / 1_000, gbUsd: 0.01, keepsCopy: true, hours: 5 },
    bulk: { requestUsd: 0, gbUsd: 0, keepsCopy: true, hours: 12 },
  },
  DEEP_ARCHIVE: {
    standard: { requestUsd: 0.1 / 1_000, gbUsd: 0.02, keepsCopy: true, hours: 12 },
    bulk: { requestUsd: 0.025 / 1_000, gbUsd: 0.0025, keepsCopy: true, hours: 48 },
  },
  ARCHIVE_ACCESS: {
    standard: { requestUsd: 0, gbUsd: 0, keepsCopy: false, hours: 5 },
    bulk: { requestUsd: 0, gbUsd: 0, keepsCopy: false, hours: 12 },
  },
  DEEP_ARCHIVE_ACCESS: {
    standard: { requestUsd: 0, gbUsd: 0, keepsCopy: false, hours: 12 },
    bulk: { requestUsd: 0, gbUsd: 0, keepsCopy: false, hours: 48 },
  },
};

const daysPerMonth = 30;

/** Computes what it takes to thaw an object. Undefined for a class that is not known. */
export function thawTerms(storageClass: string, sizeBytes: number, { tier, days }: ThawWish): ThawTerms | undefined {
  const price = thawPrices[storageClass]?.[tier];
  if (!price) return undefined;
  const gigabytes = sizeBytes / gigabyte;
  const copyUsd = price.keepsCopy ? (gigabytes * gbMonthUsd.standard * days) / daysPerMonth : 0;
  return { usd: price.requestUsd + gigabytes * price.gbUsd + copyUsd, sendingUsd: gigabytes * transferUsd, hours: price.hours };
}
