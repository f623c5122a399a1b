import type { DatabaseSync } from 'node:sqlite';
import { decodeLease, encodeLease, timedLease } from '../../destination/lease-record.ts';
import { SyncError } from '../../errors.ts';
import { isSameLease, type LeaseCell, type LeaseRecord } from '../../lease.ts';
import { inTransaction } from './database.ts';

/** The run lease: one row with the record as JSON. */

export interface LeaseRow extends LeaseCell {
  useFence(fence: number): void;
  /**
   * Must run in a transaction. Errors: LEASE_LOST if the lease has a later fence than this tracker.
   */
  assertFence(this: void): void;
}

export function leaseRow(database: DatabaseSync): LeaseRow {
  const select = database.prepare('SELECT owner, until_ms AS untilMs, record, fence FROM run_lease');
  const upsert = database.prepare(`
    INSERT INTO run_lease (single, owner, until_ms, record, fence) VALUES (1, ?, 0, ?, ?) ON CONFLICT (single) DO UPDATE
    SET owner = excluded.owner, until_ms = 0, record = excluded.record, fence = excluded.fence`);
  const latest = database.prepare('SELECT owner, fence FROM run_lease WHERE fence > ?');
  let ourFence: number | undefined;
  const read = (): LeaseRecord | undefined => toRecord(select.get());
  return {
    read: async () => ({ record: read(), storeTimeMs: null }),
    replace: async (before, after) =>
      inTransaction(database, () => {
        if (!isSameLease(read(), before)) return false;
        upsert.run(after.owner, encodeLease(after), after.fence);
        return true;
      }),
    useFence: (fence) => {
      ourFence = fence;
    },
    assertFence: () => {
      const later = ourFence === undefined ? undefined : latest.get(ourFence);
      if (later) throw new SyncError('LEASE_LOST', `another run took over this archive: ${String(later['owner'])}`);
    },
  };
}

/** A row of Cloud Sync 0.1 has no record. Nobody can look for its holder, so a contender waits. */
function toRecord(row: ReturnType<ReturnType<DatabaseSync['prepare']>['get']>): LeaseRecord | undefined {
  if (!row) return undefined;
  if (row['record'] !== null) {
    const record = decodeLease(String(row['record']));
    // The fence of an unreadable record still counts, because it guards every write.
    return { ...record, fence: Math.max(record.fence, Number(row['fence'])) };
  }
  const owner = String(row['owner']);
  return timedLease({ owner, token: owner, untilMs: Number(row['untilMs']) });
}
