import type { TakeBytes } from '../../destination/destination.ts';
import type { Digests } from '../../lib/digest/index.ts';
import type { Proof } from '../../media.ts';
import { partSizesOf, type ClaimPartBytes, type ContentClaim } from '../../proof/claim.ts';
import type { ArchivedFile } from '../../plan/restore/archived-files.ts';
import { likelyRoundsOf, readWithDigests } from '../../transfer/read-with-digests.ts';
import { claimOf } from '../verify/look-at-file.ts';

export interface ProofPorts {
  readonly digests: Digests;
  /** The part sizes that proved files of this run, newest first. */
  readonly provenSizes: ClaimPartBytes[];
}

/** Reads a whole file. Gives its bytes to `take`, in order. */
type ReadFile = (take: TakeBytes | undefined) => Promise<unknown>;

/**
 * Compares a file with the provider's claim while `fetch` reads it. If the most likely part size of
 * the claim does not match, `readAgain` reads it for the other ones. Returns the proof as found
 * now: `disputed` if the archive calls the file proven or disputed, and the bytes do not match.
 */
export async function proveFile(file: ArchivedFile, ports: ProofPorts, fetch: ReadFile, readAgain: ReadFile): Promise<Proof> {
  const { evidence, sizeBytes } = file;
  const claim = claimToCompare(file);
  if (!claim) {
    await fetch(undefined);
    return evidence?.proof ?? 'none';
  }
  const { digests, provenSizes } = ports;
  const likely = [evidence?.claimPartBytes ?? [], provenSizes].flat();
  const [first = [], ...others] = likelyRoundsOf(partSizesOf(claim, sizeBytes, likely));
  let { partBytes, isCompared } = await readWithDigests(digests, { claim, partSizes: first }, fetch);
  for (const partSizes of others) {
    if (partBytes !== undefined || !isCompared) break;
    ({ partBytes, isCompared } = await readWithDigests(digests, { claim, partSizes }, readAgain));
  }
  if (!isCompared && first.length > 0) return 'unchecked';
  if (partBytes === undefined) return evidence?.proof === 'proven' ? 'disputed' : 'none';
  noteProven(provenSizes, partBytes);
  return 'proven';
}

/** A claim that decides nothing, or that the same bytes missed twice, is not compared again. */
function claimToCompare({ evidence, validator }: ArchivedFile): ContentClaim | null {
  if (evidence?.proof === 'none' || evidence?.proof === 'disputed') return null;
  return claimOf({ claim: evidence?.claim ?? null, validator });
}

function noteProven(provenSizes: ClaimPartBytes[], partBytes: ClaimPartBytes): void {
  const before = provenSizes.indexOf(partBytes);
  if (before >= 0) provenSizes.splice(before, 1);
  provenSizes.unshift(partBytes);
}
