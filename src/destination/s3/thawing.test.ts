import { expect, onTestFinished, test } from 'vitest';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { startS3Store } from '../../../test/s3-server/index.ts';
import { connect } from '../../../test/s3-server/support/client.ts';
import type { FrozenFile, Thawing } from '../thawing.ts';
import { startStoreFilter, type FilteredRequest } from '../../../test/support/store-filter.ts';
import { openTestS3, useTestCredentials } from '../../../test/support/s3-archive.ts';
import { thawTerms } from './prices.ts';

const hourMs = 3_600_000;
const bucket = 'cold';
const gb = 1024 ** 3;

useTestCredentials();

async function openCold() {
  const store = await startS3Store({ buckets: [bucket], thawMs: hourMs });
  const client = connect(store);
  const put = async (key: string, StorageClass: 'STANDARD' | 'GLACIER' | 'DEEP_ARCHIVE' | 'INTELLIGENT_TIERING') =>
    client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: 'x'.repeat(key.length), StorageClass }));
  const destination = openTestS3(store, { bucket, prefix: '' });
  onTestFinished(async () => {
    client.destroy();
    await destination.close();
    await store.close();
  });
  return { store, put, destination, thawing: destination.thawing! };
}

async function states(thawing: Thawing): Promise<Record<string, FrozenFile>> {
  const found = await Array.fromAsync(thawing.frozen(new AbortController().signal));
  return Object.fromEntries(found.map((file) => [file.key, file]));
}

test('objects in archive classes are shown with their state, and only those', async () => {
  const { store, put, destination, thawing } = await openCold();
  await put('warm', 'STANDARD');
  await put('tiered', 'INTELLIGENT_TIERING');
  await put('tiered-deep', 'INTELLIGENT_TIERING');
  store.changeClass(bucket, 'tiered-deep', 'INTELLIGENT_TIERING', 'DEEP_ARCHIVE_ACCESS');
  await put('glacier', 'GLACIER');
  await put('deep', 'DEEP_ARCHIVE');
  const frozen = await states(thawing);
  expect(frozen).toEqual({
    deep: { key: 'deep', sizeBytes: 4, storageClass: 'DEEP_ARCHIVE', state: 'frozen' },
    glacier: { key: 'glacier', sizeBytes: 7, storageClass: 'GLACIER', state: 'frozen' },
    'tiered-deep': { key: 'tiered-deep', sizeBytes: 11, storageClass: 'DEEP_ARCHIVE_ACCESS', state: 'frozen' },
  });
  const wish = { tier: 'standard', days: 3 } as const;
  for (const file of Object.values(frozen)) expect(await thawing.thaw(file, wish)).toBe('asked');
  for (const file of Object.values(frozen)) expect(await thawing.thaw(file, wish)).toBe('thawing');
  expect(Object.values(await states(thawing)).map(({ state }) => state)).toEqual(['thawing', 'thawing', 'thawing']);
  await expect(destination.stat('deep', { deep: true })).rejects.toMatchObject({ code: 'UNREADABLE' });
  expect((await destination.readingTerms!()).isReadable('deep')).toBe(false);
  store.advance(hourMs);
  const thawed = await states(thawing);
  // An object in Intelligent-Tiering has moved to a tier that can be read.
  expect(Object.values(thawed).map(({ key, state }) => [key, state])).toEqual([
    ['deep', 'thawed'],
    ['glacier', 'thawed'],
  ]);
  const daysLeft = (Date.parse(thawed['deep']!.readableUntil!) - Date.now()) / (24 * hourMs);
  expect(daysLeft).toBeGreaterThanOrEqual(3);
  expect(daysLeft).toBeLessThan(4.1);
  expect((await destination.readingTerms!()).isReadable('deep')).toBe(true);
  expect(await destination.stat('deep', { deep: true })).toMatchObject({ sizeBytes: 4 });
  expect(await thawing.thaw(frozen['deep']!, { tier: 'bulk', days: 30 })).toBe('thawed');
  store.advance(10 * 24 * hourMs);
  expect((await states(thawing))['deep']).toMatchObject({ state: 'thawed' });
  expect((await states(thawing))['glacier']).toMatchObject({ state: 'frozen' });
  store.remove(bucket, 'glacier');
  await expect(thawing.thaw(frozen['glacier']!, wish)).rejects.toMatchObject({ code: 'FILE_MISSING' });
});

const asksForThawed = ({ headers }: FilteredRequest) => headers['x-amz-optional-object-attributes'] !== undefined;

test('a store that refuses to be asked for thawed objects is listed without the question', async () => {
  const { store, put, destination, thawing } = await openCold();
  await put('deep', 'DEEP_ARCHIVE');
  await using filter = await startStoreFilter(store.endpoint, {
    answer: (request) =>
      asksForThawed(request) ? { status: 501, code: 'NotImplemented', message: 'no such header' } : undefined,
  });
  const strict = openTestS3(filter, { bucket, prefix: '' });
  onTestFinished(async () => strict.close());
  expect(Object.keys(await states(strict.thawing!))).toEqual(['deep']);
  expect((await strict.readingTerms!()).isReadable('deep')).toBe(false);
  expect(filter.refused).toHaveLength(1);
  expect(await thawing.thaw((await states(thawing))['deep']!, { tier: 'standard', days: 1 })).toBe('asked');
  store.advance(hourMs);
  expect((await states(strict.thawing!))['deep']).toMatchObject({ state: 'thawed' });
  expect(await destination.stat('deep', { deep: true })).toMatchObject({ sizeBytes: 4 });
});

test('an object that left its archive class in the meantime counts as thawed', async () => {
  const { store, put, thawing } = await openCold();
  await put('deep', 'DEEP_ARCHIVE');
  const [file] = Object.values(await states(thawing));
  store.changeClass(bucket, 'deep', 'STANDARD');
  expect(await thawing.thaw(file!, { tier: 'bulk', days: 1 })).toBe('thawed');
});

test('only the wanted files are looked at', async () => {
  const { store, put, thawing } = await openCold();
  for (const key of ['a', 'b', 'c']) await put(key, 'DEEP_ARCHIVE');
  const found = await Array.fromAsync(thawing.frozen(new AbortController().signal, new Set(['b'])));
  expect(found.map(({ key }) => key)).toEqual(['b']);
  expect(store.requests.filter(({ operation }) => operation === 'HeadObject').map(({ key }) => key)).toEqual(['b']);
});

test('a denied request names the permission, and the account is unusable if every object is denied', async () => {
  const { store, put, thawing } = await openCold();
  for (let number = 10; number < 20; number += 1) await put(`deep-${number}`, 'DEEP_ARCHIVE');
  store.faults.push({ match: { operation: 'RestoreObject' }, action: { kind: 'error', code: 'AccessDenied' } });
  const hint = expect.stringContaining('s3:RestoreObject');
  const files = Object.values(await states(thawing));
  for (const [index, file] of files.entries()) {
    const code = index < 9 ? 'STORE_REFUSED' : 'DESTINATION_UNUSABLE';
    await expect(thawing.thaw(file, { tier: 'bulk', days: 1 })).rejects.toMatchObject({ code, hint });
  }
});

test.each(['SignatureDoesNotMatch', 'RequestTimeTooSkewed'] as const)('the error %s is about no permission', async (code) => {
  const { store, put, thawing } = await openCold();
  await put('deep', 'DEEP_ARCHIVE');
  const [file] = Object.values(await states(thawing));
  store.faults.push({ match: { operation: 'RestoreObject' }, action: { kind: 'error', code } });
  const thawed = thawing.thaw(file!, { tier: 'bulk', days: 1 });
  await expect(thawed).rejects.toMatchObject({
    code: 'DESTINATION_UNUSABLE',
    hint: expect.not.stringContaining('s3:RestoreObject'),
  });
});

test('a store that cannot thaw refuses each object', async () => {
  const { store, put, thawing } = await openCold();
  await put('deep', 'DEEP_ARCHIVE');
  const [file] = Object.values(await states(thawing));
  store.faults.push({ match: { operation: 'RestoreObject' }, action: { kind: 'error', code: 'NotImplemented' } });
  await expect(thawing.thaw(file!, { tier: 'bulk', days: 1 })).rejects.toMatchObject({ code: 'STORE_REFUSED' });
});

/**
 * The hand calculation. 500 GB in one object, readable for 14 days: the copy in S3 Standard costs
 * 500 × 0.023 × 14 ÷ 30 = 5.3667 USD, and sending it costs 500 × 0.09 = 45 USD.
 */
test.each([
  ['GLACIER', 'standard', 0.00005 + 5 + 5.366667, 5],
  ['GLACIER', 'bulk', 5.366667, 12],
  ['DEEP_ARCHIVE', 'standard', 0.0001 + 10 + 5.366667, 12],
  ['DEEP_ARCHIVE', 'bulk', 0.000025 + 1.25 + 5.366667, 48],
  ['ARCHIVE_ACCESS', 'standard', 0, 5],
  ['DEEP_ARCHIVE_ACCESS', 'bulk', 0, 48],
] as const)('the price of thawing 500 GB from %s in the tier %s is the published one', (storageClass, tier, usd, hours) => {
  const terms = thawTerms(storageClass, 500 * gb, { tier, days: 14 });
  expect(terms?.usd).toBeCloseTo(usd, 4);
  expect(terms).toMatchObject({ sendingUsd: 45, hours });
});

test('no price is made up for a class that is not known', () => {
  expect(thawTerms('COLD_LIKE_NEVER', gb, { tier: 'bulk', days: 1 })).toBeUndefined();
});
