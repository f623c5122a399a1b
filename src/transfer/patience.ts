import { SyncError } from '../errors.ts';
import type { Clock } from '../lib/clock.ts';
import { backoffMs } from '../lib/retry.ts';

/** Attempts of one original without a new byte, after which the run gives it up. Renewed URLs are attempts, so there are at most 4. */
const mostAttempts = 5;

/** Counts the attempts of one original. Parts that fail together, for one reason, count once. */
export interface Patience {
  /** Call before an attempt; give the ticket back if it fails. */
  begin(): number;
  /**
   * Bytes up to `offset` of a part (0: of one stream for the whole file) have arrived. True if one of them is new: what an earlier attempt had,
   * also one before a fresh start, does not count, or a file that can never be stored would be fetched for ever.
   */
  reached(offset: number, part?: number): boolean;
  /**
   * Waits before the next attempt, at least as long as the other side asked. Throws the error itself when it is not worth another
   * attempt, and PATIENCE_EXHAUSTED with the error as its cause when there were enough. `partFailures`: how often in a row this part failed,
   * while others may have moved on; it slows the part down.
   */
  failed(
    ticket: number,
    error: SyncError,
    onWait: (delayMs: number) => void,
    signal: AbortSignal,
    partFailures?: number,
  ): Promise<void>;
}

export function createPatience(clock: Clock): Patience {
  let failures = 0;
  let round = 0;
  const mostBytes = new Map<number, number>();
  return {
    begin: () => round,
    reached: (offset, part = 0) => {
      if (offset <= (mostBytes.get(part) ?? 0)) return false;
      mostBytes.set(part, offset);
      failures = 0;
      return true;
    },
    failed: async (ticket, error, onWait, signal, partFailures = 0) => {
      if (error.decision !== 'retry' && error.decision !== 'restart') throw error;
      if (ticket === round) {
        round += 1;
        failures += 1;
      }
      if (failures >= mostAttempts) {
        throw new SyncError('PATIENCE_EXHAUSTED', `gave up after ${mostAttempts} attempts without a new byte: ${error.message}`, {
          cause: error,
        });
      }
      const delayMs = Math.max(
        error.retryAfterMs ?? 0,
        error.code === 'URL_REFUSED' ? 0 : backoffMs(Math.max(failures, partFailures), { firstMs: 200, maxMs: 30_000 }),
      );
      onWait(delayMs);
      await clock.sleep(delayMs, signal);
    },
  };
}
