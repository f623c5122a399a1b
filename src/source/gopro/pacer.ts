import type { Clock } from '../../lib/clock.ts';

/** Spaces requests evenly, over all callers that wait. */
export interface Pacer {
  /** Resolves when the next request may start. Rejects with the signal's reason. */
  turn(signal?: AbortSignal): Promise<void>;
  /** Starts nothing for this time from now. A longer running pause stays. */
  pause(forMs: number): void;
}

const minSleepMs = 1;

/** A pacer without bursts: at most one start in 1/`perSecond` seconds. */
export function createPacer(options: { readonly perSecond: number; readonly clock: Clock }): Pacer {
  const { clock } = options;
  const intervalMs = 1000 / options.perSecond;
  let nextMs = Number.NEGATIVE_INFINITY;
  return {
    async turn(signal) {
      signal?.throwIfAborted();
      // The first caller that wakes takes the turn: no other code runs between reading the clock
      // and taking it. A wait too short for a timer is added to the next turn.
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
