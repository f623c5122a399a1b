import { asSyncError, type SyncError } from '../errors.ts';
import { latestRevisions } from '../plan/plan.ts';
import type { TrackedOriginal } from '../tracker/tracker.ts';
import { learnInTurn } from './attempt.ts';
import { provenSame, sameContent } from '../media.ts';
import type { MediumUrls } from './medium-urls.ts';
import { createPatience } from './patience.ts';
import type { TransferPorts } from './ports.ts';

/**
 * Which archived originals have another content now, by size and validator. Those that cannot be told apart count as unchanged and get
 * the validator that they lacked; only the latest revision is compared. `unproven`: why one of them could not be asked, if so.
 */
export async function changedOriginals(
  known: readonly TrackedOriginal[],
  urls: MediumUrls,
  ports: TransferPorts,
  signal: AbortSignal,
): Promise<{ readonly changed: readonly TrackedOriginal[]; readonly unproven: SyncError | undefined }> {
  const changed: TrackedOriginal[] = [];
  let unproven: SyncError | undefined;
  for (const [offerId, row] of latestRevisions(known)) {
    if (row.status !== 'COMPLETED') continue;
    try {
      if (await isChanged(row, offerId, urls, ports, signal)) changed.push(row);
    } catch (thrown) {
      const error = asSyncError(thrown);
      if (error.decision === 'stop' || error.decision === 'defer' || error.code === 'SOURCE_GONE') throw error;
      unproven = error;
    }
  }
  return { changed, unproven };
}

async function isChanged(
  row: TrackedOriginal,
  offerId: string,
  urls: MediumUrls,
  ports: TransferPorts,
  signal: AbortSignal,
): Promise<boolean> {
  const patience = createPatience(ports.clock);
  for (;;) {
    const ticket = patience.begin();
    try {
      const now = await learnInTurn({ urls, offerId, order: 0 }, ports, { tryHead: true, signal });
      if (now.sizeBytes !== null && now.sizeBytes !== row.sizeBytes) return true;
      if (!sameContent(row.validator, now.validator)) return true;
      if (!provenSame(row.validator, now.validator)) await ports.tracker.setValidator(row.id, now.validator);
      return false;
    } catch (thrown) {
      const error = asSyncError(thrown);
      // No longer offered: what was archived stays, and there is nothing to compare it with.
      if (error.code === 'NOT_OFFERED') return false;
      await patience.failed(ticket, error, () => {}, signal);
    }
  }
}
