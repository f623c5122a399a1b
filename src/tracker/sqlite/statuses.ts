import { statusAfter, type MediumStatus, type StatusChange } from '../../media.ts';
import type { Ledger } from './ledger.ts';
import { notReady, type MediumRow } from './medium-row.ts';
import type { OriginalRow } from './original-row.ts';

const maxWaitDays = 30;

/** An original after a change of its status, or undefined when the table of transitions forbids the change. */
export function changed(row: OriginalRow, change: StatusChange, now: string): OriginalRow | undefined {
  const status = statusAfter(row.status, change);
  if (!status) return undefined;
  return { ...row, status, status_since: status === row.status ? row.status_since : now };
}

/** Columns of an original that nobody holds. */
export const unclaimed = { owner: null, lease_until_ms: null } as const;

/** Columns of an original that starts afresh. */
export const unfailed = { failed_runs: 0, error_code: null, reason: null } as const;

/**
 * A medium in another status. How long it waits is remembered until it is resolved or settled: a medium whose listing says ready and
 * whose resolve says otherwise goes WAITING, LISTED, WAITING each day.
 */
export function moved(row: MediumRow, status: MediumStatus, now: string, reason: string | null): MediumRow {
  const mayStillWait = status === 'WAITING' || status === 'LISTED' || status === 'FAILED';
  return {
    ...row,
    status,
    status_since: status === row.status ? row.status_since : now,
    waiting_since: status === 'WAITING' ? (row.waiting_since ?? now) : mayStillWait ? row.waiting_since : null,
    reason,
  };
}

/** LISTED, or WAITING while the provider does not call it ready. */
export function listed(row: MediumRow, now: string): MediumRow {
  return row.ready === 1 ? moved(row, 'LISTED', now, null) : moved(row, 'WAITING', now, notReady(row.ready_state));
}

/**
 * A medium whose content is to be asked for anew, because it changed or came back; what was resolved before says nothing about it.
 * Brings back its SOURCE_DELETED originals.
 */
export function listedAnew(ledger: Ledger, row: MediumRow): MediumRow {
  reappear(ledger, row);
  return { ...listed(row, ledger.now()), failed_runs: 0, resolved_roles: 0, unavailable: 0, gone_since: null, deleted_run: null };
}

/** Originals of a medium that is there after all: SOURCE_DELETED becomes PENDING. */
export function reappear(ledger: Ledger, medium: MediumRow): void {
  for (const original of ledger.originalsOf(medium)) {
    const next = changed(original, 'reappear', ledger.now());
    if (next) ledger.originals.save({ ...next, ...unclaimed, reason: null });
  }
}

/**
 * The medium is SOURCE_DELETED, and so is what of it was not archived. Claims stay: a sibling whose bytes arrive at this very moment may
 * still be completed.
 */
export function vanished(ledger: Ledger, medium: MediumRow, reason: string): MediumRow {
  for (const original of ledger.originalsOf(medium)) {
    const next = changed(original, 'vanish', ledger.now());
    if (next) ledger.originals.save({ ...next, reason });
  }
  const run = ledger.database.prepare('SELECT id FROM runs ORDER BY row DESC LIMIT 1').get()?.['id'];
  const deleted_run = typeof run === 'string' ? run : null;
  return { ...moved(medium, 'SOURCE_DELETED', ledger.now(), reason), failed_runs: 0, deleted_run };
}

/** A medium that has waited too long needs a person. */
export function quarantineLongWaiting(ledger: Ledger): void {
  const cutoff = new Date(ledger.nowMs() - maxWaitDays * 24 * 3600 * 1000).toISOString();
  const overdue = ledger.database
    .prepare(`SELECT * FROM media WHERE status = 'WAITING' AND gone_since IS NULL AND waiting_since <= ?`)
    .all(cutoff);
  for (const row of overdue as unknown as MediumRow[]) {
    const reason = `waited for ${maxWaitDays} days${row.reason === null ? '' : `: ${row.reason}`}`;
    ledger.media.save(moved(row, 'QUARANTINED', ledger.now(), reason));
  }
}
