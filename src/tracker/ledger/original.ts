import { SyncError, type ErrorCode } from '../../errors.ts';
import { needsRepair, originalId, sameContent, statusAfter, type Mark, type Original, type StatusChange } from '../../media.ts';
import type { Claim, Content, Failure, Mismatch } from '../tracker.ts';
import { unaccepted } from './evidence.ts';
import type { OriginalRecord } from './fields.ts';
import { evidenceOf } from './proof.ts';
import type { Time } from './store.ts';

/** Rules for one original. Each rule takes the record and returns the new record. */

/** Fields of an original without a claim. */
const unclaimed = { owner: null, leaseUntilMs: null } as const;

/** Fields of an original without failed runs. */
const unfailed = { failedRuns: 0, errorCode: null, reason: null, failedAt: null } as const;

/** Changes the status of an original; undefined if the table of transitions forbids it. */
export function applyChange(original: OriginalRecord, change: StatusChange, now: string): OriginalRecord | undefined {
  const status = statusAfter(original.status, change);
  if (!status) return undefined;
  if (status === original.status) return original;
  return { ...original, ...unaccepted, status, statusSince: now };
}

/** True if the archived file has to be fetched again. A claim is then for a repair of the file. */
function awaitsRepair({ status, mark }: OriginalRecord): boolean {
  return status === 'COMPLETED' && needsRepair(mark);
}

/** No lease is longer. If a lease has more time left, it was granted with a wrong clock. */
const maxLeaseMs = 24 * 3_600_000;

/** Claims an original. Undefined if its status or another owner's valid lease forbids the claim. */
export function claimed(
  original: OriginalRecord,
  lease: { readonly owner: string; readonly leaseMs: number },
  time: Time,
): OriginalRecord | undefined {
  const leftMs = (original.leaseUntilMs ?? 0) - time.nowMs;
  const isClaimed = original.owner !== null && leftMs > 0 && leftMs <= maxLeaseMs;
  if (isClaimed && original.owner !== lease.owner) return undefined;
  const next = awaitsRepair(original) ? original : applyChange(original, 'claim', time.now);
  const leaseUntilMs = time.nowMs + lease.leaseMs;
  return next && { ...next, owner: lease.owner, attempt: original.attempt + 1, leaseUntilMs };
}

/**
 * Checks that a claim is valid. A claim ends when its work ends, when a new run begins, or when the
 * original is claimed again. Errors: LEASE_LOST.
 */
export function assertClaimed(original: OriginalRecord, { id, owner, attempt }: Claim): OriginalRecord {
  if (original.owner === owner && original.attempt === attempt) return original;
  throw new SyncError('LEASE_LOST', `${id} is no longer claimed by this worker`);
}

/**
 * Frees an unfinished original. If it was deleted at the source meanwhile or awaits repair, only
 * its claim ends.
 */
export function released(original: OriginalRecord, now: string): OriginalRecord {
  return { ...(applyChange(original, 'release', now) ?? original), ...unclaimed };
}

export function intended(original: OriginalRecord, content: Content): OriginalRecord {
  const { sizeBytes, crc32, validator, evidence } = content;
  return { ...original, sizeBytes, crc32, ...validator, ...evidenceOf(validator, evidence), intent: true };
}

/**
 * Completes an intent with the content that the store has. Errors: KEY_TAKEN if the store has
 * another checksum than the intent for the same content of the source. The store spoilt the bytes.
 */
export function fulfilled(original: OriginalRecord, content: Content): OriginalRecord {
  const { intent, crc32, key } = original;
  if (intent && crc32 !== content.crc32 && sameContent(original, content.validator))
    throw new SyncError('KEY_TAKEN', `${key} has other bytes than those that were sent to it`);
  return intended(original, content);
}

/**
 * Completes an original with the content of its intent, and drops its upload. This ends a repair
 * too. Errors: BUG.
 */
export function completed(original: OriginalRecord, now: string): OriginalRecord {
  const next = applyChange(original, 'complete', now);
  if (!next) throw new SyncError('BUG', `${original.id} cannot be completed from ${original.status}`);
  if (!original.intent) throw new SyncError('BUG', `${original.id} has no intent to complete`);
  return {
    ...next,
    ...unclaimed,
    ...unfailed,
    mark: null,
    intent: false,
    upload: null,
    mismatch: null,
    archivedAt: now,
    checkedAt: now,
  };
}

/** Failures that say nothing about the file itself. They never lead to QUARANTINED. */
const uncounted: ReadonlySet<string> = new Set<ErrorCode>(['NO_SPACE']);

/**
 * Makes an original FAILED or QUARANTINED. If it was deleted at the source meanwhile, only its
 * claim ends. If it awaits repair, it keeps its status.
 */
export function failed(original: OriginalRecord, { code, reason, quarantineAfter }: Failure, now: string): OriginalRecord {
  const isCounted = !uncounted.has(code);
  const failedRuns = original.failedRuns + (isCounted ? 1 : 0);
  const change = isCounted && failedRuns >= quarantineAfter ? 'quarantine' : 'fail';
  const next = awaitsRepair(original) ? original : applyChange(original, change, now);
  return { ...(next ? { ...next, failedRuns, errorCode: code, reason, failedAt: now } : original), ...unclaimed };
}

/**
 * Gives an original a fresh start, and undoes its acceptance. Undefined if it is neither FAILED nor
 * QUARANTINED nor accepted.
 */
export function retried(original: OriginalRecord, now: string): OriginalRecord | undefined {
  const next = applyChange(original, 'retry', now);
  if (!next) return original.acceptedAt === null ? undefined : { ...original, ...unaccepted };
  return { ...next, ...unclaimed, ...unfailed };
}

/**
 * Makes a SOURCE_DELETED original PENDING, because its medium exists after all. Undoes the
 * acceptance of a file that awaits its repair. Undefined for any other original.
 */
export function reappeared(original: OriginalRecord, now: string): OriginalRecord | undefined {
  const next = applyChange(original, 'reappear', now);
  if (!next) return awaitsRepair(original) && original.acceptedAt !== null ? { ...original, ...unaccepted } : undefined;
  return { ...next, ...unclaimed, reason: null };
}

/**
 * Makes an original of a deleted medium SOURCE_DELETED; undefined if the original is archived. Its
 * claim stays, because bytes that arrive now may still complete the original.
 */
export function vanished(original: OriginalRecord, reason: string, now: string): OriginalRecord | undefined {
  const next = applyChange(original, 'vanish', now);
  return next && { ...next, reason };
}

/**
 * Records bytes that arrived whole and contradict a claim. They are dropped with their upload. The
 * bytes of a file that awaits its repair were never compared with a new claim.
 */
export function contradicted(original: OriginalRecord, { crc32, claim }: Mismatch): OriginalRecord {
  const mismatched = { ...original, upload: null, intent: false, mismatch: crc32 };
  if (claim === original.claim) return mismatched;
  const proof = original.status === 'COMPLETED' ? 'unchecked' : null;
  return { ...mismatched, claim, proof, claimPartBytes: null };
}

/** Sets or clears the mark of an archived original. Drops its upload if no repair is needed. */
export function marked(original: OriginalRecord, mark: Mark | null): OriginalRecord {
  if (mark === original.mark) return original;
  const next = { ...original, ...unaccepted, mark };
  return needsRepair(mark) ? next : { ...next, ...unclaimed, ...unfailed, intent: false, upload: null };
}

/**
 * Changes the revision and the key of an original, and clears the fields of its content. Errors:
 * BUG when `other` is a different original.
 */
export function rekeyed(original: OriginalRecord, other: Original): OriginalRecord {
  const { revision, key } = other;
  if (originalId(other, original.revision) !== original.id)
    throw new SyncError('BUG', `${original.id} cannot get the key ${key}, which is for another original`);
  const contentless = {
    sizeBytes: null,
    crc32: null,
    etag: null,
    lastModified: null,
    claim: null,
    proof: null,
    claimPartBytes: null,
    mismatch: null,
    intent: false,
    upload: null,
    ...unaccepted,
  };
  return { ...original, ...contentless, id: originalId(other, revision), revision, key };
}

/** Whether a run still needs the upload. An upload of a SOURCE_DELETED original cannot continue. */
export function needsUpload(original: OriginalRecord): boolean {
  const { status, upload } = original;
  return upload !== null && status !== 'SOURCE_DELETED' && (status !== 'COMPLETED' || awaitsRepair(original));
}
