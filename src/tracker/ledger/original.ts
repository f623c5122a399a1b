import { SyncError } from '../../errors.ts';
import { originalId, statusAfter, type Original, type StatusChange } from '../../media.ts';
import type { Claim, Content, Failure } from '../tracker.ts';
import type { OriginalRecord } from './fields.ts';
import type { Time } from './store.ts';

/** How one original changes. Each rule takes what is recorded and returns what to record. */

/** Fields of an original that nobody claims. */
const unclaimed = { owner: null, leaseUntilMs: null } as const;

/** Fields of an original that starts afresh. */
const unfailed = { failedRuns: 0, errorCode: null, reason: null } as const;

/** An original after a change of its status; undefined when the table of transitions forbids it. */
export function applyChange(original: OriginalRecord, change: StatusChange, now: string): OriginalRecord | undefined {
  const status = statusAfter(original.status, change);
  if (!status) return undefined;
  return { ...original, status, statusSince: status === original.status ? original.statusSince : now };
}

/** Its next claim; undefined when its status or another's live lease forbids it. */
export function claimed(
  original: OriginalRecord,
  lease: { readonly owner: string; readonly leaseMs: number },
  time: Time,
): OriginalRecord | undefined {
  const isClaimed = original.status === 'IN_PROGRESS' && (original.leaseUntilMs ?? 0) > time.nowMs;
  if (isClaimed && original.owner !== lease.owner) return undefined;
  const next = applyChange(original, 'claim', time.now);
  const leaseUntilMs = time.nowMs + lease.leaseMs;
  return next && { ...next, owner: lease.owner, attempt: original.attempt + 1, leaseUntilMs };
}

/** A claim ends with its work, when a run begins, and when another follows. Errors: LEASE_LOST. */
export function assertClaimed(original: OriginalRecord, { id, owner, attempt }: Claim): OriginalRecord {
  if (original.owner === owner && original.attempt === attempt) return original;
  throw new SyncError('LEASE_LOST', `${id} is no longer claimed by this worker`);
}

/** Unfinished and free. If it vanished meanwhile, only its claim is released. */
export function released(original: OriginalRecord, now: string): OriginalRecord {
  return { ...(applyChange(original, 'release', now) ?? original), ...unclaimed };
}

export function intended(original: OriginalRecord, { sizeBytes, crc32, validator }: Content): OriginalRecord {
  return { ...original, sizeBytes, crc32, ...validator, intent: true };
}

/** Archived as it was intended, without its upload. Errors: BUG. */
export function completed(original: OriginalRecord, now: string): OriginalRecord {
  const next = applyChange(original, 'complete', now);
  if (!next) throw new SyncError('BUG', `${original.id} cannot be completed from ${original.status}`);
  if (!original.intent) throw new SyncError('BUG', `${original.id} has no intent to complete`);
  return { ...next, ...unclaimed, ...unfailed, mark: null, intent: false, upload: null };
}

/** FAILED or QUARANTINED. If it vanished meanwhile, only its claim is released. */
export function failed(original: OriginalRecord, { code, reason, quarantineAfter }: Failure, now: string): OriginalRecord {
  const failedRuns = original.failedRuns + 1;
  const next = applyChange(original, failedRuns >= quarantineAfter ? 'quarantine' : 'fail', now);
  return { ...(next ? { ...next, failedRuns, errorCode: code, reason } : original), ...unclaimed };
}

/** Afresh; undefined for one that is neither FAILED nor QUARANTINED. */
export function retried(original: OriginalRecord, now: string): OriginalRecord | undefined {
  const next = applyChange(original, 'retry', now);
  return next && { ...next, ...unclaimed, ...unfailed };
}

/** An original of a medium that exists after all; undefined for one that was not SOURCE_DELETED. */
export function reappeared(original: OriginalRecord, now: string): OriginalRecord | undefined {
  const next = applyChange(original, 'reappear', now);
  return next && { ...next, ...unclaimed, reason: null };
}

/**
 * An original of a medium that vanished; undefined for one that is archived. Its claim stays,
 * because bytes that arrive at this moment may still complete it.
 */
export function vanished(original: OriginalRecord, reason: string, now: string): OriginalRecord | undefined {
  const next = applyChange(original, 'vanish', now);
  return next && { ...next, reason };
}

/** To be fetched again. Errors: BUG without a mark: nothing else may leave COMPLETED. */
export function repaired(original: OriginalRecord, now: string): OriginalRecord {
  const next = original.mark === null ? undefined : applyChange(original, 'repair', now);
  if (!next) throw new SyncError('BUG', `${original.id} is not marked, so it is not repaired`);
  return { ...next, ...unclaimed, ...unfailed, mark: null };
}

/** Another revision and key, without content. Errors: BUG when `other` is another original. */
export function rekeyed(original: OriginalRecord, other: Original): OriginalRecord {
  const { revision, key } = other;
  if (originalId(other, original.revision) !== original.id)
    throw new SyncError('BUG', `${original.id} cannot become ${key}: another original`);
  const contentless = { sizeBytes: null, crc32: null, etag: null, lastModified: null, intent: false, upload: null };
  return { ...original, ...contentless, id: originalId(other, revision), revision, key };
}

/** Whether its upload is still needed. That of a SOURCE_DELETED one can never go on. */
export function needsUpload({ status, upload }: OriginalRecord): boolean {
  return upload !== null && status !== 'COMPLETED' && status !== 'SOURCE_DELETED';
}
