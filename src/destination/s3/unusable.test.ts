import { describe, expect, test } from 'vitest';
import {
  archive,
  bucketName,
  contentOf,
  MiB,
  openTestArchive,
  openTestS3,
  useTestCredentials,
  type TestArchive,
} from '../../../test/support/s3-archive.ts';
import type { S3StoreOptions } from '../../../test/s3-server/index.ts';
import type { S3Options } from './index.ts';

useTestCredentials();

const troubles: readonly [name: string, store: S3StoreOptions, options: Partial<S3Options>, hint: RegExp][] = [
  ['denied access', { deniedBuckets: [bucketName] }, {}, /s3:PutObject.*kms:Decrypt/],
  ['a missing bucket', { buckets: [] }, {}, /Create the bucket/],
  ['a bucket in another region', { region: 'eu-central-1' }, { region: 'us-east-1' }, /--s3-region to eu-central-1/],
  [
    'a redirect to another region',
    { region: 'eu-central-1', regionMismatch: 'redirect' },
    { region: 'us-east-1' },
    /--s3-region to eu-central-1/,
  ],
  ['an unknown access key', { credentials: { accessKeyId: 'OTHER', secretAccessKey: 'x' } }, {}, /credentials/],
  ['a wrong secret', { credentials: { accessKeyId: 'TESTKEY', secretAccessKey: 'other' } }, {}, /credentials/],
];

describe('errors of stores that cannot be used', () => {
  for (const [name, store, options, hint] of troubles) {
    test(`the error for ${name} says what to do`, async () => {
      await using place = await openTestArchive(store, options);
      for (const action of actions(place)) {
        await expect(action()).rejects.toMatchObject({ code: 'DESTINATION_UNUSABLE', hint: expect.stringMatching(hint) });
      }
    });
  }

  test('the error for an unreachable store names the endpoint', async () => {
    const s3 = openTestS3({ endpoint: 'http://127.0.0.1:1' });
    await expect(s3.identify()).rejects.toMatchObject({ code: 'DESTINATION_UNUSABLE', hint: expect.stringMatching(/endpoint/) });
    await s3.close();
  });

  test('the error for an expired token names the token, even if the refusal has no text', async () => {
    await using place = await openTestArchive({
      faults: [
        { match: { operation: 'GetObject' }, action: { kind: 'error', code: 'ExpiredToken' } },
        { match: { operation: 'HeadObject' }, action: { kind: 'error', code: 'ExpiredToken' } },
      ],
    });
    for (const action of actions(place))
      await expect(action()).rejects.toMatchObject({ code: 'DESTINATION_UNUSABLE', hint: expect.stringMatching(/credentials/) });
  });
});

function actions({ s3 }: TestArchive): (() => Promise<unknown>)[] {
  return [() => s3.identify(), () => s3.initialise('x'), () => archive(s3, contentOf('a.mp4', 10))];
}

test("requests succeed although this machine's clock and the store's clock differ by hours", async () => {
  await using place = await openTestArchive({ clockSkewMs: 3 * 3600_000 });
  await place.s3.initialise('archive-1');
  await archive(place.s3, contentOf('a.mp4', 6 * MiB));
  expect(await place.s3.identify()).toBe('archive-1');
});

test('the error for a clock that cannot be adjusted names the clock', async () => {
  const fault = { match: { operation: 'GetObject' }, action: { kind: 'error', code: 'RequestTimeTooSkewed' } } as const;
  await using place = await openTestArchive(
    { faults: [fault] },
    { clock: { now: () => Date.now() + 3600_000, elapsed: () => performance.now(), sleep: async () => {} } },
  );
  const hint = expect.stringMatching(/clock, which is 60 minutes ahead/);
  await expect(place.s3.identify()).rejects.toMatchObject({ code: 'DESTINATION_UNUSABLE', hint });
});
