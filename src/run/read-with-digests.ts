import type { TakeBytes } from '../destination/destination.ts';
import { partDigests, type Digests } from '../lib/digest/index.ts';
import { matchesClaim, type ClaimPartBytes, type ContentClaim } from '../proof/claim.ts';

/** A claim, and the part sizes with which one reading compares it. */
export interface ClaimRound {
  readonly claim: ContentClaim;
  readonly partSizes: readonly ClaimPartBytes[];
}

export interface ComparedReading<Result> {
  readonly result: Result;
  /** The part size that proves the claim. Undefined if none does. */
  readonly partBytes: ClaimPartBytes | undefined;
}

/** How many part sizes of a claim one reading compares. */
const sizesPerReading = 8;

/**
 * Divides part sizes into those that one reading compares. The first one is much more likely than
 * all others, so the first reading compares only this one.
 */
export function roundsOf(sizes: readonly ClaimPartBytes[]): readonly (readonly ClaimPartBytes[])[] {
  const others = Array.from({ length: Math.ceil((sizes.length - 1) / sizesPerReading) }, (_, index) =>
    sizes.slice(1 + index * sizesPerReading, 1 + (index + 1) * sizesPerReading),
  );
  return [sizes.slice(0, 1), ...others];
}

/**
 * Compares the bytes of a whole file with a claim. `read` reads the file once, and gives its bytes
 * to the function that it gets, in order.
 */
export async function readWithDigests<Result>(
  digests: Digests,
  { claim, partSizes }: ClaimRound,
  read: (take: TakeBytes | undefined) => Promise<Result>,
): Promise<ComparedReading<Result>> {
  if (partSizes.length === 0) return { result: await read(undefined), partBytes: undefined };
  const running = digests.begin({ partSizes, offset: 0, savesState: false });
  try {
    const result = await read((bytes) => running.update(bytes));
    const found = partDigests([await running.end(true)]);
    return { result, partBytes: partSizes.find((size) => matchesClaim(claim, found.get(size) ?? [])) };
  } catch (error) {
    running.abandon();
    throw error;
  }
}
