import { expect, test } from 'vitest';
import { since, type SinkStats } from './servers.ts';

const before: SinkStats = {
  requests: 3,
  operations: { 'PUT object': 2, 'GET bucket': 1 },
  bodyBytes: 100,
  withCrc32: 2,
  withMd5: 0,
  withOther: 0,
  withNothing: 0,
  connections: 1,
  wireSent: 500,
  wireReceived: 600,
};

test('the earlier counts are subtracted from the later counts, also in nested groups', () => {
  const operations = { 'PUT object': 5, 'GET bucket': 1, 'PUT part': 7 };
  const after = { ...before, requests: 13, operations, bodyBytes: 1_100, wireReceived: 2_000 };
  expect(since(before, after)).toEqual({
    requests: 10,
    operations: { 'PUT object': 3, 'GET bucket': 0, 'PUT part': 7 },
    bodyBytes: 1_000,
    withCrc32: 0,
    withMd5: 0,
    withOther: 0,
    withNothing: 0,
    connections: 0,
    wireSent: 0,
    wireReceived: 1_400,
  });
});
