import { SyncError } from '../../errors.ts';
import type { Clock } from '../../lib/clock.ts';
import { backoffMs } from '../../lib/retry.ts';

/** The run gives up an original after this many attempts without a new byte. */
const maxAttempts = 5;

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
  /**
   * Waits before the next attempt, at least for the `retryAfterMs` of the error. `partFailures` is
   * how many times in a row this part has failed, even if other parts progressed. A higher number
   * lengthens the wait. Throws `error` itself if another attempt is useless. Throws
   * PATIENCE_EXHAUSTED, with `error` as its cause, after too many attempts.
   */
  waitAfterFailure(ticket: number, error: SyncError, signal: AbortSignal, partFailures?: number): Promise<void>;
}

/** Calls `onWait` before each wait. */
export function createAttemptBudget(clock: Clock, onWait: (error: SyncError, delayMs: number) => void = () => {}): AttemptBudget {
  let failures = 0;
  let round = 0;
  const maxOffsets = new Map<number, number>();
  return {
    begin: () => round,
    reached: (part, offset) => {
      if (offset <= (maxOffsets.get(part) ?? 0)) return false;
      maxOffsets.set(part, offset);
      failures = 0;
      return true;
    },
    waitAfterFailure: async (ticket, error, signal, partFailures = 0) => {
      if (error.decision !== 'retry' && error.decision !== 'restart') throw error;
      if (ticket === round) {
        round += 1;
        failures += 1;
      }
      if (failures >= maxAttempts) {
        throw new SyncError('PATIENCE_EXHAUSTED', `gave up after ${maxAttempts} attempts without a new byte: ${error.message}`, {
          cause: error,
        });
      }
      const delayMs = Math.max(
        error.retryAfterMs ?? 0,
        error.code === 'URL_REFUSED' ? 0 : backoffMs(Math.max(failures, partFailures), { firstMs: 200, maxMs: 30_000 }),
      );
      onWait(error, delayMs);
      await clock.sleep(delayMs, signal);
    },
  };
}
