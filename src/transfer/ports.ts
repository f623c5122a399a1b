import type { Destination } from '../destination/destination.ts';
import type { Clock } from '../lib/clock.ts';
import type { Role } from '../media.ts';
import type { Report } from '../events.ts';
import type { Source } from '../source/source.ts';
import type { Tracker } from '../tracker/tracker.ts';
import type { Accounting } from './accounting.ts';
import type { MediaHosts } from './fetch.ts';
import type { Bandwidth, PartSlots } from './limits.ts';
import type { Slice } from './slice.ts';

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
  /** How long a claim holds unless it is renewed, in ms. */
  readonly leaseMs: number;
  readonly slice: Slice;
  /** What failed since then failed in this run, and is not tried again by it. ISO 8601. */
  readonly runStartedAt: string;
}
