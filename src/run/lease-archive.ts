import type { Destination } from '../destination/destination.ts';
import { asSyncError } from '../errors.ts';
import type { Report } from '../events.ts';
import type { Clock } from '../lib/clock.ts';
import type { Tracker } from '../tracker/tracker.ts';
import { fenced } from './fenced.ts';
import { holdLease, type HeldLease } from './held-lease.ts';
import { takeLease, type LeaseOptions } from './lease.ts';

interface LeasePorts {
  readonly destination: Destination;
  readonly tracker: Tracker;
  readonly clock: Clock;
  readonly report: Report;
}

/** How a run of this process takes a lease. */
export type LeaseSettings = Pick<LeaseOptions, 'holder' | 'termMs' | 'judge'>;

export interface LeasedArchive extends HeldLease {
  /** The destination, which changes nothing any more once the lease is lost. */
  readonly destination: Destination;
}

/**
 * Takes the lease of the archive and of its tracker for one run. A run that is not `exclusive`
 * writes nothing to the archive and takes only the tracker's lease. Errors: those of `takeLease`.
 */
export async function leaseArchive(
  { destination, tracker, clock, report }: LeasePorts,
  settings: LeaseSettings,
  { exclusive, signal }: { readonly exclusive: boolean; readonly signal: AbortSignal },
): Promise<LeasedArchive> {
  const cells = exclusive && destination.lease ? [destination.lease, tracker.lease] : [tracker.lease];
  const onWait = (owner: string, waitMs: number) => report({ type: 'warning', message: waiting(owner, waitMs) });
  const grant = await takeLease({ ...settings, cells, clock, signal, onWait });
  tracker.useFence(grant.record.fence);
  const held = holdLease({ ...grant, cells, clock, isShared: false });
  return {
    ...held,
    destination: fenced(destination, held),
    [Symbol.asyncDispose]: async () => release(held, report),
  };
}

/** The work of the run is done, so a lease that cannot be released must not make the run fail. */
async function release(held: HeldLease, report: Report): Promise<void> {
  try {
    await held[Symbol.asyncDispose]();
  } catch (error) {
    const message = `could not release the lease of this archive: ${asSyncError(error).message}`;
    report({ type: 'warning', message, hint: 'The next run may have to wait for a minute before it begins.' });
  }
}

function waiting(owner: string, waitMs: number): string {
  const seconds = Math.ceil(waitMs / 1000);
  return `${owner} has the lease of this archive; waiting up to ${seconds} s to see whether that run still works`;
}
