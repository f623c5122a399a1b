import type { Destination } from './destination/destination.ts';
import { SyncError } from './errors.ts';
import { describeOwner } from './lib/owner.ts';
import type { Tracker } from './tracker/tracker.ts';

/** A run's leases: one in the tracker, one in the archive where the store can hold one. */

const ttlMs = 60_000;
const renewEveryMs = 20_000;

export interface HeldLeases extends AsyncDisposable {
  /** Aborted with LOCKED when somebody else took over, or the lease could not be renewed in time. */
  readonly lost: AbortSignal;
}

export interface LeaseOptions {
  readonly destination: Destination;
  readonly tracker: Tracker;
  readonly owner: string;
  readonly isDead: (owner: string) => Promise<boolean>;
  /** False for a run that writes nothing to the archive: only the tracker's lease is taken. */
  readonly exclusive: boolean;
}

/** Takes both leases and renews them until disposed. Errors: LOCKED, naming the holder. */
export async function holdLeases(options: LeaseOptions): Promise<HeldLeases> {
  const { tracker, destination, owner } = options;
  const answer = await tracker.acquireRunLease(owner, ttlMs, options.isDead);
  if (!answer.granted) throw locked(describeOwner(answer.holder));
  let place: AsyncDisposable | undefined;
  try {
    place = options.exclusive ? await destination.lease(owner) : undefined;
  } catch (error) {
    await tracker.releaseRunLease(owner);
    throw error;
  }
  const lost = new AbortController();
  const renewing = setInterval(() => void renew(tracker, owner, lost), renewEveryMs);
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
  try {
    const ours = await tracker.renewRunLease(owner, ttlMs);
    if (ours) return await tracker.renewClaims(owner, ttlMs);
    lost.abort(locked('another process'));
  } catch (error) {
    lost.abort(error);
  }
}

function locked(holder: string): SyncError {
  return new SyncError('LOCKED', `another run is at work on this archive: ${holder}`, {
    hint: 'Wait for it to end, or end it; its progress is kept.',
  });
}
