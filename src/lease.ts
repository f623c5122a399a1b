import type { ProcessIdentity } from './lib/process.ts';

/**
 * The lease of a run on an archive. Two places hold its record: the archive and the tracker. The
 * rules for taking, renewing and releasing a lease are in run/lease.ts.
 */

/** How long a holder may pause before another run takes its lease, in ms. */
export const usualTermMs = 60_000;
/**
 * The longest term that a person can set, in ms. A contender waits for at most this long, also if a
 * record states a longer term. A step on AWS has time for it.
 */
export const maxTermMs = 150_000;

export interface LeaseRecord {
  /** Names the holder to a person: `process 123 on host`, or the ARN of an execution. */
  readonly owner: string;
  /** A new UUID for each grant. */
  readonly token: string;
  /** A number that grows with each grant. Every write of the run carries it. */
  readonly fence: number;
  /** How often the holder renewed the lease. */
  readonly renewals: number;
  /** A holder that runs renews its lease several times in this time, in ms. */
  readonly termMs: number;
  /** True after the holder ended. The record is never deleted. */
  readonly released: boolean;
  /** Null if the holder is not a process that another process could look for. */
  readonly process: ProcessIdentity | null;
  /**
   * Holders with this fence or a lower one may still run, because one of them was only silent for a
   * term. Null if all earlier holders have certainly ended. Each later grant keeps it.
   */
  readonly unprovenFence: number | null;
  /** When an execution on AWS ends at the latest, in ISO 8601. Null for a process. */
  readonly deadline: string | null;
}

export interface LeaseReading {
  /**
   * Undefined if nobody ever took the lease. An unreadable record has an unknown holder, and a
   * token that depends on its text.
   */
  readonly record: LeaseRecord | undefined;
  /** The time of the store's own clock, in ms since 1970. Null if the store does not state it. */
  readonly storeTimeMs: number | null;
}

/** A place that holds the record of a lease, without the rules. Errors: those of its store. */
export interface LeaseCell {
  read(): Promise<LeaseReading>;
  /**
   * Writes `after` if the place still holds `before`, that is a record with the same token and
   * number of renewals (undefined: no record). Otherwise returns false and writes nothing.
   */
  replace(before: LeaseRecord | undefined, after: LeaseRecord): Promise<boolean>;
}

/** Whether two records are the same grant with the same number of renewals, or both are absent. */
export function isSameLease(one: LeaseRecord | undefined, other: LeaseRecord | undefined): boolean {
  return one?.token === other?.token && one?.renewals === other?.renewals;
}
