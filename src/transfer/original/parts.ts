/** Divides a file into parts and into the ranges to fetch. No I/O. All sizes are in bytes. */

const minPartBytes = 16 * 1024 * 1024;
/**
 * S3 takes at most 10,000 parts. The 1,000 spare parts are for a file that grows between two
 * probes.
 */
const maxParts = 9_000;
/** The number of the last part that a file of unknown size may have. */
export const maxPartNumber = 10_000;

/** The bytes that one request fetches. */
export interface ByteRange {
  /** The number of the part that begins at `start`. Parts count from 1. */
  readonly number: number;
  readonly start: number;
  /** Null if the media host does not state a size. */
  readonly sizeBytes: number | null;
  /**
   * True for a plain GET for all bytes, which become several parts as they arrive. Any other range
   * is exactly one part.
   */
  readonly isOpenEnded: boolean;
}

/** The part size for a file. A file of unknown size gets the smallest part size. */
export function partSizeFor(sizeBytes: number | null): number {
  return Math.max(minPartBytes, Math.ceil((sizeBytes ?? 0) / maxParts));
}

/** The ranges that cover a file of `sizeBytes` exactly once, in order. Each range is one part. */
export function partRanges(sizeBytes: number, partSizeBytes: number) {
  return Array.from({ length: Math.ceil(sizeBytes / partSizeBytes) }, (_, index) => {
    const start = index * partSizeBytes;
    const size = Math.min(partSizeBytes, sizeBytes - start);
    return { number: index + 1, start, sizeBytes: size, isOpenEnded: false } satisfies ByteRange;
  });
}

/** One range that covers the whole file. */
export function openEndedRange(sizeBytes: number | null): ByteRange {
  return { number: 1, start: 0, sizeBytes, isOpenEnded: true };
}
