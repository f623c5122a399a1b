import {
  CreateBucketCommand,
  GetBucketLocationCommand,
  HeadBucketCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { connect } from './support/client.ts';
import { type S3Store, startS3Store } from './index.ts';

const Bucket = 'archive';
let store: S3Store;
let s3: S3Client;

beforeEach(async () => {
  store = await startS3Store({ buckets: [Bucket], region: 'eu-west-3' });
  s3 = connect(store);
});
afterEach(() => store.close());

describe('buckets', () => {
  test('a bucket is created only once, is listed, and has a location', async () => {
    await s3.send(new CreateBucketCommand({ Bucket: 'second' }));
    await expect(s3.send(new CreateBucketCommand({ Bucket: 'second' }))).rejects.toMatchObject({
      name: 'BucketAlreadyOwnedByYou',
    });
    expect((await s3.send(new ListBucketsCommand({}))).Buckets?.map(({ Name }) => Name)).toEqual([Bucket, 'second']);
    expect((await s3.send(new GetBucketLocationCommand({ Bucket }))).LocationConstraint).toBe('eu-west-3');
    expect((await s3.send(new HeadBucketCommand({ Bucket }))).BucketRegion).toBe('eu-west-3');
  });

  test('a request to an unknown bucket and a request to a denied bucket get different errors', async () => {
    await using denying = await startS3Store({ buckets: ['mine', 'theirs'], deniedBuckets: ['theirs'] });
    const client = connect(denying);
    await expect(client.send(new HeadBucketCommand({ Bucket: 'theirs' }))).rejects.toMatchObject({
      $metadata: { httpStatusCode: 403 },
    });
    await expect(client.send(new PutObjectCommand({ Bucket: 'theirs', Key: 'a', Body: 'a' }))).rejects.toMatchObject({
      name: 'AccessDenied',
    });
    await expect(client.send(new HeadBucketCommand({ Bucket: 'none' }))).rejects.toMatchObject({ name: 'NotFound' });
    await expect(client.send(new PutObjectCommand({ Bucket: 'none', Key: 'a', Body: 'a' }))).rejects.toMatchObject({
      name: 'NoSuchBucket',
    });
    expect(denying.objects()).toEqual([]);
  });
});

async function listAll(query: object): Promise<{ keys: unknown[]; prefixes: unknown[]; pages: number }> {
  const found = { keys: [] as unknown[], prefixes: [] as unknown[], pages: 0 };
  let ContinuationToken: string | undefined;
  do {
    const page = await s3.send(new ListObjectsV2Command({ Bucket, ContinuationToken, ...query }));
    found.keys.push(...(page.Contents ?? []).map(({ Key }) => Key));
    found.prefixes.push(...(page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix));
    found.pages += 1;
    ContinuationToken = page.NextContinuationToken;
    expect(page.IsTruncated).toBe(ContinuationToken !== undefined);
  } while (ContinuationToken !== undefined);
  return found;
}

describe('listing', () => {
  const keys = ['a', 'a/1', 'a/2', 'a/x/3', 'b c+d', 'b/4', '\uFF21', '😀'];

  beforeEach(async () => {
    for (const Key of keys.toReversed()) await s3.send(new PutObjectCommand({ Bucket, Key, Body: Key }));
  });

  test('a listing is in the order of the UTF-8 bytes, with pages of any size', async () => {
    for (const MaxKeys of [1, 2, 3, 8, 1000]) {
      expect(await listAll({ MaxKeys })).toEqual({ keys, prefixes: [], pages: Math.ceil(keys.length / MaxKeys) });
    }
  });

  test('a listing groups keys by the delimiter, across pages too', async () => {
    for (const MaxKeys of [1, 2, 1000]) {
      expect(await listAll({ MaxKeys, Delimiter: '/' })).toMatchObject({
        keys: ['a', 'b c+d', '\uFF21', '😀'],
        prefixes: ['a/', 'b/'],
      });
      expect(await listAll({ MaxKeys, Delimiter: '/', Prefix: 'a/' })).toMatchObject({
        keys: ['a/1', 'a/2'],
        prefixes: ['a/x/'],
      });
    }
  });

  test('a listing can start after a key, can encode keys, and shows size and checksum type', async () => {
    expect((await listAll({ StartAfter: 'a/2', Prefix: 'a' })).keys).toEqual(['a/x/3']);
    expect((await listAll({ Prefix: 'b', EncodingType: 'url' })).keys).toEqual(['b+c%2Bd', 'b/4']);
    const page = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: 'a/1' }));
    expect(page.Contents).toMatchObject([
      { Key: 'a/1', Size: 3, StorageClass: 'STANDARD', ChecksumAlgorithm: ['CRC32'], ChecksumType: 'FULL_OBJECT' },
    ]);
  });
});
