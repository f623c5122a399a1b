import { SyncError } from '../../errors.ts';
import type { Clock } from '../../lib/clock.ts';
import { backoffMs } from '../../lib/retry.ts';

/**
 * After so many attempts without a new byte the run stops trying the original. Its URLs are renewed
 * 4 times.
 */
const maxAttempts = 5;

/** Counts the attempts at one original. Parts that fail together for one reason count once. */
export interface AttemptBudget {
  /** Call before an attempt. Pass the ticket back if the attempt fails. */
  begin(): number;
  /**
   * Records that bytes of a part have arrived up to `offset` (one stream of the whole file is part
   * 1). Returns true if a byte is new. Only bytes that no earlier attempt reached reset the count;
   * otherwise an unstorable file would retry forever.
   */
  reached(part: number, offset: number): boolean;
  /**
   * Waits before the next attempt, at least as long as the other side asked. `partFailures` is how
   * often in a row this part has failed, while other parts may have progressed; it lengthens the
   * wait. Throws the error itself when another attempt is useless, and PATIENCE_EXHAUSTED, with the
   * error as its cause, after too many attempts.
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
