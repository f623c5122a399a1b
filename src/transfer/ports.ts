import type { Destination } from '../destination/destination.ts';
import type { Clock } from '../lib/clock.ts';
import type { Role } from '../media.ts';
import type { Report } from '../report/events.ts';
import type { Source } from '../source/source.ts';
import type { Tracker } from '../tracker/tracker.ts';
import type { Accounting } from './accounting.ts';
import type { MediaHosts } from './fetch.ts';
import type { Bandwidth, PartSlots } from './limits.ts';

/** All that a transfer works with. */
export interface TransferPorts {
  readonly source: Source;
  readonly destination: Destination;
  readonly tracker: Tracker;
  readonly hosts: MediaHosts;
  readonly slots: PartSlots;
  readonly bandwidth: Bandwidth;
  readonly accounting: Accounting;
  readonly clock: Clock;
  readonly report: Report;
  readonly roles: readonly Role[];
  readonly quarantineAfter: number;
  /** Whose leases the claims are. */
  readonly owner: string;
}
