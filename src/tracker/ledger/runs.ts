import { releaseLeft } from './originals.ts';
import { quarantineLongWaiting } from './listing.ts';
import type { Store } from './store.ts';

/** Runs. */

const runsKept = 1000;

/**
 * The run lease excludes other transfers, so originals left IN_PROGRESS by earlier runs are free.
 */
export async function beginRun(store: Store, runId: string): Promise<void> {
  await store.addRun(runId, runsKept);
  await store.changeEach(await claimedIds(store), releaseLeft);
  await quarantineLongWaiting(store);
}

async function claimedIds(store: Store): Promise<readonly string[]> {
  return (await store.inStatus('IN_PROGRESS')).map(({ id }) => id);
}
