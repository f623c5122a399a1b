import { SyncError } from '../../errors.ts';
import { originalId, statusAfter, type Original, type StatusChange, type Validator } from '../../media.ts';
import type { Claim, Failure } from '../tracker.ts';
import { contentColumns, type OriginalFields } from './original-fields.ts';

/** How originals change, whatever the ledger is kept in. Every rule takes what is recorded and returns what is to be recorded. */

export type Whole = { readonly sizeBytes: number; readonly crc32: number; readonly validator: Validator };

/** An original after a change of its status, or undefined when the table of transitions forbids the change. */
export function changed<Row extends OriginalFields>(row: Row, change: StatusChange, now: string): Row | undefined {
  const status = statusAfter(row.status, change);
  if (!status) return undefined;
  return { ...row, status, status_since: status === row.status ? row.status_since : now };
}

/** Fields of an original that nobody holds. */
const unclaimed = { owner: null, lease_until_ms: null } as const;

/** Fields of an original that starts afresh. */
const unfailed = { failed_runs: 0, error_code: null, reason: null } as const;

/** Its next claim, or undefined when its status or another's live lease forbids it. */
export function claimed<Row extends OriginalFields>(
  row: Row,
  {
    owner,
    leaseMs,
    nowMs,
    now,
  }: { readonly owner: string; readonly leaseMs: number; readonly nowMs: number; readonly now: string },
): Row | undefined {
  const isHeldByAnother = row.status === 'IN_PROGRESS' && row.owner !== owner && (row.lease_until_ms ?? 0) > nowMs;
  const next = changed(row, 'claim', now);
  return next && !isHeldByAnother ? { ...next, owner, attempt: row.attempt + 1, lease_until_ms: nowMs + leaseMs } : undefined;
}

/** A claim ends when it is released, failed or completed, when a run begins, and when another comes. Errors: LEASE_LOST. */
export function held<Row extends OriginalFields>(row: Row, { id, owner, attempt }: Claim): Row {
  if (row.owner === owner && row.attempt === attempt) return row;
  throw new SyncError('LEASE_LOST', `${id} is no longer claimed by this worker`);
}

/** Unfinished and free. Only the claim ends for one that vanished meanwhile. */
export function released<Row extends OriginalFields>(row: Row, now: string): Row {
  return { ...(changed(row, 'release', now) ?? row), ...unclaimed };
}

export function intended<Row extends OriginalFields>(row: Row, whole: Whole): Row {
  return { ...row, ...contentColumns(whole), intent: 1 };
}

/** Archived; nothing that was on the way is left. Without `whole`: as it was intended. Errors: BUG. */
export function completed<Row extends OriginalFields>(row: Row, whole: Whole | undefined, now: string): Row {
  const next = changed(row, 'complete', now);
  if (!next) throw new SyncError('BUG', `${row.id} cannot be completed from ${row.status}`);
  if (!whole && row.intent === 0) throw new SyncError('BUG', `${row.id} has no intent to complete`);
  const content = whole ? contentColumns(whole) : {};
  return { ...next, ...content, ...unclaimed, ...unfailed, mark: null, intent: 0, upload: null };
}

/** FAILED or QUARANTINED; only the claim ends for one that vanished meanwhile. */
export function failed<Row extends OriginalFields>(row: Row, failure: Failure, now: string): Row {
  const failed_runs = row.failed_runs + 1;
  const next = changed(row, failed_runs >= failure.quarantineAfter ? 'quarantine' : 'fail', now);
  const told = next && { ...next, failed_runs, error_code: failure.code, reason: failure.reason };
  return { ...(told ?? row), ...unclaimed };
}

/** Afresh, or undefined for one that is neither FAILED nor QUARANTINED. */
export function retried<Row extends OriginalFields>(row: Row, now: string): Row | undefined {
  const next = changed(row, 'retry', now);
  return next && { ...next, ...unclaimed, ...unfailed };
}

/** An original of a medium that is there after all, or undefined for one that was not SOURCE_DELETED. */
export function reappeared<Row extends OriginalFields>(row: Row, now: string): Row | undefined {
  const next = changed(row, 'reappear', now);
  return next && { ...next, ...unclaimed, reason: null };
}

/**
 * An original of a medium that vanished, or undefined for one that is archived. Its claim stays: bytes that arrive at this very moment may
 * still complete it.
 */
export function vanished<Row extends OriginalFields>(row: Row, reason: string, now: string): Row | undefined {
  const next = changed(row, 'vanish', now);
  return next && { ...next, reason };
}

/** To be fetched again. Errors: BUG for one that is not marked, because nothing else may leave COMPLETED. */
export function repaired<Row extends OriginalFields>(row: Row, now: string): Row {
  const next = row.mark === null ? undefined : changed(row, 'repair', now);
  if (!next) throw new SyncError('BUG', `${row.id} is not marked, so it is not repaired`);
  return { ...next, ...unclaimed, ...unfailed, mark: null };
}

/** Fields of an original that moves to another key and has nothing of its content yet. */
export const contentless = { size_bytes: null, crc32: null, etag: null, last_modified: null, intent: 0, upload: null } as const;

/** Errors: BUG when `original` is more than another revision of the row. */
export function refuseOther(row: OriginalFields, original: Original): void {
  if (originalId(original, row.revision) !== row.id)
    throw new SyncError('BUG', `${row.id} cannot become ${original.key}: another original`);
}
