import { expect, test } from 'vitest';
import { leaseRecord } from '../../../../test/support/builders.ts';
import { openTestArchive, openTestS3, putForeign, useTestCredentials } from '../../../../test/support/s3-archive.ts';
import type { S3Fault, S3Legacy } from '../../../../test/s3-server/faults.ts';

useTestCredentials();

const key = 'a/b/.cloud-sync/lease';

function lostReply(attempt: number): S3Fault {
  return { match: { operation: 'PutObject', keyPart: '.cloud-sync/lease', attempt }, action: { kind: 'replyLost' } };
}

test('a write whose reply was lost counts as successful if the stored record has the new token', async () => {
  await using place = await openTestArchive({ faults: [lostReply(1), lostReply(3)] });
  const lease = place.s3.lease!;
  const record = leaseRecord();
  expect(await lease.replace(undefined, record)).toBe(true);
  const next = leaseRecord({ fence: 2 });
  expect(await lease.replace(record, next)).toBe(true);
  expect((await lease.read()).record).toEqual(next);
  expect(place.store.requests.filter((request) => request.key === key && request.status === 412)).toHaveLength(2);
});

test('a write fails if the store fails, and the record stays', async () => {
  await using place = await openTestArchive();
  const lease = place.s3.lease!;
  const record = leaseRecord();
  await lease.replace(undefined, record);
  place.store.faults.push({
    match: { operation: 'PutObject', keyPart: '.cloud-sync/lease' },
    action: { kind: 'error', code: 'InternalError' },
  });
  await expect(lease.replace(record, { ...record, released: true })).rejects.toMatchObject({ code: 'STORE_FAILED' });
  expect((await lease.read()).record).toEqual(record);
});

test('a holder reads the record once, and then renews and releases it with one request each', async () => {
  await using place = await openTestArchive();
  const lease = place.s3.lease!;
  const record = leaseRecord();
  const renewed = { ...record, renewals: 1 };
  await lease.read();
  expect(await lease.replace(undefined, record)).toBe(true);
  expect(await lease.replace(record, renewed)).toBe(true);
  expect(await lease.replace(renewed, { ...renewed, released: true })).toBe(true);
  const operations = place.store.requests.filter((request) => request.key === key).map(({ operation }) => operation);
  expect(operations).toEqual(['GetObject', 'PutObject', 'PutObject', 'PutObject']);
});

test('a holder renews its record even if the record got another entity tag', async () => {
  await using place = await openTestArchive({ discard: true });
  const lease = place.s3.lease!;
  const record = leaseRecord();
  await lease.replace(undefined, record);
  const etag = () => place.store.objects().find((object) => object.key === key)?.etag;
  const before = etag();
  await putForeign(place.store, key, place.store.content('archive', key).toString());
  expect(etag()).not.toBe(before);
  expect(await lease.replace(record, { ...record, renewals: 1 })).toBe(true);
});

test('reading the lease returns the time of the store, with or without a record', async () => {
  const aheadMs = 3 * 3600_000;
  await using place = await openTestArchive({ clockSkewMs: aheadMs });
  // The SDK learns the store's time from the replies to its requests. A run calls `identify` first.
  await place.s3.identify();
  const lease = place.s3.lease!;
  for (let round = 0; round < 2; round += 1) {
    const { storeTimeMs } = await lease.read();
    expect(Math.abs((storeTimeMs ?? 0) - aheadMs - Date.now())).toBeLessThan(10_000);
    await lease.replace(undefined, leaseRecord());
  }
});

test.each<S3Legacy>([{ ignoresIfNoneMatch: true }, { rejectsIfNoneMatch: true }, { ignoresIfMatch: true }])(
  'a store without conditional writes gets no lease object, and one warning says so (%o)',
  async (legacy) => {
    await using place = await openTestArchive({ legacy });
    const lease = place.s3.lease!;
    const record = leaseRecord();
    expect(await lease.replace(undefined, record)).toBe(true);
    expect(await lease.replace(undefined, leaseRecord())).toBe(false);
    expect(await lease.replace(record, { ...record, renewals: 1 })).toBe(true);
    expect((await lease.read()).record).toEqual({ ...record, renewals: 1 });
    expect(place.store.objects().map((object) => object.key)).not.toContain(key);
    expect(place.warnings).toEqual([expect.stringContaining('no lease')]);
    const other = openTestS3(place.store);
    expect((await other.lease?.read())?.record).toBeUndefined();
    await other.close();
  },
);
