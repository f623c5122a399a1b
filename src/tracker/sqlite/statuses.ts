import { deleted, listedAnew, overdue, waitCutoff } from '../rules/medium.ts';
import { reappeared, vanished } from '../rules/original.ts';
import type { Ledger } from './ledger.ts';
import type { MediumRow } from './rows.ts';

/** Changes of a medium that its originals take part in, and of several media at once. */

/** A medium whose content is to be asked for anew. */
export function askAnew(ledger: Ledger, medium: MediumRow): MediumRow {
  bringBack(ledger, medium);
  return listedAnew(medium, ledger.now());
}

/** Originals of a medium that is there after all: SOURCE_DELETED becomes PENDING. */
export function bringBack(ledger: Ledger, medium: MediumRow): void {
  for (const original of ledger.originalsOf(medium)) {
    const next = reappeared(original, ledger.now());
    if (next) ledger.originals.save(next, original);
  }
}

/** The medium is SOURCE_DELETED, and so is what of it was not archived. */
export function vanish(ledger: Ledger, medium: MediumRow, reason: string): MediumRow {
  for (const original of ledger.originalsOf(medium)) {
    const next = vanished(original, reason, ledger.now());
    if (next) ledger.originals.save(next, original);
  }
  const run = ledger.database.prepare('SELECT id FROM runs ORDER BY row DESC LIMIT 1').get()?.['id'];
  return deleted(medium, { reason, run: typeof run === 'string' ? run : null, now: ledger.now() });
}

/** Media that have waited too long need a person. */
export function quarantineLongWaiting(ledger: Ledger): void {
  const selectLongWaiting = ledger.media.where(`status = 'WAITING' AND gone_since IS NULL AND waiting_since <= ?`);
  for (const row of selectLongWaiting(waitCutoff(ledger.nowMs()))) ledger.media.save(overdue(row, ledger.now()), row);
}
