import { mediumVersion, type Medium, type MediumStatus, type Original, type Role } from '../../media.ts';
import type { Failure, PageChanges } from '../tracker.ts';
import { listingColumns, notReady, type MediumFields } from './medium-fields.ts';
import { bitsOf } from './role-bits.ts';

/** How media change, whatever the ledger is kept in. Every rule takes what is recorded and returns what is to be recorded. */

const maxWaitDays = 30;

/** Why a medium is gone that a complete listing misses. */
export const goneReason = 'a complete listing no longer shows it';

/**
 * A medium in another status. How long it waits is remembered until it is resolved or settled: a medium whose listing says ready and
 * whose resolve says otherwise goes WAITING, LISTED, WAITING each day.
 */
function moved<Row extends MediumFields>(row: Row, status: MediumStatus, now: string, reason: string | null): Row {
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
function listed<Row extends MediumFields>(row: Row, now: string): Row {
  return row.ready === 1 ? moved(row, 'LISTED', now, null) : moved(row, 'WAITING', now, notReady(row.ready_state));
}

/**
 * A medium whose content is to be asked for anew, because it changed or came back; what was resolved before says nothing about it. Its
 * SOURCE_DELETED originals reappear.
 */
export function listedAnew<Row extends MediumFields>(row: Row, now: string): Row {
  return { ...listed(row, now), failed_runs: 0, resolved_roles: 0, unavailable: 0, gone_since: null, deleted_run: null };
}

/** A known medium that a page shows: `changed` when it is asked for anew. Readiness moves it between WAITING and LISTED without a change. */
export function seen<Row extends MediumFields>(
  row: Row,
  medium: Medium,
  { runId, now }: { readonly runId: string; readonly now: string },
): { readonly row: Row; readonly change: Exclude<keyof PageChanges, 'added'> } {
  const isChanged = row.gone_since !== null || (row.version !== null && row.version !== mediumVersion(medium));
  const shown = { ...row, ...listingColumns(medium), seen_run: runId };
  if (isChanged) return { row: listedAnew(shown, now), change: 'changed' };
  const wantsMove = (shown.status === 'WAITING' && shown.ready === 1) || (shown.status === 'LISTED' && shown.ready === 0);
  return { row: wantsMove ? listed(shown, now) : shown, change: 'unchanged' };
}

/** SOURCE_DELETED, found by `run`. What of it was not archived vanishes with it. */
export function deleted<Row extends MediumFields>(
  row: Row,
  { reason, run, now }: { readonly reason: string; readonly run: string | null; readonly now: string },
): Row {
  return { ...moved(row, 'SOURCE_DELETED', now, reason), failed_runs: 0, deleted_run: run };
}

/** What a `get` says. The provider answered as it should, so with WAITING the failed runs before are no longer in a row. */
export function told<Row extends MediumFields>(row: Row, status: 'LISTED' | 'WAITING', reason: string, now: string): Row {
  const next = moved(row, status, now, reason);
  return status === 'WAITING' ? { ...next, failed_runs: 0 } : next;
}

/** FAILED once more, or QUARANTINED. */
export function failedMedium<Row extends MediumFields>(row: Row, failure: Failure, now: string): Row {
  const failed_runs = row.failed_runs + 1;
  const status = row.status === 'QUARANTINED' || failed_runs >= failure.quarantineAfter ? 'QUARANTINED' : 'FAILED';
  return { ...moved(row, status, now, failure.reason), status_since: now, failed_runs };
}

/** Afresh, or undefined for one that is neither FAILED nor QUARANTINED. */
export function retriedMedium<Row extends MediumFields>(row: Row, now: string): Row | undefined {
  if (row.status !== 'FAILED' && row.status !== 'QUARANTINED') return undefined;
  return { ...listed({ ...row, waiting_since: null }, now), failed_runs: 0 };
}

/** A role with something unavailable is not resolved, also if it was before; so nothing hides behind a later resolve for fewer roles. */
export function resolved<Row extends MediumFields>(
  row: Row,
  resolution: { readonly roles: readonly Role[]; readonly unavailable: number; readonly originals: readonly Original[] },
  now: string,
): Row {
  const { roles, unavailable, originals } = resolution;
  const bits = bitsOf(roles);
  const isWhole = unavailable === 0;
  const reason = isWhole ? null : `${unavailable} of its originals are not available yet`;
  return {
    ...moved(row, isWhole ? 'RESOLVED' : 'WAITING', now, reason),
    resolved_roles: isWhole ? row.resolved_roles | bits : row.resolved_roles & ~bits,
    original_roles: row.original_roles | bitsOf(originals.map((original) => original.role)),
    unavailable,
    failed_runs: 0,
    deleted_run: null,
  };
}

/** Media that wait since then or longer have waited too long. ISO 8601. */
export function waitCutoff(nowMs: number): string {
  return new Date(nowMs - maxWaitDays * 24 * 3600 * 1000).toISOString();
}

/** A medium that has waited too long needs a person. */
export function overdue<Row extends MediumFields>(row: Row, now: string): Row {
  return moved(row, 'QUARANTINED', now, `waited for ${maxWaitDays} days${row.reason === null ? '' : `: ${row.reason}`}`);
}
