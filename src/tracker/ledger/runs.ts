import { releaseLeft } from './originals.ts';
import { quarantineLongWaiting } from './listing.ts';
import type { RunKind } from '../../media.ts';
import type { Store } from './store.ts';

/** The command that begins a run. */

const runsKept = 1000;

/**
 * The run lease excludes other transfers, so originals left IN_PROGRESS by earlier runs are free.
 */
export async function beginRun(store: Store, id: string, kind: RunKind): Promise<void> {
  await store.addRun({ id, kind }, runsKept);
  await store.changeEach(await claimedIds(store), releaseLeft);
  await quarantineLongWaiting(store);
}

async function claimedIds(store: Store): Promise<readonly string[]> {
  // A claim for a repair leaves the status COMPLETED, so marked originals may be claimed too.
  const statuses = ['IN_PROGRESS', 'MISSING', 'DAMAGED', 'SUSPECT'] as const;
  const found = (await Promise.all(statuses.map(async (status) => store.inStatus(status)))).flat();
  return found.map(({ id }) => id);
}
