import PQueue from 'p-queue';
import { SyncError } from '../../errors.ts';
import type { Clock } from '../../lib/clock.ts';

/**
 * The limits that a transfer sets itself: parts at once, bytes per second, and pauses for hosts
 * that ask to wait.
 */

/**
 * A step of a timetable. From `minuteOfDay` on (local time) the limit is `bytesPerSecond`. Null
 * means no limit.
 */
export interface BandwidthStep {
  readonly minuteOfDay: number;
  readonly bytesPerSecond: number | null;
}

const units: Readonly<Record<string, number>> = { '': 1, B: 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3 };

/**
 * Parses `20M` (bytes per second; K/M/G are powers of 1024), `off`, or a timetable such as
 * `08:00,1M 23:00,off`. Sorts the steps. The last step also applies from midnight to the first
 * step. Throws USAGE with the unreadable text.
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

/** The step that applies at `now`. */
export function stepAt(steps: readonly BandwidthStep[], now: Date): BandwidthStep | undefined {
  const minute = now.getHours() * 60 + now.getMinutes();
  return steps.findLast((step) => step.minuteOfDay <= minute) ?? steps.at(-1);
}

/**
 * Counts bytes that arrived. Returns undefined if more bytes may come now, otherwise a promise to
 * wait for.
 */
export type Throttle = (bytes: number) => Promise<void> | undefined;

/**
 * Shares one rate among all connections. Each connection waits after a chunk until the rate allows
 * more. So in any second each connection exceeds the rate by one chunk at most.
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

/**
 * When the rate is limited, a chunk is written in pieces of this size. Between two larger pieces
 * the connection would be silent for longer, and the store might close it.
 */
const pieceBytes = 64 * 1024;

/** Writes a chunk as fast as the rate allows. Without a limit it writes the chunk in one piece. */
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

/** Remembers hosts that asked to wait. Requests to such a host wait, whichever file they fetch. */
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

/** Slots for parts, shared by all files. Earlier files go first, so that they finish first. */
export interface PartSlots {
  /**
   * Waits for a slot, runs the task, and frees the slot when the task has ended. Rejects with the
   * task's error, or with the signal's reason if the signal is aborted before the task begins.
   */
  run<Result>(order: number, task: () => Promise<Result>, signal: AbortSignal): Promise<Result>;
}

export function createPartSlots(concurrency: number): PartSlots {
  const queue = new PQueue({ concurrency });
  return {
    // The queue does not get the signal. Otherwise the queue would free the slot of an aborted task
    // before that task has ended.
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
