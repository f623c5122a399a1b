import { partSizesOf, wayOf, wholeFile, type ClaimPartBytes, type ContentClaim } from './claim.ts';

/**
 * Which claims can be trusted. An object that S3 encrypts with another key has an ETag of the same
 * form, but not a digest of its bytes. So a claim counts as evidence against a file only if objects
 * that were stored in the same way have proven claims. No I/O.
 */

/** The tracker's fact with the ways that proved files, by account, newest first. */
export const provenWaysFact = 'proven-ways';

/** Returns the ways that proved files of an account, newest first. */
export function waysIn(fact: string | undefined, account: string): readonly string[] {
  return parse(fact)[account] ?? [];
}

/** Returns the text of the fact with one more way. */
export function addWay(fact: string | undefined, account: string, way: string): string {
  const earlier = waysIn(fact, account).filter((known) => known !== way);
  return JSON.stringify({ ...parse(fact), [account]: [way, ...earlier] });
}

function parse(fact: string | undefined): Readonly<Record<string, readonly string[]>> {
  return fact === undefined ? {} : (JSON.parse(fact) as Record<string, readonly string[]>);
}

/** The part sizes of the ways, in bytes and in the same order. */
export function sizesOf(ways: readonly string[]): readonly ClaimPartBytes[] {
  return ways.map((way) => Number(/^parts of (\d+)$/.exec(way)?.[1] ?? wholeFile)).filter((size) => size !== wholeFile);
}

/** Returns the first of the ways in which a file of `sizeBytes` with this claim may be stored. */
export function wayFor(claim: ContentClaim, sizeBytes: number, ways: readonly string[]): string | undefined {
  return waysFor(claim, partSizesOf(claim, sizeBytes), ways)[0];
}

/** Returns those of the ways that a claim has with one of the part sizes. */
export function waysFor(claim: ContentClaim, sizes: readonly ClaimPartBytes[], ways: readonly string[]): readonly string[] {
  const possible = new Set(sizes.map((partBytes) => wayOf(claim, partBytes)));
  return ways.filter((way) => possible.has(way));
}

/** How many files of a run were compared with a claim of one way, and how many contradict it. */
export interface WayCount {
  readonly compared: number;
  readonly disputed: number;
}

/**
 * Up to this many files of a run may contradict their claims before the claims lose their trust.
 */
const maxDisputed = 3;

/**
 * Whether a way loses its trust for a run. Too many files that come twice with the same bytes are
 * no chance errors. Then the claims are no digests of the bytes.
 */
export function losesTrust({ compared, disputed }: WayCount): boolean {
  return disputed > maxDisputed && disputed * 100 > compared;
}
