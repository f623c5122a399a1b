import { SyncError } from '../../errors.ts';
import { forEachLimited } from '../../lib/for-each.ts';
import type { MediumFields } from '../rules/medium-fields.ts';
import { deleted, overdue, waitCutoff } from '../rules/medium.ts';
import { reappeared, vanished } from '../rules/original.ts';
import type { Ledger } from './ledger.ts';
import type { Group, OriginalRow } from './rows.ts';
import { latestRun } from './run-records.ts';
import type { Unit } from './unit.ts';

/** Changes of a medium that its originals take part in, and of several rows at once. */

/** Rows changed at the same time where each is a unit of its own. */
export const unitsAtOnce = 8;

/** Errors: BUG for a medium that nobody recorded. */
export async function groupOf(unit: Unit, mediaId: string): Promise<Group> {
  return (await unit.group(mediaId)) ?? unknownRow(mediaId);
}

/** Errors: BUG for a medium that nobody recorded. */
export async function mediumOf(unit: Unit, mediaId: string): Promise<MediumFields> {
  return (await unit.medium(mediaId)) ?? unknownRow(mediaId);
}

/** Errors: BUG for an original that nobody recorded. */
export async function originalOf(unit: Unit, id: string): Promise<OriginalRow> {
  return (await unit.original(id)) ?? unknownRow(id);
}

function unknownRow(id: string): never {
  throw new SyncError('BUG', `the tracker knows no ${id}`);
}

/** Originals of a medium that is there after all: SOURCE_DELETED becomes PENDING. */
export function bringBack(ledger: Ledger, unit: Unit, group: Group): void {
  for (const original of group.originals) {
    const next = reappeared(original, ledger.now());
    if (next) unit.saveOriginal(next);
  }
}

/** The medium is SOURCE_DELETED, and so is what of it was not archived. The medium is to be saved by the caller. */
export async function vanish(ledger: Ledger, unit: Unit, group: Group, reason: string): Promise<MediumFields> {
  for (const original of group.originals) {
    const next = vanished(original, reason, ledger.now());
    if (next) unit.saveOriginal(next);
  }
  const run = (await latestRun(ledger))?.run.id ?? null;
  return deleted(group.medium, { reason, run, now: ledger.now() });
}

/** Media that have waited too long need a person. */
export async function quarantineLongWaiting(ledger: Ledger): Promise<void> {
  const cutoff = waitCutoff(ledger.nowMs());
  await forEachLimited(await ledger.inStatus('WAITING', cutoff), unitsAtOnce, ({ id }) =>
    ledger.unit(async (unit) => {
      const row = await unit.medium(id);
      const isOverdue = row?.status === 'WAITING' && row.gone_since === null && (row.waiting_since ?? cutoff) <= cutoff;
      if (isOverdue) unit.saveMedium(overdue(row, ledger.now()));
    }),
  );
}
