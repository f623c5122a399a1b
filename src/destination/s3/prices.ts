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

/** The storage classes from which an object must be restored before it can be read. */
export const archiveClasses: ReadonlySet<string> = new Set(['GLACIER', 'DEEP_ARCHIVE']);

/** Computes what one request costs that reads an object over the internet to its end. */
export function readingUsd(storageClass: string, sizeBytes: number): number {
  const known = storageClass in retrievalUsd ? (storageClass as keyof typeof retrievalUsd) : 'default';
  return readRequestUsd[known] + (sizeBytes / gigabyte) * (retrievalUsd[known] + transferUsd);
}
