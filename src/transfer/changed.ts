import { asSyncError } from '../errors.ts';
import { latestRevisions } from '../plan/plan.ts';
import type { TrackedOriginal } from '../tracker/tracker.ts';
import { learnInTurn } from './attempt.ts';
import { provenSame, sameContent } from './guard.ts';
import type { MediumUrls } from './medium-urls.ts';
import { createPatience } from './patience.ts';
import type { TransferPorts } from './ports.ts';

/**
 * Of a medium that the listing shows changed: the archived originals whose content is another now, by size and validator. Those
 * that cannot be told apart count as unchanged and get the validator that they lacked. Only the latest revision is compared.
 */
export async function changedOriginals(
  known: readonly TrackedOriginal[],
  urls: MediumUrls,
  ports: TransferPorts,
  signal: AbortSignal,
): Promise<TrackedOriginal[]> {
  const changed: TrackedOriginal[] = [];
  for (const [offerId, row] of latestRevisions(known)) {
    if (row.status === 'COMPLETED' && (await isChanged(row, offerId, urls, ports, signal))) changed.push(row);
  }
  return changed;
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
      if (error.code === 'SOURCE_CHANGED') return false;
      await patience.failed(ticket, error, () => {}, signal);
    }
  }
}
