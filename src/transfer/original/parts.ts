/** Divides a file into parts and into the ranges to fetch. No I/O. All sizes are in bytes. */

const mebibyte = 1024 * 1024;
const minPartBytes = 16 * mebibyte;
/** Larger parts of a claim are divided into several parts. */
const maxWholeBytes = 32 * mebibyte;
/** Parts without a claim have a size that this size divides. */
const partStepBytes = 4 * mebibyte;
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

/**
 * The part size for a file. A file of unknown size gets the smallest part size. If the provider's
 * claim has parts of `claimPartBytes`, a part holds whole parts of the claim, or whole parts hold a
 * part of the claim. Then each part of the claim is computed from few parts.
 */
export function partSizeFor(sizeBytes: number | null, claimPartBytes = 0): number {
  const size = sizeBytes ?? 0;
  if (claimPartBytes === 0) return roundUp(Math.max(minPartBytes, Math.ceil(size / maxParts)), partStepBytes);
  const partBytes = fittingSize(claimPartBytes);
  return Math.ceil(size / partBytes) > maxParts ? roundUp(Math.ceil(size / maxParts), partBytes) : partBytes;
}

function fittingSize(claimPartBytes: number): number {
  if (claimPartBytes < minPartBytes) return roundUp(minPartBytes, claimPartBytes);
  if (claimPartBytes <= maxWholeBytes) return claimPartBytes;
  for (let pieces = Math.floor(claimPartBytes / minPartBytes); pieces > 1; pieces -= 1) {
    if (claimPartBytes % (pieces * mebibyte) === 0) return claimPartBytes / pieces;
  }
  return claimPartBytes;
}

function roundUp(bytes: number, stepBytes: number): number {
  return Math.ceil(bytes / stepBytes) * stepBytes;
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

/**
 * Whether the digests of a claim begin anew at an offset. A claim over the whole file, with the
 * part size 0, has no border in the file.
 */
export function isBorder(offset: number, claimPartSizes: readonly number[]): boolean {
  return offset === 0 || claimPartSizes.every((size) => size > 0 && offset % size === 0);
}

/**
 * Divides ranges into chains. The digests of a range need the state after the range before it in
 * the chain, so the ranges of a chain are fetched one after another. Different chains are
 * independent.
 */
export function chainsOf(ranges: readonly ByteRange[], claimPartSizes: readonly number[]): readonly (readonly ByteRange[])[] {
  const chains: ByteRange[][] = [];
  for (const range of ranges) {
    const last = chains.at(-1);
    if (!last || isBorder(range.start, claimPartSizes)) chains.push([range]);
    else last.push(range);
  }
  return chains;
}
