import { expect, test } from 'vitest';
import { faultNames } from '../../src/sim/gopro/faults/catalogue.ts';
import { pairings, pairingsOf, sizeClasses } from './support/pairs.ts';
import { serverNames } from './support/servers.ts';

test('every fault is tested with every server and every size, and every server with every size', () => {
  for (const name of faultNames) {
    for (const server of serverNames) expect(pairings.some((pair) => pair.fault === name && pair.server === server)).toBe(true);
    for (const size of sizeClasses) expect(pairings.some((pair) => pair.fault === name && pair.size === size)).toBe(true);
  }
  for (const server of serverNames) {
    for (const size of sizeClasses) expect(pairings.some((pair) => pair.server === server && pair.size === size)).toBe(true);
  }
});

test('every pairing of fault, server and size is run by one of the suites', () => {
  const run = serverNames.flatMap((server) => [
    ...pairingsOf(server, 'media', 'survive'),
    ...pairingsOf(server, 'media', 'report'),
    ...pairingsOf(server, 'media', 'cannot-tell'),
    ...pairingsOf(server, 'runs', 'survive'),
    ...pairingsOf(server, 'runs', 'report'),
  ]);
  expect(new Set(run)).toEqual(new Set(pairings));
});
