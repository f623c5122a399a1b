import { expect, test } from 'vitest';
import { faultNames } from '../../src/sim/gopro/faults/catalogue.ts';
import { pairings, pairingsOf, sizeClasses } from './support/pairs.ts';
import { serverNames } from './support/servers.ts';

test('every pair of fault, server and size occurs', () => {
  for (const name of faultNames) {
    for (const server of serverNames) expect(pairings.some((pair) => pair.fault === name && pair.server === server)).toBe(true);
    for (const size of sizeClasses) expect(pairings.some((pair) => pair.fault === name && pair.size === size)).toBe(true);
  }
  for (const server of serverNames) {
    for (const size of sizeClasses) expect(pairings.some((pair) => pair.server === server && pair.size === size)).toBe(true);
  }
});

test('one of the suites runs every pairing', () => {
  const run = serverNames.flatMap((server) => [
    ...pairingsOf(server, 'media', 'survive'),
    ...pairingsOf(server, 'media', 'report'),
    ...pairingsOf(server, 'media', 'cannot-tell'),
    ...pairingsOf(server, 'runs', 'survive'),
    ...pairingsOf(server, 'runs', 'report'),
  ]);
  expect(new Set(run)).toEqual(new Set(pairings));
});
