import type { Mark, Validator } from '../../media.ts';
import { validatorColumns } from '../rules/original-fields.ts';
import { repaired } from '../rules/original.ts';
import type { Ledger } from './ledger.ts';
import type { OriginalRow } from './rows.ts';
import { originalOf } from './statuses.ts';

/** What later looks at archived files find. */
export function createMarks(ledger: Ledger) {
  async function write(id: string, change: (row: OriginalRow) => OriginalRow): Promise<void> {
    await ledger.unit(async (unit) => unit.saveOriginal(change(await originalOf(unit, id))));
  }

  return {
    /** Only an archived file can be missing or damaged; no change for any other. */
    setMark: (id: string, mark: Mark | null): Promise<void> =>
      write(id, (row) => (row.status === 'COMPLETED' ? { ...row, mark } : row)),

    repair: (id: string): Promise<void> => write(id, (row) => repaired(row, ledger.now())),

    setValidator: (id: string, validator: Validator): Promise<void> =>
      write(id, (row) => ({ ...row, ...validatorColumns(validator) })),
  };
}
