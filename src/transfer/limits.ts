import PQueue from 'p-queue';
import { SyncError } from '../errors.ts';
import type { Clock } from '../lib/clock.ts';

/** What holds the transfer back on purpose: parts in flight, bytes per second, hosts that asked to wait. */

/** From `minuteOfDay` (local time) on, so many bytes per second; null: no limit. */
export interface BandwidthStep {
  readonly minuteOfDay: number;
  readonly bytesPerSecond: number | null;
}

const units: Readonly<Record<string, number>> = { '': 1, B: 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3 };

/**
 * `20M` (bytes per second, K/M/G are powers of 1024), `off`, or a timetable `08:00,1M 23:00,off`. Steps are sorted; before the
 * first of a day the last one holds. Throws USAGE naming what it could not read.
 */
export function parseBandwidth(text: string): readonly BandwidthStep[] {
  const entries = text.trim().split(/\s+/);
  const timetable = text.includes(':');
  const steps = entries.map((entry) => {
    const [time, rate] = timetable ? entry.split(',') : ['00:00', entry];
    const clock = /^([01]?\d|2[0-3]):([0-5]\d)$/.exec(time ?? '');
    if (!clock || rate === undefined) throw badBandwidth(entry);
    return { minuteOfDay: Number(clock[1]) * 60 + Number(clock[2]), bytesPerSecond: parseRate(rate, entry) };
  });
  if (!timetable && entries.length > 1) throw badBandwidth(text);
  return steps.toSorted((a, b) => a.minuteOfDay - b.minuteOfDay);
}

function parseRate(rate: string, entry: string): number | null {
  if (/^off$/i.test(rate)) return null;
  const match = /^(\d+(?:\.\d+)?)([BKMG]?)$/i.exec(rate);
  const bytesPerSecond = match ? Number(match[1]) * (units[(match[2] ?? '').toUpperCase()] ?? 1) : 0;
  if (bytesPerSecond < 1) throw badBandwidth(entry);
  return bytesPerSecond;
}

function badBandwidth(text: string): SyncError {
  return new SyncError('USAGE', `--bwlimit: cannot read "${text}"`, {
    hint: 'Give bytes per second such as 20M or 500K, or a timetable such as "08:00,1M 23:00,off".',
  });
}

/** The step that holds at a time. */
export function stepAt(steps: readonly BandwidthStep[], now: Date): BandwidthStep | undefined {
  const minute = now.getHours() * 60 + now.getMinutes();
  return steps.findLast((step) => step.minuteOfDay <= minute) ?? steps.at(-1);
}

/** Asks for `bytes` that have just arrived; undefined when the rate allows them, else a promise to wait for. */
export type Bandwidth = (bytes: number) => Promise<void> | undefined;

/** Shares one rate over all connections: debt is paid off before the next chunk is taken, so no window of a second exceeds it by more than a chunk per connection. */
export function createBandwidth(steps: readonly BandwidthStep[], clock: Clock, signal: AbortSignal): Bandwidth {
  if (steps.every((step) => step.bytesPerSecond === null)) return () => undefined;
  let paidUntilMs = 0;
  return (bytes) => {
    const nowMs = clock.elapsed();
    const rate = stepAt(steps, new Date(clock.now()))?.bytesPerSecond ?? null;
    if (rate === null) return undefined;
    paidUntilMs = Math.max(paidUntilMs, nowMs) + (bytes / rate) * 1000;
    const waitMs = paidUntilMs - nowMs;
    return waitMs < 5 ? undefined : clock.sleep(waitMs, signal);
  };
}

/** Hosts that asked to wait: everybody's next request to them waits. */
export interface HostGate {
  pause(host: string, forMs: number): void;
  pass(host: string, signal: AbortSignal): Promise<void>;
}

export function createHostGate(clock: Clock): HostGate {
  const openAtMs = new Map<string, number>();
  return {
    pause: (host, forMs) => void openAtMs.set(host, Math.max(openAtMs.get(host) ?? 0, clock.elapsed() + forMs)),
    pass: async (host, signal) => {
      for (let waitMs = 1; waitMs > 0;) {
        waitMs = (openAtMs.get(host) ?? 0) - clock.elapsed();
        if (waitMs > 0) await clock.sleep(waitMs, signal);
      }
    },
  };
}

/** The places for parts in flight, over all files. Earlier files go first, so that files get finished. */
export interface PartSlots {
  /** Waits for a place and holds it while the task runs. Rejects as the task, or with the signal's reason when it is aborted before the task began. */
  run<Result>(order: number, task: () => Promise<Result>, signal: AbortSignal): Promise<Result>;
}

export function createPartSlots(concurrency: number): PartSlots {
  const queue = new PQueue({ concurrency });
  return {
    // The queue is not given the signal: it would give the place of a task away that is still ending.
    run: async (order, task, signal) => {
      signal.throwIfAborted();
      const inTurn = async () => {
        signal.throwIfAborted();
        return task();
      };
      return queue.add(inTurn, { priority: -order });
    },
  };
}
