import type { Tracker } from '../../tracker/tracker.ts';

/**
 * Copies the records of `original` into `copy`, which is new and empty. Returns a tracker that
 * changes only the copy. The lease, the facts and the listing state are those of the original. To
 * close the returned tracker closes both. Errors: TRACKER_UNUSABLE.
 */
export async function copyTracker(original: Tracker, copy: Tracker): Promise<Tracker> {
  await copy.load(original.dump());
  if (!(await original.needsAdoption())) await copy.adopt(noFiles());
  return {
    ...copy,
    lease: original.lease,
    getFact: async (name) => original.getFact(name),
    listingState: async (account) => original.listingState(account),
    close: async () => void (await Promise.all([copy.close(), original.close()])),
  };
}

// oxlint-disable-next-line require-yield -- an adoption without files only records that it ended
async function* noFiles(): AsyncGenerator<never> {}
