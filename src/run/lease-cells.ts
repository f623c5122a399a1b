import type { Destination } from '../destination/destination.ts';
import type { LeaseCell } from '../lease.ts';
import type { Tracker } from '../tracker/tracker.ts';

export interface LeasePlaces {
  readonly destination: Destination;
  readonly tracker: Tracker;
}

/** Returns the cells that hold the lease of an archive. All cells hold the same record. */
export function leaseCells({ destination, tracker }: LeasePlaces): readonly LeaseCell[] {
  return destination.lease ? [destination.lease, tracker.lease] : [tracker.lease];
}
