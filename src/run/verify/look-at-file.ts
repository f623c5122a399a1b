import type { Destination, StoredFile, TakeBytes } from '../../destination/destination.ts';
import { asSyncError, type SyncError } from '../../errors.ts';
import type { Digests } from '../../lib/digest/index.ts';
import {
  decodeClaim,
  encodeClaim,
  parseEtag,
  partSizesOf,
  provingPartBytes,
  wayOf,
  type ClaimPartBytes,
  type ContentClaim,
} from '../../proof/claim.ts';
import type { TrackedOriginal } from '../../tracker/tracker.ts';
import type { Trust } from '../../transfer/trust.ts';
import { likelyRoundsOf, readWithDigests, type ClaimRound } from '../../transfer/read-with-digests.ts';

/** How archived files are looked at. */
export interface Look {
  /** Whether to read every byte, even if the store has a checksum. */
  readonly deep: boolean;
  /** Undefined if no file is compared with its claim. */
  readonly digests: Digests | undefined;
  readonly trust: Trust;
  readonly signal: AbortSignal;
}

/** What a look at a file shows, or that it could not be read. */
export type Seen =
  | {
      readonly kind: 'judged';
      readonly mark: 'MISSING' | 'DAMAGED' | null;
      readonly reason: string;
      readonly sizeBytes: number;
      /** Whether every byte of the file was read. */
      readonly hasReadBytes: boolean;
      readonly comparison: Comparison;
    }
  /** The code is UNREADABLE if the store is sound but keeps the file in an archive class. */
  | { readonly kind: 'unreadable'; readonly error: SyncError };

/** How the bytes of a file compare with the provider's claim. */
export type Comparison =
  /** `partBytes` is null if the store itself shows the claim, which does not tell the part size. */
  | { readonly kind: 'match'; readonly claim: ContentClaim; readonly partBytes: ClaimPartBytes | null }
  | { readonly kind: 'contradiction'; readonly claim: ContentClaim }
  | { readonly kind: 'not compared' };

const notCompared: Comparison = { kind: 'not compared' };

/**
 * Judges a file. A file stays unjudged if the store fails or does not show the bytes. It is DAMAGED
 * if the disk can no longer read the bytes.
 */
export async function lookAtFile(row: TrackedOriginal, destination: Destination, look: Look): Promise<Seen> {
  try {
    return (await lookAtStored(row, destination, look)) ?? (await readFile(row, destination, look));
  } catch (thrown) {
    const error = asSyncError(thrown);
    const { code, message: reason } = error;
    if (code === 'CHECKSUM_MISMATCH') return judged('DAMAGED', { reason });
    if (code === 'UNREADABLE' || code === 'STORE_FAILED' || code === 'STORE_REFUSED') return { kind: 'unreadable', error };
    throw thrown;
  }
}

/**
 * The claim of an archived file, or null. If the provider was never asked for a claim, the ETag
 * that it sent with the bytes may be one.
 */
export function claimOf({ claim, validator }: Pick<TrackedOriginal, 'claim' | 'validator'>): ContentClaim | null {
  return claim === null ? parseEtag(validator.etag) : decodeClaim(claim);
}

function judged(
  mark: 'MISSING' | 'DAMAGED' | null,
  { reason = '', sizeBytes = 0, hasReadBytes = false, comparison = notCompared }: Partial<Extract<Seen, { kind: 'judged' }>> = {},
): Seen {
  return { kind: 'judged', mark, reason, sizeBytes, hasReadBytes, comparison };
}

/**
 * Judges a file by what the store keeps of it. Undefined if the bytes must be read: with `deep`, if
 * the store has no checksum, or if the file is marked, because the store's checksum may be older
 * than the damage.
 */
async function lookAtStored(row: TrackedOriginal, destination: Destination, look: Look): Promise<Seen | undefined> {
  if (look.deep || row.mark !== null) return undefined;
  const stored = await destination.stat(row.original.key, { signal: look.signal });
  if (!stored) return judged('MISSING');
  if (stored.crc32 === null) return undefined;
  const { sizeBytes } = stored;
  const reason = difference(row, stored);
  return reason === ''
    ? judged(null, { sizeBytes, comparison: compareEtag(row, stored) })
    : judged('DAMAGED', { reason, sizeBytes });
}

/** A store that computes the same ETag as the provider's store has the same bytes. */
function compareEtag(row: TrackedOriginal, { etag }: StoredFile): Comparison {
  const claim = claimOf(row);
  const own = parseEtag(etag);
  if (!claim || !own || encodeClaim(own) !== encodeClaim(claim)) return notCompared;
  return { kind: 'match', claim, partBytes: provingPartBytes(claim, row.sizeBytes, row.claimPartBytes) };
}

/**
 * Reads a file and compares it with its record and its claim. If the most likely part size of the
 * claim does not match, reads the file again for the other ones.
 */
async function readFile(row: TrackedOriginal, destination: Destination, look: Look): Promise<Seen> {
  const claim = look.digests ? claimOf(row) : null;
  if (!claim) return readOnce(row, destination, undefined, look);
  const sizes = isDecided(row, destination) ? await trustedSizes(row, claim, look) : await likelySizes(row, claim, look);
  const [first = [], ...others] = roundsFor(row, sizes, destination.readUpload === undefined);
  let seen = await readOnce(row, destination, { claim, partSizes: first }, look);
  for (const partSizes of others) {
    if (seen.kind !== 'judged' || seen.comparison.kind !== 'contradiction') break;
    seen = await readOnce(row, destination, { claim, partSizes }, look);
  }
  return seen;
}

/**
 * Whether all part sizes of a claim were compared, so that the file needs a further comparison only
 * if the claim has become trustworthy. A directory tried all part sizes before it published the
 * file.
 */
export function isDecided({ claim, proof }: TrackedOriginal, destination: Destination): boolean {
  return proof === 'none' && claim !== null && destination.readUpload !== undefined;
}

/** The part sizes of the way that makes a claim trustworthy. Empty if there is no such way. */
async function trustedSizes(row: TrackedOriginal, claim: ContentClaim, { trust }: Look): Promise<readonly ClaimPartBytes[]> {
  const sizeBytes = row.sizeBytes ?? 0;
  const way = await trust.wayFor(row.original.account, claim, sizeBytes);
  return partSizesOf(claim, sizeBytes).filter((partBytes) => wayOf(claim, partBytes) === way);
}

async function likelySizes(row: TrackedOriginal, claim: ContentClaim, { trust }: Look): Promise<readonly ClaimPartBytes[]> {
  const proven = await trust.provenSizes(row.original.account);
  const { claimPartBytes } = row;
  return partSizesOf(claim, row.sizeBytes ?? 0, claimPartBytes === null ? proven : [claimPartBytes, ...proven]);
}

/**
 * Divides the part sizes into those that are compared by one reading. Bytes of a bucket cost money,
 * so one reading compares all sizes unless the size is known.
 */
function roundsFor(
  { proof, claimPartBytes }: TrackedOriginal,
  sizes: readonly ClaimPartBytes[],
  isBucket: boolean,
): readonly (readonly ClaimPartBytes[])[] {
  // Earlier comparisons have found no size, so any size is as likely as the first one.
  return proof === 'none' || (isBucket && claimPartBytes === null) ? [sizes] : likelyRoundsOf(sizes);
}

async function readOnce(
  row: TrackedOriginal,
  destination: Destination,
  round: ClaimRound | undefined,
  look: Look,
): Promise<Seen> {
  const { digests, signal } = look;
  const read = async (take?: TakeBytes) => destination.stat(row.original.key, { deep: true, take, signal });
  const readPlainly = async () => ({ result: await read(), partBytes: undefined, isCompared: false });
  const {
    result: stored,
    partBytes,
    isCompared,
  } = digests && round ? await readWithDigests(digests, round, read) : await readPlainly();
  if (!stored) return judged('MISSING');
  const { sizeBytes } = stored;
  const reason = difference(row, stored);
  if (reason !== '') return judged('DAMAGED', { reason, sizeBytes, hasReadBytes: true });
  const seen = { sizeBytes, hasReadBytes: true };
  if (!round || !isCompared) return judged(null, seen);
  const { claim } = round;
  const comparison: Comparison = partBytes === undefined ? { kind: 'contradiction', claim } : { kind: 'match', claim, partBytes };
  return judged(null, { ...seen, comparison });
}

function difference(row: TrackedOriginal, stored: StoredFile): string {
  if (stored.sizeBytes !== row.sizeBytes) return `the file has ${stored.sizeBytes} bytes instead of ${row.sizeBytes}`;
  return stored.crc32 === row.crc32 ? '' : 'the checksum of the file differs';
}
