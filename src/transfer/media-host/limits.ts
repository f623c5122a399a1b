import PQueue from 'p-queue';
import { SyncError } from '../../errors.ts';
import type { Clock } from '../../lib/clock.ts';

/** What limits a transfer on purpose: parts in flight, bytes per second, hosts that ask to wait. */

/** From `minuteOfDay` (local time) on, so many bytes per second; null: no limit. */
export interface BandwidthStep {
  readonly minuteOfDay: number;
  readonly bytesPerSecond: number | null;
}

const units: Readonly<Record<string, number>> = { '': 1, B: 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3 };

/**
 * `20M` (bytes per second, K/M/G are powers of 1024), `off`, or a timetable `08:00,1M 23:00,off`.
 * Steps are sorted; before the first of a day the last one holds. Throws USAGE naming what it could
 * not read.
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

/** Pays for bytes that arrived: undefined when the rate allows them, else a promise to wait for. */
export type Throttle = (bytes: number) => Promise<void> | undefined;

/**
 * Shares one rate over all connections. The next chunk is taken only when the debt is paid, so no
 * window of a second exceeds the rate by more than a chunk per connection.
 */
export function createThrottle(steps: readonly BandwidthStep[], clock: Clock, signal: AbortSignal): Throttle {
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

/** The pieces of a chunk at a limited rate: a store may give up a connection that brings little. */
const pieceBytes = 64 * 1024;

/** Writes a chunk as fast as the rate allows; in one piece as long as it does. */
export function writeThrottled(
  chunk: Uint8Array,
  write: (piece: Uint8Array) => Promise<void> | undefined,
  throttle: Throttle,
): Promise<void> | undefined {
  let pause: Promise<void> | undefined;
  let end = 0;
  while (end < chunk.length && !pause) {
    const next = Math.min(end + pieceBytes, chunk.length);
    pause = throttle(next - end);
    end = next;
  }
  const written = write(end < chunk.length ? chunk.subarray(0, end) : chunk);
  if (!pause) return written;
  return Promise.all([written, pause]).then(() =>
    end < chunk.length ? writeThrottled(chunk.subarray(end), write, throttle) : undefined,
  );
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

/** Places for parts in flight, over all files. Earlier files go first, so they get finished. */
export interface PartSlots {
  /**
   * Waits for a place and holds it while the task runs. Rejects as the task does, or with the
   * signal's reason if it is aborted before the task begins.
   */
  run<Result>(order: number, task: () => Promise<Result>, signal: AbortSignal): Promise<Result>;
}

export function createPartSlots(concurrency: number): PartSlots {
  const queue = new PQueue({ concurrency });
  return {
    // The queue does not get the signal: it would give away the place of a task that still ends.
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
