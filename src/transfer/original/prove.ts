import type { ContentFacts, Part, TakeBytes } from '../../destination/destination.ts';
import { SyncError } from '../../errors.ts';
import { crc32, crc32Hex } from '../../lib/crc32.ts';
import type { Digests } from '../../lib/digest/index.ts';
import type { Evidence } from '../../media.ts';
import {
  encodeClaim,
  matchesClaim,
  noClaim,
  partSizesOf,
  wholeFile,
  type ClaimPartBytes,
  type ContentClaim,
} from '../../proof/claim.ts';
import type { Copy, Upload } from '../context.ts';
import type { Probe } from '../media-host/probe.ts';
import { readWithDigests, roundsOf } from '../read-with-digests.ts';
import { abandon } from './drop-upload.ts';
import { digestsOf, restOnReceipts } from './part-digests.ts';
import { partSizeFor } from './parts.ts';

/** Compares the bytes of a copy with the provider's claim. */

/** How a copy is compared with its claim. */
export interface Proving {
  /** Null if the provider makes no claim. */
  readonly claim: ContentClaim | null;
  /**
   * The CRC32 of an earlier copy that did not match the claim. Then this copy is the second fetch,
   * in order and over new connections. Null for a first copy.
   */
  readonly mismatch: number | null;
}

interface ProofPlan extends Proving {
  readonly partSizeBytes: number;
  /** The part sizes for which digests are computed while the bytes arrive. */
  readonly claimPartSizes: readonly ClaimPartBytes[];
}

/** How many part sizes are computed while the bytes of a first copy arrive. */
const maxComputed = 4;

/** Decides in which parts a copy is fetched and which digests are computed on the way. */
export async function planProof(copy: Copy, { sizeBytes, claim: stated }: Probe): Promise<ProofPlan> {
  const { transfer, row, lessons } = copy;
  const claim = lessons.makesNoClaim ? null : stated;
  const { mismatch: earlier } = lessons;
  const mismatch = claim && earlier?.claim === encodeClaim(claim) ? earlier.crc32 : null;
  if (!claim || !transfer.digests) return { claim, mismatch: null, partSizeBytes: partSizeFor(sizeBytes), claimPartSizes: [] };
  const proven = await transfer.trust.provenSizes(row.original.account);
  const sizes = partSizesOf(claim, sizeBytes, proven);
  // A store may hold the parts of a file of unknown size in memory, so they stay small.
  const partSizeBytes = partSizeFor(sizeBytes, sizeBytes === null ? undefined : sizes[0]);
  const hasOnePart = sizeBytes !== null && sizeBytes <= partSizeBytes;
  const isReadBack = transfer.destination.readUpload !== undefined && !hasOnePart;
  // Reading a stored file again is faster than to fetch its parts in order.
  const isComputed = !isReadBack || (mismatch === null && sizes[0] !== wholeFile && sizeBytes !== null);
  const trusted = isReadBack ? 0 : sizes.filter((size) => proven.includes(size)).length;
  const wanted = sizeBytes === null ? maxComputed : Math.min(Math.max(trusted, 1), maxComputed);
  const computed = mismatch === null ? sizes.slice(0, wanted) : sizes;
  return { claim, mismatch, partSizeBytes, claimPartSizes: isComputed ? computed : [] };
}

/**
 * Returns the verdict on a whole copy, before it is published. Errors: CLAIM_MISMATCH (the copy was
 * dropped and must be fetched again), PROOF_POSTPONED, PATIENCE_EXHAUSTED (two copies with
 * different bytes both contradict the claim).
 */
export async function prove(copy: Copy, upload: Upload, parts: readonly Part[], whole: ContentFacts): Promise<Evidence> {
  const { digests, trust, destination, receipts } = copy.transfer;
  const claim = copy.lessons.makesNoClaim ? null : upload.proving.claim;
  if (!claim) return { claim: noClaim, proof: 'none', claimPartBytes: null };
  if (!digests) return { claim: null, proof: 'unchecked', claimPartBytes: null };
  const { account } = copy.row.original;
  const because = { claim: encodeClaim(claim), claimPartBytes: null };
  const known: Compared = { claim, sizes: partSizesOf(claim, whole.sizeBytes, await trust.provenSizes(account)) };
  if (known.sizes.length === 0) return { ...because, proof: 'none' };
  const readUpload = async (take: TakeBytes) => destination.readUpload!(upload.state, whole.sizeBytes, take, copy.signal);
  const read = upload.resumable && destination.readUpload ? readUpload : undefined;
  const bytes: WholeCopy = { ...whole, key: upload.file.original.key, read };
  const { matching, left } = await compare(bytes, digestsOf(upload.state, parts), { ...known, digests });
  if (matching !== undefined) {
    await trust.noteProven(account, claim, matching);
    return { ...because, proof: 'proven', claimPartBytes: matching };
  }
  if (left.length === known.sizes.length) return { ...because, proof: 'unchecked' };
  if (restOnReceipts(parts)) receipts.areDigests = false;
  const compared = known.sizes.filter((size) => !left.includes(size));
  const proof = await judgeMismatch(copy, upload, { claim, compared, hasComparedAll: left.length === 0, crc32: whole.crc32 });
  return { ...because, proof };
}

/**
 * Returns the verdict on a file that was stored before, for which no digest was computed. Reads the
 * file unless no claim is compared. Returns undefined if the bytes contradict a trusted claim, and
 * only another copy can decide. Errors: those of `stat`; CHECKSUM_MISMATCH (the stored bytes have
 * another CRC32).
 */
export async function proveStored(
  { transfer, row, signal }: Copy,
  { claim, mismatch }: Proving,
  stored: ContentFacts & { readonly key: string },
): Promise<Evidence | undefined> {
  const { digests, trust, destination } = transfer;
  const { account } = row.original;
  if (!digests) return { claim: null, proof: claim ? 'unchecked' : 'none', claimPartBytes: null };
  const because = { claim: encodeClaim(claim), claimPartBytes: null };
  const sizes = claim ? partSizesOf(claim, stored.sizeBytes, await trust.provenSizes(account)) : [];
  if (!claim || sizes.length === 0) return { ...because, proof: 'none' };
  const read = async (take: TakeBytes) => destination.stat(stored.key, { deep: true, take, signal });
  const { matching, left } = await compare({ ...stored, read }, new Map(), { claim, sizes, digests });
  if (matching !== undefined) {
    await trust.noteProven(account, claim, matching);
    return { ...because, proof: 'proven', claimPartBytes: matching };
  }
  if (left.length > 0) return { ...because, proof: 'unchecked' };
  const ways = await trust.waysFor(account, claim, sizes);
  if (ways.length === 0) return { ...because, proof: 'none' };
  if (mismatch !== stored.crc32) return undefined;
  for (const way of ways) trust.noteDisputed(way);
  return { ...because, proof: 'disputed' };
}

interface Compared {
  readonly claim: ContentClaim;
  /** The part sizes that the claim can mean. */
  readonly sizes: readonly ClaimPartBytes[];
}

interface Comparison extends Compared {
  readonly digests: Digests;
}

/** All bytes of a file, before or after they are published. */
interface WholeCopy extends ContentFacts {
  readonly key: string;
  /** Reads the stored bytes in order. Undefined if the store does not show them yet. */
  readonly read: ((take: TakeBytes) => Promise<unknown>) | undefined;
}

/**
 * Compares the digests of a copy with its claim. Reads the stored bytes if that is possible and no
 * digest matches. `left` are the part sizes that were not compared.
 */
async function compare(
  copy: WholeCopy,
  computed: ReadonlyMap<ClaimPartBytes, readonly string[]>,
  { claim, sizes, digests }: Comparison,
): Promise<{ readonly matching?: ClaimPartBytes | undefined; readonly left: readonly ClaimPartBytes[] }> {
  const matching = sizes.find((size) => matchesClaim(claim, computed.get(size) ?? []));
  let left = sizes.filter((size) => computed.get(size)?.length !== (claim.parts ?? 1));
  if (matching !== undefined || !copy.read) return { matching, left };
  const read = checkedReading(copy, copy.read);
  for (const partSizes of roundsOf(left)) {
    const { partBytes, isCompared } = await readWithDigests(digests, { claim, partSizes }, read);
    if (partBytes !== undefined) return { matching: partBytes, left };
    if (!isCompared) break;
    left = left.slice(partSizes.length);
  }
  return { left };
}

/** Makes a reading that also compares the CRC32. Errors: CHECKSUM_MISMATCH, and those of `read`. */
function checkedReading({ key, crc32: wanted }: WholeCopy, read: NonNullable<WholeCopy['read']>) {
  return async (take: TakeBytes | undefined): Promise<void> => {
    let checksum = 0;
    await read((bytes) => {
      checksum = crc32(bytes, checksum);
      return take?.(bytes);
    });
    if (checksum !== wanted) throw new SyncError('CHECKSUM_MISMATCH', `the stored bytes of ${key} are not those that arrived`);
  };
}

interface Mismatch {
  readonly claim: ContentClaim;
  /** The part sizes that were compared. Only for these the mismatch says something. */
  readonly compared: readonly ClaimPartBytes[];
  readonly hasComparedAll: boolean;
  /** Of the copy. */
  readonly crc32: number;
}

/** Decides what a copy means that does not match its claim. Errors: those of `prove`. */
async function judgeMismatch(
  copy: Copy,
  upload: Upload,
  { claim, compared, hasComparedAll, crc32: found }: Mismatch,
): Promise<'none' | 'disputed'> {
  const { trust } = copy.transfer;
  const { mismatch } = upload.proving;
  if (mismatch !== null && mismatch !== found) throw await refuseCopy(copy, upload, claim, found);
  const ways = await trust.waysFor(copy.row.original.account, claim, compared);
  if (ways.length === 0) {
    if (mismatch === null && (await mayPostpone(copy)))
      throw new SyncError('PROOF_POSTPONED', 'other files must show first whether the claim can be trusted');
    return 'none';
  }
  if (mismatch === null) throw await refuseCopy(copy, upload, claim, found);
  if (!hasComparedAll) return 'none';
  for (const way of ways) trust.noteDisputed(way);
  return 'disputed';
}

/** Whether other originals of this run may still show that the claim can be trusted. */
async function mayPostpone(copy: Copy): Promise<boolean> {
  const { postponed, accounting, trust } = copy.transfer;
  if (postponed === undefined) return false;
  return (accounting.leftMedia() > 1 || (await hasOpenSiblings(copy))) && trust.mayPostpone(copy.row.id);
}

/** Whether other originals of the medium are not archived yet. */
async function hasOpenSiblings({ transfer, row: { id, original } }: Copy): Promise<boolean> {
  const siblings = await transfer.tracker.originals(original.mediaId);
  return siblings.some((sibling) => sibling.id !== id && ['PENDING', 'IN_PROGRESS'].includes(sibling.status));
}

/**
 * Records that a copy contradicts its claim, and drops it. Returns the error: the first copy is
 * fetched again, but a second copy with other bytes is not.
 */
async function refuseCopy(copy: Copy, { state, proving }: Upload, claim: ContentClaim, crc: number): Promise<SyncError> {
  const { transfer, lessons } = copy;
  const found = { crc32: crc, claim: encodeClaim(claim) };
  await transfer.tracker.recordMismatch(copy.claim, found);
  await abandon(transfer, state);
  lessons.mismatch = found;
  const message = `the bytes (CRC32 ${crc32Hex(crc)}) do not match the provider's own word for them (${found.claim})`;
  if (proving.mismatch === null) return new SyncError('CLAIM_MISMATCH', message);
  const cause = new SyncError('CLAIM_MISMATCH', message);
  const again = `${message}, and the copy before had other bytes (CRC32 ${crc32Hex(proving.mismatch)})`;
  return new SyncError('PATIENCE_EXHAUSTED', again, { cause });
}
