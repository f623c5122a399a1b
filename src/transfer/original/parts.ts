/** How a file is cut into parts, and into the ranges that are fetched. Pure; sizes in bytes. */

const minPartBytes = 16 * 1024 * 1024;
/** S3 takes at most 10,000 parts; the rest is room for a source that grows between two looks. */
const maxParts = 9_000;

/** The bytes that one request asks for. */
export interface ByteRange {
  /** The part that begins at `start`, 1-based. */
  readonly number: number;
  readonly start: number;
  /** null: the media host does not say. */
  readonly sizeBytes: number | null;
  /** A plain GET for all bytes, cut into parts as they come. Any other range is one part. */
  readonly isOpenEnded: boolean;
}

/** The part size for a file; the smallest one when its size is not known. */
export function partSizeFor(sizeBytes: number | null): number {
  return Math.max(minPartBytes, Math.ceil((sizeBytes ?? 0) / maxParts));
}

/** The ranges that cover a file of `sizeBytes` exactly once, in order, each of them a part. */
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
