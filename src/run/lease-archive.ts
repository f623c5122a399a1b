import type { Destination } from '../destination/destination.ts';
import { asSyncError } from '../errors.ts';
import type { Report } from '../events.ts';
import type { Clock } from '../lib/clock.ts';
import type { Tracker } from '../tracker/tracker.ts';
import { fenced } from './fenced.ts';
import { holdLease, type HeldLease } from './held-lease.ts';
import { leaseCells } from './lease-cells.ts';
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
  /** Whether the run may write to the archive. */
  readonly isExclusive: boolean;
}

interface LeaseWish {
  /**
   * A run that is not exclusive writes nothing to the archive and takes only the tracker's lease. A
   * run that is exclusive `if writable` does the same if the archive refuses to be written.
   */
  readonly exclusive: boolean | 'if writable';
  readonly signal: AbortSignal;
}

/** Takes the lease of the archive and of its tracker for one run. Errors: those of `takeLease`. */
export async function leaseArchive(ports: LeasePorts, settings: LeaseSettings, wish: LeaseWish): Promise<LeasedArchive> {
  const { exclusive, signal } = wish;
  try {
    return await lease(ports, settings, { isExclusive: exclusive !== false, signal });
  } catch (thrown) {
    const error = asSyncError(thrown);
    if (exclusive !== 'if writable' || error.code !== 'DESTINATION_UNUSABLE') throw error;
    ports.report({ type: 'warning', message: `this run reads the archive without its lease: ${error.message}` });
    return lease(ports, settings, { isExclusive: false, signal });
  }
}

async function lease(
  { destination, tracker, clock, report }: LeasePorts,
  settings: LeaseSettings,
  { isExclusive, signal }: Pick<LeasedArchive, 'isExclusive'> & Pick<LeaseWish, 'signal'>,
): Promise<LeasedArchive> {
  const cells = isExclusive ? leaseCells({ destination, tracker }) : [tracker.lease];
  const onWait = (owner: string, waitMs: number) => report({ type: 'warning', message: waiting(owner, waitMs) });
  const grant = await takeLease({ ...settings, cells, clock, signal, onWait });
  tracker.useFence(grant.record.fence);
  const held = holdLease({ ...grant, cells, clock, isShared: false });
  return {
    ...held,
    isExclusive,
    // A run without the archive's lease keeps what it learns in the tracker only.
    destination: { ...fenced(destination, held), ...(!isExclusive && { describe: async () => {} }) },
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
