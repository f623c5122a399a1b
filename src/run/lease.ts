import { randomUUID } from 'node:crypto';
import { SyncError } from '../errors.ts';
import { isSameLease, maxTermMs, type LeaseCell, type LeaseReading, type LeaseRecord } from '../lease.ts';
import type { Clock } from '../lib/clock.ts';
import { momentOf, releaseCells, type Moment } from './held-lease.ts';

/**
 * How a run takes its lease. Wall clocks and host names prove nothing about a holder. A contender
 * takes a lease only if it is free, if its holder has certainly ended, or if nobody renewed it for
 * a whole term.
 */

/** What is known about a holder. `unproven`: it may have ended, or it may run. */
export type Verdict = 'ended' | 'running' | 'unproven';

export interface LeaseOptions {
  /** The places of the lease. All get the same record. */
  readonly cells: readonly LeaseCell[];
  readonly holder: Pick<LeaseRecord, 'owner' | 'process' | 'deadline'>;
  readonly termMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly judge: (record: LeaseRecord, reading: LeaseReading) => Promise<Verdict>;
  /** Names the place of the lease in messages. Default: `this archive`. */
  readonly place?: string;
  /** Called before the contender waits for a holder. `waitMs` is the longest possible wait. */
  readonly onWait: (owner: string, waitMs: number) => void;
}

/** A lease that was granted. */
export interface Grant {
  readonly record: LeaseRecord;
  /** A moment just before the grant. The age of the lease counts from it. */
  readonly since: Moment;
}

/** A place of the lease, and what the contender saw there. */
interface Seen {
  readonly cell: LeaseCell;
  readonly record: LeaseRecord | undefined;
  /** `unproven`: the contender must watch the record for a term. */
  readonly state: 'free' | 'unproven';
}

/** A contender reads the records this often while it waits, in ms. */
const maxPollMs = 1_000;

/**
 * Takes the lease in all cells. Errors: LOCKED, with the holder; the errors of the cells; the
 * reason of the signal.
 */
export async function takeLease(options: LeaseOptions): Promise<Grant> {
  const { cells, holder, termMs, clock, signal } = options;
  const seen = await waitUntilFree(await Promise.all(cells.map(async (cell) => look(cell, options))), options);
  signal.throwIfAborted();
  const fence = Math.max(0, ...seen.map((one) => one.record?.fence ?? 0)) + 1;
  const unprovenFence = findUnprovenFence(seen, fence);
  const since = momentOf(clock);
  const record = { ...holder, token: randomUUID(), fence, renewals: 0, termMs, released: false, unprovenFence };
  try {
    for (const { cell, record: before } of seen) {
      if (!(await cell.replace(before, record))) throw locked((await cell.read()).record, options);
    }
  } catch (error) {
    // A cell that failed may still have stored the record. Records of other holders stay.
    await releaseCells(cells, record).catch(() => {});
    throw error;
  }
  return { record, since };
}

/** The `unprovenFence` of the grant with `fence`. */
function findUnprovenFence(seen: readonly Seen[], fence: number): number | null {
  // An unproven record may be unreadable. So every earlier fence counts, not only the record's.
  if (seen.some(({ state }) => state === 'unproven')) return fence - 1;
  const kept = seen.flatMap(({ record }) => record?.unprovenFence ?? []);
  return kept.length === 0 ? null : Math.max(...kept);
}

async function look(cell: LeaseCell, options: LeaseOptions): Promise<Seen> {
  const reading = await cell.read();
  const { record } = reading;
  if (!record || record.released) return { cell, record, state: 'free' };
  const verdict = await options.judge(record, reading);
  if (verdict === 'running') throw locked(record, options);
  return { cell, record, state: verdict === 'ended' ? 'free' : 'unproven' };
}

/**
 * Watches the unproven records for a whole term. The term is counted in sleeps of this function,
 * because a holder on the same machine also stops while the machine pauses. A record is free as
 * soon as it is released or its holder has ended. Errors: LOCKED if a record changes.
 */
async function waitUntilFree(seen: readonly Seen[], options: LeaseOptions): Promise<readonly Seen[]> {
  const { clock, signal, onWait } = options;
  const holders = seen.flatMap(({ record, state }) => (record && state === 'unproven' ? [record] : []));
  if (holders.length === 0) return seen;
  const waitMs = Math.min(Math.max(...holders.map(({ termMs }) => termMs)), maxTermMs);
  onWait([...new Set(holders.map(({ owner }) => owner))].join(' and '), waitMs);
  let current = seen;
  let leftMs = waitMs;
  while (leftMs > 0 && current.some(({ state }) => state === 'unproven')) {
    const pauseMs = Math.min(maxPollMs, waitMs / 10, leftMs);
    await clock.sleep(pauseMs, signal);
    leftMs -= pauseMs;
    current = await Promise.all(current.map(async (one) => (one.state === 'free' ? one : lookAgain(one, options))));
  }
  return current;
}

async function lookAgain(before: Seen, options: LeaseOptions): Promise<Seen> {
  const now = await look(before.cell, options);
  const { record } = now;
  if (isSameLease(record, before.record) || !record || record.released) return now;
  throw locked(record, options);
}

function locked(holder: LeaseRecord | undefined, { place = 'this archive' }: LeaseOptions): SyncError {
  return new SyncError('LOCKED', `another run is at work on ${place}: ${holder?.owner ?? 'an unknown run'}`, {
    hint: 'Wait until that run ends, or end it. Its progress is kept.',
  });
}
