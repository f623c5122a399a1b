import type { Medium } from '../../media.ts';
import type { ListingState, PageChanges, Tracker } from '../tracker.ts';
import type { Ledger } from './ledger.ts';
import { goneReason, seen } from '../rules/medium.ts';
import { newMedium } from '../rules/medium-fields.ts';
import type { MediumRow } from './rows.ts';
import { askAnew, bringBack, quarantineLongWaiting, vanish } from './statuses.ts';

/** What listings tell of the library. */
export function createListing(ledger: Ledger) {
  const { database, media } = ledger;
  const countKnown = database.prepare('SELECT count(*) AS known FROM media WHERE gone_since IS NULL');
  const readListing = database.prepare('SELECT last_full_at AS lastFullAt, listed FROM listings WHERE account = ?');
  const writeListing = database.prepare(`
    INSERT INTO listings (account, last_full_at, listed) VALUES (:account, :fullAt, :listed)
    ON CONFLICT (account) DO UPDATE SET last_full_at = coalesce(excluded.last_full_at, last_full_at), listed = excluded.listed`);
  const selectUnseen = media.where('account = ? AND gone_since IS NULL AND seen_run IS NOT ?');
  const selectReturned = media.where(
    `status = 'SOURCE_DELETED' AND gone_since IS NULL AND account = ? AND seen_run IS ? AND deleted_run IS NOT ?`,
  );

  function recordMedium(medium: Medium, runId: string): keyof PageChanges {
    const row = media.find(medium.id);
    if (!row) {
      media.insert({ ...newMedium(medium, ledger.now()), seen_run: runId });
      return 'added';
    }
    const shown = seen(row, medium, { runId, now: ledger.now() });
    if (shown.change === 'changed') bringBack(ledger, row);
    media.save(shown.row, row);
    return shown.change;
  }

  /** A medium is gone with whatever of it was not archived; one that is archived whole stays what it is. */
  function disappear(row: MediumRow): void {
    const isArchived =
      row.status === 'RESOLVED' &&
      ledger.originalsOf(row).every((original) => original.superseded === 1 || original.status === 'COMPLETED');
    media.save({ ...(isArchived ? row : vanish(ledger, row, goneReason)), gone_since: ledger.now() }, row);
  }

  return {
    recordPage: (page: readonly Medium[], runId: string): Promise<PageChanges> =>
      ledger.transaction(() => {
        const changes = { added: 0, changed: 0, unchanged: 0 };
        for (const medium of page) changes[recordMedium(medium, runId)] += 1;
        quarantineLongWaiting(ledger);
        return changes;
      }),

    listingState: (account: string): ListingState => {
      const state = readListing.get(account) as ListingState | undefined;
      return { lastFullAt: state?.lastFullAt ?? null, listed: state?.listed ?? 0 };
    },

    knownCount: (): number => Number(countKnown.get()?.['known']),

    finishListing: ({ account, runId, complete, listed: count }: Parameters<Tracker['finishListing']>[0]): Promise<number> =>
      ledger.transaction(() => {
        writeListing.run({ account, fullAt: complete ? ledger.now() : null, listed: count });
        quarantineLongWaiting(ledger);
        if (!complete) return 0;
        const unseen = selectUnseen(account, runId);
        unseen.forEach(disappear);
        // Called deleted in an earlier run, yet the provider lists it to the end: ask once more.
        for (const row of selectReturned(account, runId, runId)) media.save(askAnew(ledger, row), row);
        return unseen.length;
      }),
  };
}
