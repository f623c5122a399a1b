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
  /** The part size that proves the claim. Undefined if none does, or if nothing was compared. */
  readonly partBytes: ClaimPartBytes | undefined;
  /** False without part sizes, and if the threads of the digests die again and again. */
  readonly isCompared: boolean;
}

/** How many part sizes of a claim one reading compares. */
const sizesPerReading = 8;
/**
 * How often the bytes are read for one comparison. A thread that dies takes its digests with it.
 */
const maxReadings = 2;

/** Divides part sizes into those that one reading compares. */
export function roundsOf(sizes: readonly ClaimPartBytes[]): readonly (readonly ClaimPartBytes[])[] {
  return Array.from({ length: Math.ceil(sizes.length / sizesPerReading) }, (_, index) =>
    sizes.slice(index * sizesPerReading, (index + 1) * sizesPerReading),
  );
}

/**
 * Divides part sizes like `roundsOf`, but the first reading compares only the first size. That size
 * is much more likely than all others.
 */
export function likelyRoundsOf(sizes: readonly ClaimPartBytes[]): readonly (readonly ClaimPartBytes[])[] {
  return [sizes.slice(0, 1), ...roundsOf(sizes.slice(1))];
}

/**
 * Compares the bytes of a whole file with a claim. `read` reads the file from its first byte, and
 * gives its bytes to the function that it gets, in order. It is called again if a thread dies.
 */
export async function readWithDigests<Result>(
  digests: Digests,
  round: ClaimRound,
  read: (take: TakeBytes | undefined) => Promise<Result>,
): Promise<ComparedReading<Result>> {
  if (round.partSizes.length === 0) return { result: await read(undefined), partBytes: undefined, isCompared: false };
  for (let readings = 1; ; readings += 1) {
    const reading = await readOnce(digests, round, read);
    if (reading.isCompared || readings === maxReadings) return reading;
  }
}

async function readOnce<Result>(
  digests: Digests,
  { claim, partSizes }: ClaimRound,
  read: (take: TakeBytes) => Promise<Result>,
): Promise<ComparedReading<Result>> {
  const running = digests.begin({ partSizes, offset: 0, savesState: false });
  let isLost = false;
  const lose = () => void (isLost = true);
  try {
    const result = await read((bytes) => (isLost ? undefined : running.update(bytes)?.catch(lose)));
    const text = await running.end(true).catch(lose);
    if (isLost || text === undefined) return { result, partBytes: undefined, isCompared: false };
    const found = partDigests([text]);
    return { result, partBytes: partSizes.find((size) => matchesClaim(claim, found.get(size) ?? [])), isCompared: true };
  } catch (error) {
    running.abandon();
    throw error;
  }
}
