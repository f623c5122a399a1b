import { SyncError } from '../errors.ts';
import type { Clock } from '../lib/clock.ts';
import { backoffMs } from '../lib/retry.ts';

/** Attempts of one original without a new byte, after which the run gives it up. Renewed URLs are attempts, so there are at most 4. */
const mostAttempts = 5;

/** Counts the attempts of one original. Parts that fail together, for one reason, count once. */
export interface Patience {
  /** Call before an attempt; give the ticket back if it fails. */
  begin(): number;
  /** A byte arrived that this original never had before. */
  newByte(): void;
  /** The same for one stream from byte 0, which may repeat what an earlier attempt had. */
  reached(offset: number): void;
  /**
   * Waits before the next attempt, at least as long as the other side asked. Throws the error itself when it is not worth another
   * attempt, and PATIENCE_EXHAUSTED with the error as its cause when there were enough.
   */
  failed(ticket: number, error: SyncError, onWait: (delayMs: number) => void, signal: AbortSignal): Promise<void>;
}

export function createPatience(clock: Clock): Patience {
  let failures = 0;
  let round = 0;
  let mostBytes = 0;
  return {
    begin: () => round,
    newByte: () => void (failures = 0),
    reached: (offset) => {
      if (offset <= mostBytes) return;
      mostBytes = offset;
      failures = 0;
    },
    failed: async (ticket, error, onWait, signal) => {
      if (error.decision === 'stop' || error.decision === 'fail') throw error;
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
        error.code === 'URL_REFUSED' ? 0 : backoffMs(failures, { firstMs: 200, maxMs: 30_000 }),
      );
      onWait(delayMs);
      await clock.sleep(delayMs, signal);
    },
  };
}
