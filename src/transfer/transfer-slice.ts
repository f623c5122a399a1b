import type { Destination, StoredFile } from '../destination/destination.ts';
import { asSyncError, type SyncError } from '../errors.ts';
import type { Clock } from '../lib/clock.ts';
import type { HttpClient } from '../lib/http/index.ts';
import type { Role } from '../media.ts';
import type { Plan } from '../plan/plan.ts';
import type { Report } from '../events.ts';
import type { Source } from '../source/source.ts';
import type { Tracker } from '../tracker/tracker.ts';
import { createAccounting, type Accounting } from './accounting.ts';
import { createMediaHosts } from './fetch.ts';
import { createBandwidth, createHostGate, createPartSlots, type BandwidthStep } from './limits.ts';
import type { Slice } from './slice.ts';
import { transfer } from './transfer.ts';

export interface SlicePorts {
  readonly source: Source;
  readonly destination: Destination;
  readonly tracker: Tracker;
  /** For media hosts; never carries credentials. */
  readonly http: HttpClient;
  readonly clock: Clock;
  readonly report: Report;
}

export interface SliceSettings {
  /** Whose leases the claims are, and how long they hold unless renewed, in ms. */
  readonly owner: string;
  readonly leaseMs: number;
  /** ISO 8601. */
  readonly runStartedAt: string;
  /** Always includes `source` and `raw`. */
  readonly roles: readonly Role[];
  /** Parts in flight, over all files. */
  readonly concurrency: number;
  readonly bandwidth: readonly BandwidthStep[];
  readonly quarantineAfter: number;
  readonly stallMs: number;
  /** Signed URLs may be plain http, because the provider's address was overridden. */
  readonly plainHttp: boolean;
  /** Brought to its end before the transfer began; counted with it. */
  readonly recovered: readonly StoredFile[];
  readonly slice: Slice;
  readonly signal: AbortSignal;
}

export interface SliceEnd {
  readonly moved: ReturnType<Accounting['totals']>;
  /** What stopped all of it. */
  readonly error: SyncError | undefined;
}

const progressEveryMs = 200;

/** Transfers as much of a plan as the slice has time for, and says what it moved, also when it was stopped. Never throws. */
export async function transferSlice(work: Plan, ports: SlicePorts, settings: SliceSettings): Promise<SliceEnd> {
  const { clock, report, http } = ports;
  const { concurrency, stallMs, plainHttp, signal } = settings;
  const accounting = createAccounting(clock, { media: work.items.length, sizeHintBytes: work.sizeHintBytes });
  for (const { key, sizeBytes } of settings.recovered) accounting.fileEnded(key, sizeBytes);
  const onPause = (host: string, forMs: number) => {
    settings.slice.toldToWait();
    report({ type: 'host.paused', host, forMs });
  };
  const hosts = createMediaHosts({ http, gate: createHostGate(clock), clock, accounting, onPause, stallMs, plainHttp });
  const slots = createPartSlots(concurrency);
  const bandwidth = createBandwidth(settings.bandwidth, clock, signal);
  const ticking = setInterval(() => report(accounting.progress()), progressEveryMs);
  try {
    await transfer(work.items, { ...ports, ...settings, hosts, slots, bandwidth, accounting }, { concurrency, signal });
    return { moved: accounting.totals(), error: undefined };
  } catch (thrown) {
    return { moved: accounting.totals(), error: asSyncError(thrown) };
  } finally {
    clearInterval(ticking);
  }
}
