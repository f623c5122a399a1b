import { describe, expect, test } from 'vitest';
import { systemClock, type Clock } from '../../lib/clock.ts';
import { createPacer } from './pacer.ts';
import { hastyClock } from '../../../test/support/scripted-gopro-api.ts';

/** A virtual clock. When no other code can run, it jumps to the end of the shortest sleep. */
function virtualClock(): Clock {
  let nowMs = 0;
  const sleepers: { readonly untilMs: number; readonly wake: () => void }[] = [];
  const jump = () => {
    const next = sleepers.toSorted((a, b) => a.untilMs - b.untilMs)[0];
    if (!next) return;
    sleepers.splice(sleepers.indexOf(next), 1);
    nowMs = next.untilMs;
    next.wake();
  };
  return {
    now: () => nowMs,
    elapsed: () => nowMs,
    sleep: async (forMs) =>
      new Promise((resolve) => {
        sleepers.push({ untilMs: nowMs + forMs, wake: resolve });
        setImmediate(jump);
      }),
  };
}

describe('the pacer of requests', () => {
  test('a pacer spaces the starts of all callers evenly', async () => {
    const clock = virtualClock();
    const pacer = createPacer({ perSecond: 50, clock });
    const starts: number[] = [];
    const start = async () => {
      await pacer.turn();
      starts.push(clock.elapsed());
    };
    await Promise.all(Array.from({ length: 8 }, start));
    expect(starts).toEqual([0, 20, 40, 60, 80, 100, 120, 140]);
  });

  test('a pacer allows no burst after an idle time', async () => {
    const clock = hastyClock(0);
    const pacer = createPacer({ perSecond: 4, clock });
    await pacer.turn();
    await clock.sleep(10_000);
    const before = clock.elapsed();
    await pacer.turn();
    expect(clock.elapsed()).toBe(before);
    await pacer.turn();
    expect(clock.elapsed()).toBe(before + 250);
  });

  test('a pause delays all callers, and a shorter pause does not end a longer one', async () => {
    const clock = hastyClock(0);
    const pacer = createPacer({ perSecond: 4, clock });
    pacer.pause(5_000);
    pacer.pause(1_000);
    await pacer.turn();
    expect(clock.elapsed()).toBe(5_000);
  });

  test('a pause also delays callers that wait already', async () => {
    const pacer = createPacer({ perSecond: 20, clock: systemClock });
    await pacer.turn();
    const startedMs = performance.now();
    const waiting = pacer.turn();
    pacer.pause(200);
    await waiting;
    expect(performance.now() - startedMs).toBeGreaterThan(190);
  });

  test("an aborted wait ends immediately with the signal's reason and does not delay other callers", async () => {
    const pacer = createPacer({ perSecond: 0.001, clock: systemClock });
    await pacer.turn();
    const abort = new AbortController();
    const waiting = pacer.turn(abort.signal);
    abort.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    await expect(pacer.turn(abort.signal)).rejects.toThrow('enough');
  });
});
