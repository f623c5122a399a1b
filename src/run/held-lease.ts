import { asSyncError, SyncError } from '../errors.ts';
import { isSameLease, type LeaseCell, type LeaseRecord } from '../lease.ts';
import type { Clock } from '../lib/clock.ts';

/** A lease that a run holds. */

export interface HeldLease extends AsyncDisposable {
  /** Aborted with LEASE_LOST when another run took the lease. */
  readonly lost: AbortSignal;
  /**
   * Resolves if the run still has the lease. First renews the lease if the last renewal is too old,
   * for example because the machine slept. Errors: LEASE_LOST; the errors of the cells.
   */
  confirm(): Promise<void>;
}

/**
 * A moment by the monotonic clock and by the wall clock. The monotonic clock stops while a machine
 * sleeps.
 */
export interface Moment {
  readonly elapsedMs: number;
  readonly nowMs: number;
}

export function momentOf(clock: Clock): Moment {
  return { elapsedMs: clock.elapsed(), nowMs: clock.now() };
}

export interface HoldOptions {
  readonly record: LeaseRecord;
  /** The age of the lease counts from this moment before the grant, or before `record` was read. */
  readonly since: Moment;
  readonly cells: readonly LeaseCell[];
  readonly clock: Clock;
  /** True if several workers share the lease. They only read the record, and never release it. */
  readonly isShared: boolean;
  /** Names the place of the lease in messages. Default: `this archive`. */
  readonly place?: string;
}

interface Holding extends HoldOptions {
  record: LeaseRecord;
  readonly lost: AbortController;
  /** When the last renewal began. */
  since: Moment;
  /** The renewal that is under way. */
  renewing: Promise<void> | undefined;
}

/** Renews a lease until it is disposed. Disposing releases the lease, unless it is shared. */
export function holdLease(options: HoldOptions): HeldLease {
  const { record, isShared } = options;
  const holding: Holding = { ...options, lost: new AbortController(), renewing: undefined };
  // A failed renewal does not end the lease. The next renewal or confirmation tries again.
  const timer = setInterval(() => void renew(holding).catch(() => {}), renewEveryMs(record));
  timer.unref();
  return {
    lost: holding.lost.signal,
    confirm: async () => confirm(holding),
    [Symbol.asyncDispose]: async () => {
      clearInterval(timer);
      await holding.renewing?.catch(() => {});
      if (!isShared) await releaseCells(holding.cells, holding.record);
    },
  };
}

function renewEveryMs({ termMs }: LeaseRecord): number {
  return termMs / 3;
}

async function confirm(holding: Holding): Promise<void> {
  const { lost, record, clock, since } = holding;
  lost.signal.throwIfAborted();
  const ages = [clock.elapsed() - since.elapsedMs, Math.abs(clock.now() - since.nowMs)];
  if (Math.max(...ages) > renewEveryMs(record)) await renew(holding);
  lost.signal.throwIfAborted();
}

/** Callers at the same time share one renewal. */
async function renew(holding: Holding): Promise<void> {
  holding.renewing ??= renewCells(holding).finally(() => (holding.renewing = undefined));
  return holding.renewing;
}

async function renewCells(holding: Holding): Promise<void> {
  const { cells, clock, record, lost, isShared } = holding;
  const since = momentOf(clock);
  const next = isShared ? record : { ...record, renewals: record.renewals + 1 };
  for (const cell of cells) {
    const renewed = !isShared && (await cell.replace(record, next));
    const current = renewed ? next : (await cell.read()).record;
    // An earlier attempt may have written `next` here, although its reply was lost or another cell
    // failed.
    if (isSameLease(current, next) && !current?.released) continue;
    return lost.abort(leaseLost(current, holding));
  }
  holding.record = next;
  holding.since = since;
}

function leaseLost(holder: LeaseRecord | undefined, { place = 'this archive' }: HoldOptions): SyncError {
  const message = holder ? `another run took over ${place}: ${holder.owner}` : `the lease of ${place} was removed`;
  return new SyncError('LEASE_LOST', message, { hint: 'This run was silent for too long. The next run continues its work.' });
}

/**
 * Releases a lease in all cells, even in a cell that the last renewal did not reach. The lease of
 * another holder stays. Errors: the first error of a cell.
 */
export async function releaseCells(cells: readonly LeaseCell[], record: LeaseRecord): Promise<void> {
  const failures: unknown[] = [];
  for (const cell of cells.toReversed()) await releaseCell(cell, record).catch((error: unknown) => failures.push(error));
  if (failures.length > 0) throw asSyncError(failures[0]);
}

async function releaseCell(cell: LeaseCell, held: LeaseRecord): Promise<void> {
  if (await cell.replace(held, { ...held, released: true })) return;
  const { record } = await cell.read();
  if (record?.token === held.token && !record.released) await cell.replace(record, { ...record, released: true });
}
