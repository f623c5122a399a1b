import type { Clock } from '../../lib/clock.ts';

/** Spaces the requests of all callers evenly. */
export interface Pacer {
  /** Resolves when the caller may start its next request. Rejects with the signal's reason. */
  turn(signal?: AbortSignal): Promise<void>;
  /** Delays all new requests for `forMs` from now. It does not shorten a longer pause. */
  pause(forMs: number): void;
}

const minSleepMs = 1;

/** A pacer that allows at most one start in 1/`perSecond` seconds, also after an idle time. */
export function createPacer(options: { readonly perSecond: number; readonly clock: Clock }): Pacer {
  const { clock } = options;
  const intervalMs = 1000 / options.perSecond;
  let nextMs = Number.NEGATIVE_INFINITY;
  return {
    async turn(signal) {
      signal?.throwIfAborted();
      // Of the callers that wake together, the first takes the turn, and the others wait again. A
      // wait that is too short for a timer is skipped, and the next turn waits longer instead.
      let waitMs = nextMs - clock.elapsed();
      while (waitMs >= minSleepMs) {
        await clock.sleep(waitMs, signal);
        waitMs = nextMs - clock.elapsed();
      }
      nextMs = Math.max(nextMs, clock.elapsed()) + intervalMs;
    },
    pause(forMs) {
      nextMs = Math.max(nextMs, clock.elapsed() + forMs);
    },
  };
}
