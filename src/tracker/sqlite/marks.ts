import { SyncError } from '../../errors.ts';
import type { Mark, Validator } from '../../media.ts';
import type { Ledger } from './ledger.ts';
import { validatorColumns } from './original-row.ts';
import { changed, unclaimed, unfailed } from './statuses.ts';

/** What later looks at archived files find. */
export function createMarks(ledger: Ledger) {
  const { originals } = ledger;
  return {
    /** Only an archived file can be missing or damaged; no change for any other. */
    setMark: (id: string, mark: Mark | null): void =>
      ledger.transaction(() => {
        const row = ledger.originalOf(id);
        if (row.status === 'COMPLETED') originals.save({ ...row, mark });
      }),

    /** Errors: BUG for one that is not marked, because nothing else may leave COMPLETED. */
    repair: (id: string): void =>
      ledger.transaction(() => {
        const row = ledger.originalOf(id);
        const next = row.mark !== null && changed(row, 'repair', ledger.now());
        if (!next) throw new SyncError('BUG', `${id} is not marked, so it is not repaired`);
        originals.save({ ...next, ...unclaimed, ...unfailed, mark: null });
      }),

    setValidator: (id: string, validator: Validator): void =>
      ledger.transaction(() => originals.save({ ...ledger.originalOf(id), ...validatorColumns(validator) })),
  };
}
