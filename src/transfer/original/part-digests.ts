import type { Part, UploadState } from '../../destination/destination.ts';
import { partDigests } from '../../lib/digest/index.ts';
import type { ClaimPartBytes } from '../../proof/claim.ts';
import type { Copy, Upload } from '../context.ts';
import { isBorder } from './parts.ts';

/** What a transfer has learned about the receipts of its destination. */
export interface Receipts {
  /** Whether the receipt of a part is the MD5 of its bytes. Undefined until a part has shown it. */
  areDigests: boolean | undefined;
}

/** Computes the digests of one part while its bytes pass. */
export interface PartDigest {
  /** The caller must not overwrite the bytes before the promise settles. */
  update(bytes: Uint8Array): Promise<void> | undefined;
  /** Adds the digests to a stored part. */
  end(part: Part, isLastOfFile: boolean): Promise<Part>;
  abandon(): void;
}

/** The text for a part whose only digest is its receipt. */
const inReceipt = 'receipt';

/**
 * Begins the digests of a part. `before` is the part before it. Undefined if the upload keeps no
 * digests, or if the digests of the part before it are not known.
 */
export function beginDigest(
  { transfer, lessons }: Copy,
  { state, proving }: Upload,
  { number, before }: { readonly number: number; readonly before: Part | undefined },
): PartDigest | undefined {
  const { digests, receipts } = transfer;
  const { claimPartSizes: partSizes = [], partSizeBytes, sizeBytes } = state;
  if (!digests || lessons.makesNoClaim || partSizes.length === 0) return undefined;
  const offset = (number - 1) * partSizeBytes;
  const needsState = !isBorder(offset, partSizes);
  if (needsState && before?.digests === undefined) return undefined;
  const isWholeClaimPart = isOneClaimPart(state);
  // A second copy decides about the bytes, so its digests do not depend on the store.
  if (isWholeClaimPart && receipts.areDigests && proving.mismatch === null) return receiptDigest;
  const end = offset + partSizeBytes;
  const isLast = sizeBytes !== null && end >= sizeBytes;
  const savesState = needsState || !(isLast || isBorder(end, partSizes));
  const running = digests.begin({ partSizes, offset, savesState, ...(needsState && { before: before!.digests! }) });
  // If the thread dies, the part has no digests.
  let isLost = false;
  const lose = () => void (isLost = true);
  return {
    update: (bytes) => running.update(bytes)?.catch(lose),
    end: async (part, isLastOfFile) => {
      const text = (await running.end(isLastOfFile).catch(lose)) ?? '';
      if (isLost || text === '') return part;
      const digest = isWholeClaimPart ? partDigests([text]).get(partSizes[0]!)?.[0] : undefined;
      if (digest !== undefined && part.receipt !== '') receipts.areDigests ??= md5In(part.receipt) === digest;
      return { ...part, digests: text };
    },
    abandon: () => running.abandon(),
  };
}

/** Takes the receipt of the store for the digest, so that nothing is computed. */
const receiptDigest: PartDigest = {
  update: () => undefined,
  end: async (part) => (md5In(part.receipt) === undefined ? part : { ...part, digests: inReceipt }),
  abandon: () => {},
};

/** Whether some digests of the parts were not computed, because the receipts stand in for them. */
export function restOnReceipts(parts: readonly Part[]): boolean {
  return parts.some(({ digests }) => digests === inReceipt);
}

/** Whether each part of the upload is exactly one part of the claim. */
function isOneClaimPart({ claimPartSizes = [], partSizeBytes }: UploadState): boolean {
  return claimPartSizes.length === 1 && claimPartSizes[0] === partSizeBytes;
}

function md5In(receipt: string): string | undefined {
  return /^"?([0-9a-f]{32})"?$/.exec(receipt.toLowerCase())?.[1];
}

/**
 * Returns the digests of the claim's parts, in order and by part size. The result is empty if a
 * part has no digests.
 */
export function digestsOf(
  { claimPartSizes = [] }: UploadState,
  parts: readonly Part[],
): ReadonlyMap<ClaimPartBytes, readonly string[]> {
  const texts = parts.map((part) => part.digests);
  if (claimPartSizes.length === 0 || texts.includes(undefined)) return new Map();
  if (!texts.includes(inReceipt)) return partDigests(texts as readonly string[]);
  const size = claimPartSizes[0]!;
  const digestOf = ({ digests, receipt }: Part) =>
    digests === inReceipt ? [md5In(receipt)!] : (partDigests([digests!]).get(size) ?? []);
  return new Map([[size, parts.flatMap(digestOf)]]);
}
