import { asSyncError, type SyncError } from '../../errors.ts';
import { provenSame, sameContent } from '../../media.ts';
import { latestRevisions } from '../../plan/plan.ts';
import type { TrackedOriginal } from '../../tracker/tracker.ts';
import type { Transfer } from '../context.ts';
import type { MediumUrls } from '../media-host/medium-urls.ts';
import { probeWithSlot } from '../media-host/probe.ts';
import { createAttemptBudget } from '../original/attempt-budget.ts';

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
  const { clock, tracker, signal } = transfer;
  const budget = createAttemptBudget(clock);
  for (;;) {
    const ticket = budget.begin();
    try {
      const now = await probeWithSlot(transfer, { urls, offerId, order: 0, signal }, { tryHead: true });
      if (now.sizeBytes !== null && now.sizeBytes !== row.sizeBytes) return true;
      if (!sameContent(row.validator, now.validator)) return true;
      if (!provenSame(row.validator, now.validator)) await tracker.setValidator(row.id, now.validator);
      return false;
    } catch (thrown) {
      const error = asSyncError(thrown);
      // There is nothing to compare, because the provider no longer offers the original.
      if (error.code === 'NOT_OFFERED') return false;
      await budget.waitAfterFailure(ticket, error, signal);
    }
  }
}
