import type { Destination } from '../destination/destination.ts';
import { SyncError } from '../errors.ts';
import { describeOwner } from '../lib/owner.ts';
import type { Tracker } from '../tracker/tracker.ts';

/**
 * The two leases of a run. One is in the tracker. The other is in the archive, if the destination
 * can hold leases.
 */

/** How long a lease lasts if the run does not renew it. */
export const leaseMs = 60_000;
const renewEveryMs = 20_000;

export interface HeldLeases extends AsyncDisposable {
  /** Aborted with LOCKED when another run took a lease, or when a lease was not renewed in time. */
  readonly lost: AbortSignal;
}

export interface LeaseOptions {
  readonly destination: Destination;
  readonly tracker: Tracker;
  readonly owner: string;
  readonly isDead: (owner: string) => Promise<boolean>;
  /**
   * False for a run that writes nothing to the archive. Such a run takes only the tracker's lease.
   */
  readonly exclusive: boolean;
}

/** Takes both leases and renews them until they are disposed. Errors: LOCKED, with the holder. */
export async function holdLeases(options: LeaseOptions): Promise<HeldLeases> {
  const { tracker, destination, owner } = options;
  const answer = await tracker.acquireRunLease(owner, leaseMs, options.isDead);
  if (!answer.granted) throw locked(describeOwner(answer.holder));
  let place: AsyncDisposable | undefined;
  try {
    place = options.exclusive ? await destination.lease?.(owner) : undefined;
  } catch (error) {
    await tracker.releaseRunLease(owner);
    throw error;
  }
  const lost = new AbortController();
  let failures = 0;
  const renewing = setInterval(() => {
    renew(tracker, owner, lost).then(
      () => (failures = 0),
      // If one renewal fails, there is still time for a second one before the lease expires.
      (error: unknown) => (failures += 1) > 1 && lost.abort(error),
    );
  }, renewEveryMs);
  return {
    lost: lost.signal,
    [Symbol.asyncDispose]: async () => {
      clearInterval(renewing);
      await place?.[Symbol.asyncDispose]();
      await tracker.releaseRunLease(owner);
    },
  };
}

async function renew(tracker: Tracker, owner: string, lost: AbortController): Promise<void> {
  if (await tracker.renewRunLease(owner, leaseMs)) await tracker.renewClaims(owner, leaseMs);
  else lost.abort(locked('another process'));
}

function locked(holder: string): SyncError {
  return new SyncError('LOCKED', `another run is at work on this archive: ${holder}`, {
    hint: 'Wait until that run ends, or end it. Its progress is kept.',
  });
}
