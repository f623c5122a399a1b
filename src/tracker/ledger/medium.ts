import { mediumVersion, type Medium, type MediumStatus, type Role } from '../../media.ts';
import type { Failure, Tracker } from '../tracker.ts';
import type { MediumRecord } from './fields.ts';
import { notReady } from './records.ts';
import type { Time } from './store.ts';

/** Rules for one medium. Each takes the record and returns the new record. */

const maxWaitDays = 30;

/**
 * Gives a medium another status. The start of a wait is kept until the medium is resolved or ended,
 * because a medium whose listing says ready and whose resolve does not goes WAITING, LISTED,
 * WAITING each day.
 */
function moved(medium: MediumRecord, status: MediumStatus, now: string, reason: string | null): MediumRecord {
  const mayStillWait = status === 'LISTED' || status === 'FAILED';
  return {
    ...medium,
    status,
    statusSince: status === medium.status ? medium.statusSince : now,
    waitingSince: status === 'WAITING' ? (medium.waitingSince ?? now) : mayStillWait ? medium.waitingSince : null,
    reason,
  };
}

/** LISTED, or WAITING while the provider does not call the medium ready. */
function listed(medium: MediumRecord, now: string): MediumRecord {
  return medium.ready ? moved(medium, 'LISTED', now, null) : moved(medium, 'WAITING', now, notReady(medium.readyState));
}

/** Lists a medium again that changed or came back, so a run resolves it again. */
export function listedAnew(medium: MediumRecord, now: string): MediumRecord {
  return { ...listed(medium, now), failedRuns: 0, resolvedRoles: [], unavailable: 0, goneSince: null, deletedRun: null };
}

/** Whether a listing shows a known medium with other content, or again after it was gone. */
export function isChanged(medium: MediumRecord, shown: Medium): boolean {
  return medium.goneSince !== null || (medium.version !== null && medium.version !== mediumVersion(shown));
}

/** A known medium as listed. Readiness moves it between WAITING and LISTED without a change. */
export function seen(medium: MediumRecord, shown: Medium, now: string): MediumRecord {
  const next = { ...medium, ...shown, version: mediumVersion(shown) };
  if (isChanged(medium, shown)) return listedAnew(next, now);
  const wantsMove = (next.status === 'WAITING' && next.ready) || (next.status === 'LISTED' && !next.ready);
  return wantsMove ? listed(next, now) : next;
}

/** Makes a medium SOURCE_DELETED. `deletedRun` is the run that found it. */
export function deleted(medium: MediumRecord, reason: string, deletedRun: string | null, now: string): MediumRecord {
  return { ...moved(medium, 'SOURCE_DELETED', now, reason), failedRuns: 0, deletedRun };
}

/** Records the answer of a `get`. WAITING is an answer, so it resets the count of failed runs. */
export function answered(medium: MediumRecord, status: 'LISTED' | 'WAITING', reason: string, now: string): MediumRecord {
  const next = moved(medium, status, now, reason);
  return status === 'WAITING' ? { ...next, failedRuns: 0 } : next;
}

/** Counts a failed run: FAILED, or QUARANTINED at the limit. */
export function failedMedium(medium: MediumRecord, failure: Failure, now: string): MediumRecord {
  const failedRuns = medium.failedRuns + 1;
  const isAtLimit = medium.status === 'QUARANTINED' || failedRuns >= failure.quarantineAfter;
  const next = moved(medium, isAtLimit ? 'QUARANTINED' : 'FAILED', now, failure.reason);
  return { ...next, statusSince: now, failedRuns };
}

/** Gives a medium a fresh start; undefined if it is neither FAILED nor QUARANTINED. */
export function retriedMedium(medium: MediumRecord, now: string): MediumRecord | undefined {
  if (medium.status !== 'FAILED' && medium.status !== 'QUARANTINED') return undefined;
  return { ...listed({ ...medium, waitingSince: null }, now), failedRuns: 0 };
}

export type Resolution = Parameters<Tracker['recordResolution']>[1];

/** Resolves a medium. A role with something unavailable is not resolved, even if it was before. */
export function resolved(medium: MediumRecord, { roles, unavailable, originals }: Resolution, now: string): MediumRecord {
  const isWhole = unavailable === 0;
  const reason = isWhole ? null : `${unavailable} of its originals are not available yet`;
  const others = medium.resolvedRoles.filter((role) => !roles.includes(role));
  return {
    ...moved(medium, isWhole ? 'RESOLVED' : 'WAITING', now, reason),
    resolvedRoles: isWhole ? [...others, ...roles] : others,
    originalRoles: [...new Set([...medium.originalRoles, ...originals.map((original) => original.role)])],
    unavailable,
    failedRuns: 0,
    deletedRun: null,
  };
}

/** Whether a medium is resolved for all of `roles`. */
export function isResolvedFor({ resolvedRoles }: Pick<MediumRecord, 'resolvedRoles'>, roles: readonly Role[]): boolean {
  return roles.every((role) => resolvedRoles.includes(role));
}

/** Media that wait since this moment or longer have waited too long. ISO 8601. */
export function waitCutoff(nowMs: number): string {
  return new Date(nowMs - maxWaitDays * 24 * 3600 * 1000).toISOString();
}

/** Makes a medium QUARANTINED; undefined if it does not wait, or not for too long yet. */
export function overdue(medium: MediumRecord, { nowMs, now }: Time): MediumRecord | undefined {
  const cutoff = waitCutoff(nowMs);
  const isOverdue = medium.status === 'WAITING' && medium.goneSince === null && (medium.waitingSince ?? cutoff) <= cutoff;
  const reason = `waited for ${maxWaitDays} days${medium.reason === null ? '' : `: ${medium.reason}`}`;
  return isOverdue ? moved(medium, 'QUARANTINED', now, reason) : undefined;
}
