import { ageMs } from '../../lib/clock.ts';
import { mediumVersion, type Medium, type MediumStatus, type Role } from '../../media.ts';
import type { Failure, Tracker } from '../tracker.ts';
import { unaccepted } from './evidence.ts';
import type { MediumRecord } from './fields.ts';
import { notReady } from './records.ts';
import type { Time } from './store.ts';

/** Rules for one medium. Each rule takes the record and returns the new record. */

const maxWaitDays = 30;

/**
 * Gives a medium another status. LISTED and FAILED do not end a wait, because a medium alternates
 * between WAITING and LISTED if the listing calls it ready and its resolve does not.
 */
function moved(medium: MediumRecord, status: MediumStatus, now: string, reason: string | null): MediumRecord {
  const mayStillWait = status === 'LISTED' || status === 'FAILED';
  return {
    ...medium,
    ...(status === medium.status && reason === medium.reason ? {} : unaccepted),
    status,
    statusSince: status === medium.status ? medium.statusSince : now,
    waitingSince: status === 'WAITING' ? waitingSince(medium, now) : mayStillWait ? medium.waitingSince : null,
    reason,
  };
}

/** A wait that began in the future was recorded with a wrong clock. It begins again now. */
function waitingSince({ waitingSince: since }: MediumRecord, now: string): string {
  return since !== null && ageMs(since, Date.parse(now)) !== undefined ? since : now;
}

/** Makes a medium LISTED if the provider calls it ready, and WAITING otherwise. */
function listed(medium: MediumRecord, now: string): MediumRecord {
  return medium.ready ? moved(medium, 'LISTED', now, null) : moved(medium, 'WAITING', now, notReady(medium.readyState));
}

/** A medium that changed or came back must be resolved again, so it becomes LISTED or WAITING. */
export function listedAnew(medium: MediumRecord, now: string): MediumRecord {
  return { ...listed(medium, now), failedRuns: 0, resolvedRoles: [], unavailable: 0, goneSince: null, deletedRun: null };
}

/** True if a listing shows a known medium with another version, or shows a medium that was gone. */
export function isChanged(medium: MediumRecord, shown: Medium): boolean {
  return medium.goneSince !== null || (medium.version !== null && medium.version !== mediumVersion(shown));
}

/**
 * Updates a known medium from a listing. A medium with an unchanged version can still move between
 * WAITING and LISTED.
 */
export function seen(medium: MediumRecord, shown: Medium, now: string): MediumRecord {
  const next = { ...medium, ...shown, version: mediumVersion(shown) };
  if (isChanged(medium, shown)) return listedAnew(next, now);
  const wantsMove = (next.status === 'WAITING' && next.ready) || (next.status === 'LISTED' && !next.ready);
  return wantsMove ? listed(next, now) : next;
}

/** Makes a medium SOURCE_DELETED. `deletedRun` is the run that found the medium deleted. */
export function deleted(medium: MediumRecord, reason: string, deletedRun: string | null, now: string): MediumRecord {
  return { ...moved(medium, 'SOURCE_DELETED', now, reason), failedRuns: 0, deletedRun };
}

/**
 * Whether a listing of a later run shows a medium that the provider denied. The listing and the
 * denial contradict each other.
 */
export function isShownAgain({ status, goneSince, deletedRun }: MediumRecord, runId: string): boolean {
  return status === 'SOURCE_DELETED' && goneSince === null && deletedRun !== runId;
}

/**
 * Whether this run has counted a denial of the medium already, in an earlier slice. A run counts at
 * most one denial of a medium.
 */
export function isDenialCounted({ status, denials, deletedRun }: MediumRecord, runId: string | null): boolean {
  return status !== 'SOURCE_DELETED' && denials > 0 && deletedRun !== null && deletedRun === runId;
}

/** Counts a second or later denial in a row as a failed run. Undefined for the first denial. */
export function contradicted(
  medium: MediumRecord,
  denial: string,
  quarantineAfter: number,
  now: string,
): MediumRecord | undefined {
  if (medium.status === 'SOURCE_DELETED' || medium.denials === 0) return undefined;
  const reason = `the listing shows the medium, but it cannot be fetched: ${denial}`;
  const next = failedMedium(medium, { code: 'SOURCE_GONE', reason, quarantineAfter }, now);
  return { ...next, denials: medium.denials + 1 };
}

/**
 * Records the status that a `get` gave. WAITING is not a failure, so it resets the count of failed
 * runs.
 */
export function answered(medium: MediumRecord, status: 'LISTED' | 'WAITING', reason: string, now: string): MediumRecord {
  const next = { ...moved(medium, status, now, reason), denials: 0 };
  return status === 'WAITING' ? { ...next, failedRuns: 0 } : next;
}

/** Counts a failed run. The medium becomes FAILED, or QUARANTINED at the limit of failed runs. */
export function failedMedium(medium: MediumRecord, failure: Failure, now: string): MediumRecord {
  const failedRuns = medium.failedRuns + 1;
  const isAtLimit = medium.status === 'QUARANTINED' || failedRuns >= failure.quarantineAfter;
  const next = moved(medium, isAtLimit ? 'QUARANTINED' : 'FAILED', now, failure.reason);
  return { ...next, statusSince: now, failedRuns };
}

/**
 * Gives a medium a fresh start, and undoes its acceptance. Undefined if it is neither FAILED nor
 * QUARANTINED nor accepted.
 */
export function retriedMedium(medium: MediumRecord, now: string): MediumRecord | undefined {
  if (medium.status !== 'FAILED' && medium.status !== 'QUARANTINED')
    return medium.acceptedAt === null ? undefined : { ...medium, ...unaccepted };
  return { ...listed({ ...medium, waitingSince: null }, now), failedRuns: 0 };
}

export type Resolution = Parameters<Tracker['recordResolution']>[1];

/**
 * Records a resolve for `roles`. If an original is unavailable, these roles no longer count as
 * resolved.
 */
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
    denials: 0,
  };
}

/** Whether a medium is resolved for all of `roles`. */
export function isResolvedFor({ resolvedRoles }: Pick<MediumRecord, 'resolvedRoles'>, roles: readonly Role[]): boolean {
  return roles.every((role) => resolvedRoles.includes(role));
}

/** A wait that began at this time or earlier has lasted too long. ISO 8601. */
export function waitCutoff(nowMs: number): string {
  return new Date(nowMs - maxWaitDays * 24 * 3600 * 1000).toISOString();
}

/** Makes a medium QUARANTINED if it has waited too long. Returns undefined otherwise. */
export function overdue(medium: MediumRecord, { nowMs, now }: Time): MediumRecord | undefined {
  const cutoff = waitCutoff(nowMs);
  const isOverdue = medium.status === 'WAITING' && medium.goneSince === null && (medium.waitingSince ?? cutoff) <= cutoff;
  const reason = `waited for ${maxWaitDays} days${medium.reason === null ? '' : `: ${medium.reason}`}`;
  return isOverdue ? moved(medium, 'QUARANTINED', now, reason) : undefined;
}
