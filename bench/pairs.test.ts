import { expect, test } from 'vitest';
import { describePairs } from './pairs.ts';

const cost = (seconds: number, peakBytes: number) => ({
  userSeconds: seconds,
  systemSeconds: seconds,
  wallSeconds: 2 * seconds,
  peakBytes,
  memory: [],
});

test('pairs are described by the median of the ratios, later to earlier', () => {
  const pairs = [
    { earlier: cost(1, 100), later: cost(2, 100) },
    { earlier: cost(2, 100), later: cost(2, 150) },
    { earlier: cost(1, 100), later: cost(0.5, 110) },
  ];
  expect(describePairs(pairs)).toBe('CPU 1.000 ×, user CPU 1.000 ×, wall 1.000 ×, memory 1.100 ×, pairs 3');
});
