import { asSyncError, type SyncError } from '../../errors.ts';
import { provenSame, sameContent } from '../../media.ts';
import { latestRevisions } from '../../plan/plan.ts';
import type { TrackedOriginal } from '../../tracker/tracker.ts';
import type { Transfer } from '../context.ts';
import type { MediumUrls } from '../media-host/medium-urls.ts';
import { probePatiently } from '../media-host/patient-probe.ts';

/**
 * Finds archived originals whose content has changed, by size and validator. It compares only the
 * latest revisions. If the sizes do not differ and the validators cannot be compared, the original
 * counts as unchanged, and the tracker gets the validator that the media host sends now. If an
 * original could not be probed, `unproven` is the error.
 */
export async function changedOriginals(
  known: readonly TrackedOriginal[],
  urls: MediumUrls,
  transfer: Transfer,
): Promise<{ readonly changed: readonly TrackedOriginal[]; readonly unproven: SyncError | undefined }> {
  const changed: TrackedOriginal[] = [];
  let unproven: SyncError | undefined;
  for (const [offerId, row] of latestRevisions(known)) {
    if (row.status !== 'COMPLETED') continue;
    try {
      if (await isChanged(row, offerId, urls, transfer)) changed.push(row);
    } catch (thrown) {
      const error = asSyncError(thrown);
      if (error.decision === 'stop' || error.decision === 'defer' || error.code === 'SOURCE_GONE') throw error;
      unproven = error;
    }
  }
  return { changed, unproven };
}

async function isChanged(row: TrackedOriginal, offerId: string, urls: MediumUrls, transfer: Transfer): Promise<boolean> {
  const { tracker, signal } = transfer;
  const now = await probePatiently(transfer, { urls, offerId, signal }).catch((error: unknown) => {
    // There is nothing to compare, because the provider no longer offers the original.
    if (asSyncError(error).code === 'NOT_OFFERED') return undefined;
    throw error;
  });
  if (!now) return false;
  if (now.sizeBytes !== null && now.sizeBytes !== row.sizeBytes) return true;
  if (!sameContent(row.validator, now.validator)) return true;
  if (!provenSame(row.validator, now.validator)) await tracker.setValidator(row.id, now.validator);
  return false;
}
