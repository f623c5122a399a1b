import type { Mark, Validator } from '../../media.ts';
import type { Ledger } from './ledger.ts';
import { validatorColumns } from '../rules/original-fields.ts';
import { repaired } from '../rules/original.ts';

/** What later looks at archived files find. */
export function createMarks(ledger: Ledger) {
  const { originals } = ledger;
  return {
    /** Only an archived file can be missing or damaged; no change for any other. */
    setMark: (id: string, mark: Mark | null): Promise<void> =>
      ledger.transaction(() => {
        const row = ledger.originalOf(id);
        if (row.status === 'COMPLETED') originals.save({ ...row, mark });
      }),

    repair: (id: string): Promise<void> =>
      ledger.transaction(() => originals.save(repaired(ledger.originalOf(id), ledger.now()))),

    setValidator: (id: string, validator: Validator): Promise<void> =>
      ledger.transaction(() => originals.save({ ...ledger.originalOf(id), ...validatorColumns(validator) })),
  };
}
