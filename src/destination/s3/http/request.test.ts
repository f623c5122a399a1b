import { expect, test } from 'vitest';
import { archive, codeOf, contentOf, openTestArchive, useTestCredentials, wholeOf } from '../../../../test/support/s3-archive.ts';
import { systemClock } from '../../../lib/clock.ts';
import type { S3FaultAction } from '../../../../test/s3-server/faults.ts';

useTestCredentials();

const file = contentOf('file.jpg', 3000);
const { key } = file.file.original;

test.each<S3FaultAction>([
  { kind: 'error', code: 'InternalError' },
  { kind: 'error', code: 'SlowDown', retryAfterSeconds: 1 },
  { kind: 'reset', before: 'reply' },
  { kind: 'stall', before: 'reply' },
])('a HEAD is repeated after %o', async (action) => {
  await using place = await openTestArchive({}, { stallMs: 300 });
  await place.s3.initialise('archive-1');
  await archive(place.s3, file);
  const before = place.store.requests.length;
  // `archive` sent the first two HEADs, so the third HEAD is the first of `stat`.
  place.store.faults.push({ match: { operation: 'HeadObject', attempt: 3 }, action });
  const beganMs = performance.now();
  expect(await place.s3.stat(key)).toEqual({ key, ...wholeOf(file), etag: expect.any(String) });
  expect(place.store.requests.length - before).toBe(2);
  if ('retryAfterSeconds' in action) expect(performance.now() - beganMs).toBeGreaterThan(990);
});

test.each<[S3FaultAction, code: string, looks: number]>([
  [{ kind: 'error', code: 'InternalError' }, 'STORE_FAILED', 3],
  [{ kind: 'reset', before: 'reply' }, 'STORE_FAILED', 3],
  // A refused HEAD is repeated once without the header that asks for the checksum.
  [{ kind: 'error', code: 'NotImplemented' }, 'STORE_REFUSED', 2],
  [{ kind: 'error', code: 'AccessDenied' }, 'STORE_REFUSED', 2],
])('a HEAD that meets %o ends as %s after %i attempts', async (action, code, looks) => {
  await using place = await openTestArchive({ faults: [{ match: { operation: 'HeadObject', keyPart: key }, action }] });
  await place.s3.initialise('archive-1');
  expect(await codeOf(place.s3.stat(key))).toBe(code);
  const heads = place.store.requests.filter((request) => request.operation === 'HeadObject' && request.key.endsWith(key));
  expect(heads).toHaveLength(looks);
});

test('a HEAD that is aborted ends before the store replies', async () => {
  await using place = await openTestArchive({
    faults: [{ match: { operation: 'HeadObject' }, action: { kind: 'stall', before: 'reply' } }],
  });
  const enough = new Error('enough');
  const stopping = new AbortController();
  const looking = place.s3.stat(key, { signal: stopping.signal });
  setTimeout(() => stopping.abort(enough), 50);
  await expect(looking).rejects.toBe(enough);
});

test('each pause of a HEAD is short, even if the store asks for an hour', async () => {
  const sleeps: number[] = [];
  const clock = { ...systemClock, sleep: async (forMs: number) => void sleeps.push(forMs) };
  const action = { kind: 'error', code: 'SlowDown', retryAfterSeconds: 3600 } as const;
  await using place = await openTestArchive(
    { faults: [{ match: { operation: 'HeadObject', keyPart: key }, action }] },
    { clock },
  );
  await place.s3.initialise('archive-1');
  expect(await codeOf(place.s3.stat(key))).toBe('STORE_FAILED');
  expect(sleeps).toHaveLength(2);
  expect(Math.max(...sleeps)).toBeLessThan(6_000);
});

test('a HEAD without a length is an error, and does not look like an empty file', async () => {
  const legacy: { omitsLengthOfHead?: boolean } = {};
  await using place = await openTestArchive({ legacy });
  await place.s3.initialise('archive-1');
  await archive(place.s3, file);
  legacy.omitsLengthOfHead = true;
  await expect(place.s3.stat(key)).rejects.toMatchObject({ code: 'STORE_FAILED', message: expect.stringContaining('length') });
});
