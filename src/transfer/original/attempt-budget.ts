import { SyncError } from '../../errors.ts';
import type { Clock } from '../../lib/clock.ts';
import { backoffMs } from '../../lib/retry.ts';

/** Attempts without a new byte until the run gives an original up. Its URLs are renewed 4 times. */
const maxAttempts = 5;

/** Counts the attempts at one original. Parts that fail together, for one reason, count once. */
export interface AttemptBudget {
  /** Call before an attempt; give the ticket back if it fails. */
  begin(): number;
  /**
   * Bytes of a part have arrived up to `offset` (for one stream of the whole file: part 1). True if
   * one of them is new. Only bytes that no earlier attempt reached reset the count; otherwise an
   * unstorable file would retry forever.
   */
  reached(part: number, offset: number): boolean;
  /**
   * Waits before the next attempt, at least as long as the other side asked. `partFailures`: how
   * often in a row this part failed, while others may have moved on; it slows the part down. Throws
   * the error itself when it is not worth another attempt, and PATIENCE_EXHAUSTED with the error as
   * its cause when there were enough.
   */
  waitAfterFailure(ticket: number, error: SyncError, signal: AbortSignal, partFailures?: number): Promise<void>;
}

/** `onWait` is called before each wait. */
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
