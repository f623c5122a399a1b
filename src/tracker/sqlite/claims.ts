import type { Part, UploadState } from '../../destination/destination.ts';
import { SyncError } from '../../errors.ts';
import { originalId, type Original, type OriginalStatus, type Validator } from '../../media.ts';
import type { Claim, Failure, TrackedOriginal } from '../tracker.ts';
import type { Ledger } from './ledger.ts';
import { contentColumns, revisionColumns, toTrackedOriginal, toUpload, type OriginalRow } from './original-row.ts';
import { changed, unclaimed, unfailed } from './statuses.ts';

type Whole = { readonly sizeBytes: number; readonly crc32: number; readonly validator: Validator };

/** Work on one original at a time: claimed, uploaded, intended, and ended. */
export function createClaims(ledger: Ledger) {
  const { database, originals } = ledger;
  const extendLeases = database.prepare(
    `UPDATE originals SET lease_until_ms = :until WHERE owner = :owner AND status = 'IN_PROGRESS'`,
  );
  const dropParts = database.prepare('DELETE FROM parts WHERE original = ?');
  const selectParts = database.prepare(
    'SELECT number, size_bytes AS sizeBytes, crc32, receipt FROM parts WHERE original = ? ORDER BY number',
  );
  const writePart = database.prepare(`
    INSERT INTO parts (original, number, size_bytes, crc32, receipt) VALUES (:original, :number, :sizeBytes, :crc32, :receipt)
    ON CONFLICT (original, number) DO UPDATE SET size_bytes = excluded.size_bytes, crc32 = excluded.crc32, receipt = excluded.receipt`);

  /** A claim ends when it is released, failed or completed, when a run begins, and when another comes. */
  function held({ id, owner, attempt }: Claim): OriginalRow {
    const row = ledger.originalOf(id);
    if (row.owner === owner && row.attempt === attempt) return row;
    throw new SyncError('LEASE_LOST', `${id} is no longer claimed by this worker`);
  }

  function tracked(row: OriginalRow): TrackedOriginal {
    return toTrackedOriginal(row, ledger.media.at(row.medium)!.id);
  }

  function finish(row: OriginalRow, columns: Partial<OriginalRow>): void {
    const next = changed(row, 'complete', ledger.now());
    if (!next) throw new SyncError('BUG', `${row.id} cannot be completed from ${row.status}`);
    originals.save({ ...next, ...columns, ...unclaimed, ...unfailed, mark: null, intent: 0, upload: null });
    dropParts.run(row.row);
  }

  return {
    claim: (id: string, owner: string, leaseMs: number): Claim | undefined =>
      ledger.transaction(() => {
        const row = originals.find(id);
        const next = row && changed(row, 'claim', ledger.now());
        if (!next || isHeldByAnother(row, owner, ledger.nowMs())) return undefined;
        const attempt = row.attempt + 1;
        originals.save({ ...next, owner, attempt, lease_until_ms: ledger.nowMs() + leaseMs });
        return { id, owner, attempt };
      }),

    renewClaims: (owner: string, leaseMs: number): void => void extendLeases.run({ owner, until: ledger.nowMs() + leaseMs }),

    /** No change for one that vanished meanwhile. */
    release: (claim: Claim): void =>
      ledger.transaction(() => {
        const row = held(claim);
        originals.save({ ...(changed(row, 'release', ledger.now()) ?? row), ...unclaimed });
      }),

    saveUpload: (claim: Claim, upload: UploadState | null): void =>
      ledger.transaction(() => {
        const row = held(claim);
        originals.save({ ...row, upload: upload && JSON.stringify(upload) });
        dropParts.run(row.row);
      }),

    savePart: (claim: Claim, part: Part): void =>
      ledger.transaction(() => {
        const { number, sizeBytes, crc32, receipt } = part;
        writePart.run({ original: held(claim).row, number, sizeBytes, crc32, receipt });
      }),

    upload: (id: string): { readonly state: UploadState; readonly parts: readonly Part[] } | undefined => {
      const row = originals.find(id);
      const state = row && toUpload(row);
      return state ? { state, parts: selectParts.all(row.row) as unknown as Part[] } : undefined;
    },

    /** Errors: KEY_TAKEN when the new key or revision is in use too. */
    rekey: (claim: Claim, original: Original): { readonly tracked: TrackedOriginal; readonly claim: Claim } =>
      ledger.transaction(() => {
        const row = held(claim);
        if (originalId(original, 1) !== row.identity)
          throw new SyncError('BUG', `${row.id} cannot become ${original.key}: another original`);
        const columns = revisionColumns(original);
        refuseTaken(database, row, columns);
        const content = { size_bytes: null, crc32: null, etag: null, last_modified: null, intent: 0, upload: null } as const;
        originals.save({ ...row, ...columns, ...content });
        dropParts.run(row.row);
        ledger.markSuperseded(row);
        return { tracked: tracked(ledger.originalOf(columns.id)), claim: { ...claim, id: columns.id } };
      }),

    recordIntent: (claim: Claim, whole: Whole): void =>
      ledger.transaction(() => originals.save({ ...held(claim), ...contentColumns(whole), intent: 1 })),

    intents: (): readonly TrackedOriginal[] =>
      (database.prepare('SELECT * FROM originals WHERE intent = 1').all() as unknown as OriginalRow[]).map(tracked),

    complete: (claim: Claim, whole: Whole): void => ledger.transaction(() => finish(held(claim), contentColumns(whole))),

    /** Again for one that is COMPLETED: no change. */
    completeIntent: (id: string): void =>
      ledger.transaction(() => {
        const row = ledger.originalOf(id);
        if (row.status === 'COMPLETED') return;
        if (row.intent === 0) throw new SyncError('BUG', `${id} has no intent to complete`);
        finish(row, {});
      }),

    /** SOURCE_DELETED stays for one that vanished meanwhile. */
    fail: (claim: Claim, failure: Failure): OriginalStatus =>
      ledger.transaction(() => {
        const row = held(claim);
        const failed_runs = row.failed_runs + 1;
        const next = changed(row, failed_runs >= failure.quarantineAfter ? 'quarantine' : 'fail', ledger.now());
        const failed = next && { ...next, failed_runs, error_code: failure.code, reason: failure.reason };
        originals.save({ ...(failed ?? row), ...unclaimed });
        return (next ?? row).status;
      }),
  };
}

function isHeldByAnother(row: OriginalRow, owner: string, nowMs: number): boolean {
  return row.status === 'IN_PROGRESS' && row.owner !== owner && (row.lease_until_ms ?? 0) > nowMs;
}

function refuseTaken(
  database: Ledger['database'],
  row: OriginalRow,
  { id, key, folded_key }: ReturnType<typeof revisionColumns>,
): void {
  const other = database.prepare('SELECT 1 FROM originals WHERE (id = :id OR folded_key = :folded_key) AND row <> :row');
  if (other.get({ id, folded_key, row: row.row })) throw new SyncError('KEY_TAKEN', `${key} belongs to another original`);
}
