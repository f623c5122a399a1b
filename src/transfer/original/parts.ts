/** Divides a file into parts, and into the ranges that are fetched. No I/O; sizes are in bytes. */

const minPartBytes = 16 * 1024 * 1024;
/**
 * S3 takes at most 10,000 parts. The difference leaves room for a source that grows between two
 * probes.
 */
const maxParts = 9_000;

/** The bytes that one request fetches. */
export interface ByteRange {
  /** The number of the part that begins at `start`. It counts from 1. */
  readonly number: number;
  readonly start: number;
  /** null: the media host does not state a size. */
  readonly sizeBytes: number | null;
  /**
   * A plain GET for all bytes, which are divided into parts as they arrive. Any other range is one
   * part.
   */
  readonly isOpenEnded: boolean;
}

/** The part size for a file. A file of unknown size gets the smallest. */
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

/** The whole file as one range. */
export function openEndedRange(sizeBytes: number | null): ByteRange {
  return { number: 1, start: 0, sizeBytes, isOpenEnded: true };
}
