import type { KnownUpload, StoredFile } from '../../destination/destination.ts';
import { asSyncError, SyncError } from '../../errors.ts';
import type { Evidence } from '../../media.ts';
import type { TrackedOriginal } from '../../tracker/tracker.ts';
import type { Copy, Upload } from '../context.ts';
import { abandon } from './drop-upload.ts';
import { proveStored } from './prove.ts';
import { hasOtherContent, reportArchived } from './publish.ts';

/** A file that `open` found at its key, with what this run knows of its content. */
interface Found {
  readonly stored: StoredFile;
  readonly known: KnownUpload | undefined;
  /** Its evidence has no verdict yet. */
  readonly file: Upload['file'] & { readonly evidence: Evidence };
  readonly proving: Upload['proving'];
}

/**
 * Completes an original whose file is stored already, because an earlier attempt or an earlier run
 * ended in between. Without a verdict on these bytes, reads the file and compares it with its
 * claim. Errors: KEY_TAKEN if other bytes are stored.
 */
export async function completeStored(copy: Copy, found: Found): Promise<void> {
  const { transfer } = copy;
  const { known, file } = found;
  const { key, sizeBytes, crc32 } = found.stored;
  if (crc32 === null) throw new SyncError('KEY_TAKEN', `${key} is stored already, but its checksum is unknown`);
  const stored = { key, sizeBytes, crc32 };
  if (hasOtherContent(copy, stored)) throw new SyncError('KEY_TAKEN', `${key} holds another file`);
  const verdict = (await knownVerdict(copy, crc32, file.evidence)) ?? (await readVerdict(copy, stored, found));
  const { evidence } = verdict;
  await transfer.tracker.complete(copy.claim, { sizeBytes, crc32, validator: file.validator, evidence });
  if (verdict.isSuspect) await markSuspect(copy);
  if (known) await abandon(transfer, known.state);
  reportArchived(copy, stored, evidence);
}

interface Verdict {
  readonly evidence: Evidence;
  /** Whether the bytes contradict a claim that can be trusted. */
  readonly isSuspect: boolean;
}

/**
 * Returns the recorded verdict on the same bytes. An earlier attempt of this run may have recorded
 * it after `copy.row` was read.
 */
async function knownVerdict({ transfer, row }: Copy, crc32: number, evidence: Evidence): Promise<Verdict | undefined> {
  const isSame = ({ id, ...now }: TrackedOriginal) => id === row.id && now.crc32 === crc32 && now.claim === evidence.claim;
  const recorded = (await transfer.tracker.originals(row.original.mediaId)).find(isSame);
  if (!recorded?.proof || recorded.proof === 'unchecked') return undefined;
  const { proof, claimPartBytes } = recorded;
  return { evidence: { ...evidence, proof, claimPartBytes }, isSuspect: false };
}

/**
 * Compares the stored bytes with the claim. A file that the store does not show stays unchecked.
 */
async function readVerdict(
  copy: Copy,
  stored: StoredFile & { readonly crc32: number },
  { file, proving }: Found,
): Promise<Verdict> {
  try {
    const evidence = await proveStored(copy, proving, stored);
    return { evidence: evidence ?? file.evidence, isSuspect: evidence === undefined };
  } catch (thrown) {
    const error = asSyncError(thrown);
    if (error.code === 'UNREADABLE' || error.code === 'STORE_REFUSED') return { evidence: file.evidence, isSuspect: false };
    if (error.code !== 'CHECKSUM_MISMATCH') throw error;
    throw new SyncError('KEY_TAKEN', `${stored.key} holds other bytes than its description says`, { cause: error });
  }
}

/** The file stays. The next run fetches a second copy, which decides about the file. */
async function markSuspect({ transfer, row }: Copy): Promise<void> {
  await transfer.tracker.recordCheck(row.id, { mark: 'SUSPECT', hasReadBytes: true });
  transfer.report({
    type: 'warning',
    message: `${row.original.key} was stored already, but its bytes do not match the provider's own word for them`,
    hint: 'The file stays. The next run fetches a second copy and compares the two.',
  });
}
