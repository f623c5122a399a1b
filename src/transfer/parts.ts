/** How a file is cut into parts. Pure; sizes in bytes. */

const smallestPartBytes = 16 * 1024 * 1024;
/** S3 takes 10,000 parts at most; the rest is room for a source that grows between two looks. */
const mostParts = 9_000;

export interface PartRange {
  /** 1-based. */
  readonly number: number;
  readonly start: number;
  readonly sizeBytes: number;
}

/** The part size for a file; the smallest one when its size is not known. */
export function partSizeFor(sizeBytes: number | null): number {
  return Math.max(smallestPartBytes, Math.ceil((sizeBytes ?? 0) / mostParts));
}

/** The ranges that cover a file of `sizeBytes` exactly once, in order. */
export function partRanges(sizeBytes: number, partSizeBytes: number): PartRange[] {
  return Array.from({ length: Math.ceil(sizeBytes / partSizeBytes) }, (_, index) => {
    const start = index * partSizeBytes;
    return { number: index + 1, start, sizeBytes: Math.min(partSizeBytes, sizeBytes - start) };
  });
}
