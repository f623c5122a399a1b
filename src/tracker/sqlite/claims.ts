import type { Part, UploadState } from '../../destination/destination.ts';
import { SyncError } from '../../errors.ts';
import type { Original, OriginalStatus } from '../../media.ts';
import type { Claim, Failure, TrackedOriginal } from '../tracker.ts';
import type { Ledger } from './ledger.ts';
import { toTrackedOriginal, toUpload } from '../rules/original-fields.ts';
import { claimed, completed, contentless, failed, held, intended, refuseOther, released, type Whole } from '../rules/original.ts';
import { revisionColumns, type OriginalRow } from './rows.ts';

/** Work on one original at a time: claimed, uploaded, intended, and ended. */
export function createClaims(ledger: Ledger) {
  const { database, originals } = ledger;
  const extendLeases = database.prepare(
    `UPDATE originals SET lease_until_ms = :until WHERE owner = :owner AND status = 'IN_PROGRESS'`,
  );
  const selectIntents = originals.where('intent = 1');
  const selectUpload = database.prepare('SELECT row, upload FROM originals WHERE id = ?');
  const dropParts = database.prepare('DELETE FROM parts WHERE original = ?');
  const selectParts = database.prepare(
    'SELECT number, size_bytes AS sizeBytes, crc32, receipt FROM parts WHERE original = ? ORDER BY number',
  );
  const writePart = database.prepare(`
    INSERT INTO parts (original, number, size_bytes, crc32, receipt) VALUES (:original, :number, :sizeBytes, :crc32, :receipt)
    ON CONFLICT (original, number) DO UPDATE SET size_bytes = excluded.size_bytes, crc32 = excluded.crc32, receipt = excluded.receipt`);

  function heldRow(claim: Claim): OriginalRow {
    return held(ledger.originalOf(claim.id), claim);
  }

  function tracked(row: OriginalRow): TrackedOriginal {
    return toTrackedOriginal(row, ledger.media.at(row.medium)!.id);
  }

  function finish(row: OriginalRow, whole: Whole | undefined): void {
    originals.save(completed(row, whole, ledger.now()), row);
    if (row.upload !== null) dropParts.run(row.row);
  }

  return {
    claim: (id: string, owner: string, leaseMs: number): Promise<Claim | undefined> =>
      ledger.transaction(() => {
        const row = originals.find(id);
        const next = row && claimed(row, { owner, leaseMs, nowMs: ledger.nowMs(), now: ledger.now() });
        if (!next) return undefined;
        originals.save(next, row);
        return { id, owner, attempt: next.attempt };
      }),

    renewClaims: (owner: string, leaseMs: number): Promise<void> =>
      ledger.transaction(() => void extendLeases.run({ owner, until: ledger.nowMs() + leaseMs })),

    release: (claim: Claim): Promise<void> =>
      ledger.transaction(() => {
        const row = heldRow(claim);
        originals.save(released(row, ledger.now()), row);
      }),

    saveUpload: (claim: Claim, upload: UploadState | null): Promise<void> =>
      ledger.transaction(() => {
        const row = heldRow(claim);
        originals.save({ ...row, upload: upload && JSON.stringify(upload) }, row);
        dropParts.run(row.row);
      }),

    savePart: (claim: Claim, part: Part): Promise<void> =>
      ledger.transaction(() => {
        const { number, sizeBytes, crc32, receipt } = part;
        writePart.run({ original: heldRow(claim).row, number, sizeBytes, crc32, receipt });
      }),

    upload: (id: string): { readonly state: UploadState; readonly parts: readonly Part[] } | undefined => {
      const row = selectUpload.get(id) as Pick<OriginalRow, 'row' | 'upload'> | undefined;
      const state = row && toUpload(row);
      return state ? { state, parts: selectParts.all(row.row) as unknown as Part[] } : undefined;
    },

    /** Errors: KEY_TAKEN when the new key or revision is in use too. */
    rekey: (claim: Claim, original: Original): Promise<{ readonly tracked: TrackedOriginal; readonly claim: Claim }> =>
      ledger.transaction(() => {
        const row = heldRow(claim);
        refuseOther(row, original);
        const columns = revisionColumns(original);
        refuseTaken(database, row, columns);
        originals.save({ ...row, ...columns, ...contentless });
        dropParts.run(row.row);
        ledger.markSuperseded(row);
        return { tracked: tracked(ledger.originalOf(columns.id)), claim: { ...claim, id: columns.id } };
      }),

    recordIntent: (claim: Claim, whole: Whole): Promise<void> =>
      ledger.transaction(() => {
        const row = heldRow(claim);
        originals.save(intended(row, whole), row);
      }),

    intents: (): readonly TrackedOriginal[] => selectIntents().map(tracked),

    complete: (claim: Claim, whole: Whole): Promise<void> => ledger.transaction(() => finish(heldRow(claim), whole)),

    /** Again for one that is COMPLETED: no change. */
    completeIntent: (id: string): Promise<void> =>
      ledger.transaction(() => {
        const row = ledger.originalOf(id);
        if (row.status !== 'COMPLETED') finish(row, undefined);
      }),

    fail: (claim: Claim, failure: Failure): Promise<OriginalStatus> =>
      ledger.transaction(() => {
        const row = heldRow(claim);
        const next = failed(row, failure, ledger.now());
        originals.save(next, row);
        return next.status;
      }),
  };
}

function refuseTaken(
  database: Ledger['database'],
  row: OriginalRow,
  { id, key, folded_key }: ReturnType<typeof revisionColumns>,
): void {
  const other = database.prepare('SELECT 1 FROM originals WHERE (id = :id OR folded_key = :folded_key) AND row <> :row');
  if (other.get({ id, folded_key, row: row.row })) throw new SyncError('KEY_TAKEN', `${key} belongs to another original`);
}
