import { SyncError } from '../../errors.ts';
import type { Clock } from '../../lib/clock.ts';
import { backoffMs } from '../../lib/retry.ts';

/** The run gives up an original after this many attempts without a new byte. */
const maxAttempts = 5;

/**
 * The run also gives up an original after this many attempts with too little progress. Without this
 * limit a host that sends one byte per reply would keep a slot forever.
 */
const maxPoorAttempts = 50;
/** Attempts with at least this many new bytes in between are not poor. */
const richBytes = 64 * 1024;
/** A stall counts as this many poor attempts, because it keeps a slot for a long time. */
const stallWeight = 10;

/** Counts the attempts at one original. Parts that fail together for one reason count once. */
export interface AttemptBudget {
  /** Call it before an attempt. Keep the returned ticket for `waitAfterFailure`. */
  begin(): number;
  /**
   * Records that bytes of a part have arrived up to `offset`. A stream of the whole file is part 1.
   * Returns true if a byte is new. Only bytes that no earlier attempt reached reset the count.
   * Otherwise a file that cannot be stored would be tried forever.
   */
  reached(part: number, offset: number): boolean;
  /** Forgets which bytes have arrived, because a new copy begins. Call it only a few times. */
  forgetBytes(): void;
  /**
   * Waits before the next attempt, at least for the `retryAfterMs` of the error. `partFailures` is
   * how many times in a row this part has failed, even if other parts progressed. A higher number
   * lengthens the wait. Throws `error` itself if another attempt is useless. Throws
   * PATIENCE_EXHAUSTED, with `error` as its cause, after too many attempts with no or hardly a new
   * byte.
   */
  waitAfterFailure(ticket: number, error: SyncError, signal: AbortSignal, partFailures?: number): Promise<void>;
}

/** Calls `onWait` before each wait. */
export function createAttemptBudget(clock: Clock, onWait: (error: SyncError, delayMs: number) => void = () => {}): AttemptBudget {
  let failures = 0;
  let poorAttempts = 0;
  let newBytes = 0;
  let round = 0;
  const maxOffsets = new Map<number, number>();
  return {
    begin: () => round,
    reached: (part, offset) => {
      const before = maxOffsets.get(part) ?? 0;
      if (offset <= before) return false;
      maxOffsets.set(part, offset);
      failures = 0;
      newBytes += offset - before;
      if (newBytes >= richBytes) {
        poorAttempts = 0;
        newBytes = 0;
      }
      return true;
    },
    forgetBytes: () => maxOffsets.clear(),
    waitAfterFailure: async (ticket, error, signal, partFailures = 0) => {
      if (error.decision !== 'retry' && error.decision !== 'restart') throw error;
      if (ticket === round) {
        round += 1;
        failures += 1;
        poorAttempts += error.code === 'STALLED' ? stallWeight : 1;
      }
      if (failures >= maxAttempts) throw exhausted(`gave up after ${maxAttempts} attempts without a new byte`, error);
      if (poorAttempts >= maxPoorAttempts) throw exhausted('gave up after many attempts with hardly a new byte', error);
      const delayMs = Math.max(
        error.retryAfterMs ?? 0,
        error.code === 'URL_REFUSED' ? 0 : backoffMs(Math.max(failures, partFailures), { firstMs: 200, maxMs: 30_000 }),
      );
      onWait(error, delayMs);
      await clock.sleep(delayMs, signal);
    },
  };
}

function exhausted(message: string, cause: SyncError): SyncError {
  return new SyncError('PATIENCE_EXHAUSTED', `${message}: ${cause.message}`, { cause });
}
