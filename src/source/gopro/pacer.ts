import type { Clock } from '../../lib/clock.ts';

/** Lets requests start one after the other, evenly spaced, over all who wait. */
export interface Pacer {
  /** Resolves when the next request may start. Rejects with the signal's reason. */
  turn(signal?: AbortSignal): Promise<void>;
  /** Nothing starts for so long from now; a longer pause that already runs stays. */
  pause(forMs: number): void;
}

const minSleepMs = 1;

/** A pacer without bursts: at most one start per 1/`perSecond` seconds. */
export function createPacer(options: { readonly perSecond: number; readonly clock: Clock }): Pacer {
  const { clock } = options;
  const intervalMs = 1000 / options.perSecond;
  let nextMs = Number.NEGATIVE_INFINITY;
  return {
    async turn(signal) {
      signal?.throwIfAborted();
      // Whoever wakes first takes the turn: nothing else can run between the last look at the clock
      // and the taking. A wait shorter than a timer can measure is added to the next turn instead.
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
