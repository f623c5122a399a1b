import { describe, expect, test } from 'vitest';
import { systemClock } from '../../lib/clock.ts';
import { createPacer } from './pacer.ts';
import { hastyClock } from '../../../test/support/scripted-gopro-api.ts';

describe('a pacer', () => {
  test('a pacer spaces starts evenly over all callers', async () => {
    const pacer = createPacer({ perSecond: 50, clock: systemClock });
    const starts = await Promise.all(
      Array.from({ length: 8 }, async () => {
        await pacer.turn();
        return performance.now();
      }),
    );
    starts.sort((a, b) => a - b);
    const gaps = starts.slice(1).map((start, index) => start - starts[index]!);
    expect(Math.min(...gaps)).toBeGreaterThan(15);
  });

  test('a pacer allows no burst after a rest', async () => {
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

  test('a pause also delays callers that already wait', async () => {
    const pacer = createPacer({ perSecond: 20, clock: systemClock });
    await pacer.turn();
    const startedMs = performance.now();
    const waiting = pacer.turn();
    pacer.pause(200);
    await waiting;
    expect(performance.now() - startedMs).toBeGreaterThan(190);
  });

  test('an aborted wait ends at once with the reason and does not delay other callers', async () => {
    const pacer = createPacer({ perSecond: 0.001, clock: systemClock });
    await pacer.turn();
    const abort = new AbortController();
    const waiting = pacer.turn(abort.signal);
    abort.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    await expect(pacer.turn(abort.signal)).rejects.toThrow('enough');
  });
});
