import {
  DeleteObjectCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  PutObjectTaggingCommand,
  RestoreObjectCommand,
  type RestoreRequest,
  type S3Client,
} from '@aws-sdk/client-s3';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { bytes, connect } from './support/client.ts';
import { encodeCrc32 } from './body.ts';
import { type S3Store, startS3Store } from './index.ts';

const Bucket = 'archive';
const Body = bytes(100_000);
let store: S3Store;
let s3: S3Client;

beforeEach(async () => {
  store = await startS3Store({ buckets: [Bucket], region: 'eu-west-3', md5: true });
  s3 = connect(store);
});
afterEach(() => store.close());

function put(more: object) {
  return s3.send(new PutObjectCommand({ Bucket, Key: 'a', Body, ...more }));
}

describe('objects', () => {
  test('an object is returned with all of its attributes', async () => {
    const Key = 'videos/2026/07/GX01 & <é>+%.mp4';
    const put = await s3.send(
      new PutObjectCommand({
        Bucket,
        Key,
        Body,
        ContentType: 'video/mp4',
        Metadata: { 'media-id': 'abc', name: 'GX%2001' },
        Tagging: 'Source=gopro&AutoSync=True',
        StorageClass: 'STANDARD_IA',
        ServerSideEncryption: 'aws:kms',
        SSEKMSKeyId: 'key-1',
      }),
    );
    const head = await s3.send(new HeadObjectCommand({ Bucket, Key, ChecksumMode: 'ENABLED' }));
    const described = {
      ContentLength: Body.length,
      ContentType: 'video/mp4',
      ETag: `"${createHash('md5').update(Body).digest('hex')}"`,
      ChecksumCRC32: encodeCrc32(crc32(Body)),
      ChecksumType: 'FULL_OBJECT',
      Metadata: { 'media-id': 'abc', name: 'GX%2001' },
      StorageClass: 'STANDARD_IA',
      ServerSideEncryption: 'aws:kms',
      SSEKMSKeyId: 'key-1',
    };
    expect(head).toMatchObject(described);
    expect(put).toMatchObject({ ETag: described.ETag, ChecksumCRC32: described.ChecksumCRC32, SSEKMSKeyId: 'key-1' });
    expect(head.$metadata.requestId).toMatch(/^[\dA-F]{16}$/);
    const got = await s3.send(new GetObjectCommand({ Bucket, Key }));
    expect(got).toMatchObject({ ...described, TagCount: 2 });
    expect(Buffer.from((await got.Body?.transformToByteArray()) ?? []).equals(Body)).toBe(true);
    expect(store.objects()).toMatchObject([
      {
        bucket: Bucket,
        key: Key,
        sizeBytes: Body.length,
        crc32: crc32(Body),
        tags: { Source: 'gopro', AutoSync: 'True' },
        partSizesBytes: [Body.length],
      },
    ]);
  });

  test('an object shows a checksum only on request, and only if the client sent one', async () => {
    await s3.send(new PutObjectCommand({ Bucket, Key: 'with', Body }));
    const silent = connect(store, { requestChecksumCalculation: 'WHEN_REQUIRED' });
    await silent.send(new PutObjectCommand({ Bucket, Key: 'without', Body }));
    expect(await s3.send(new HeadObjectCommand({ Bucket, Key: 'with' }))).not.toHaveProperty('ChecksumCRC32');
    const head = await s3.send(new HeadObjectCommand({ Bucket, Key: 'without', ChecksumMode: 'ENABLED' }));
    expect(head.ChecksumCRC32).toBeUndefined();
    expect(store.objects().map(({ key, checksumType }) => [key, checksumType])).toEqual([
      ['with', 'FULL_OBJECT'],
      ['without', undefined],
    ]);
  });

  test.each([
    ['bytes=10-19', 'bytes 10-19/100000', Body.subarray(10, 20)],
    ['bytes=99990-', 'bytes 99990-99999/100000', Body.subarray(99_990)],
    ['bytes=-5', 'bytes 99995-99999/100000', Body.subarray(-5)],
    ['bytes=99999-200000', 'bytes 99999-99999/100000', Body.subarray(-1)],
  ])('an object can be read in the range %s', async (Range, ContentRange, wanted) => {
    await s3.send(new PutObjectCommand({ Bucket, Key: 'a', Body }));
    const got = await s3.send(new GetObjectCommand({ Bucket, Key: 'a', Range }));
    expect(got).toMatchObject({ ContentRange, ContentLength: wanted.length, $metadata: { httpStatusCode: 206 } });
    expect(got.ChecksumCRC32).toBeUndefined();
    expect(Buffer.from((await got.Body?.transformToByteArray()) ?? []).equals(wanted)).toBe(true);
  });

  test('a range after the end of an object is refused', async () => {
    await s3.send(new PutObjectCommand({ Bucket, Key: 'a', Body }));
    await expect(s3.send(new GetObjectCommand({ Bucket, Key: 'a', Range: 'bytes=100000-' }))).rejects.toMatchObject({
      name: 'InvalidRange',
    });
  });

  test('an unknown object is not found, and a deleted object is gone and counted', async () => {
    await expect(s3.send(new GetObjectCommand({ Bucket, Key: 'a' }))).rejects.toMatchObject({ name: 'NoSuchKey' });
    await expect(s3.send(new HeadObjectCommand({ Bucket, Key: 'a' }))).rejects.toMatchObject({ name: 'NotFound' });
    await s3.send(new PutObjectCommand({ Bucket, Key: 'a', Body }));
    await s3.send(new DeleteObjectCommand({ Bucket, Key: 'a' }));
    expect(store.objects()).toEqual([]);
    expect(store.stats().byOperation.DeleteObject).toBe(1);
  });

  test('a write is refused if If-None-Match finds an object, or If-Match finds another entity tag', async () => {
    const { ETag } = await s3.send(new PutObjectCommand({ Bucket, Key: 'a', Body, IfNoneMatch: '*' }));
    const refused = { name: 'PreconditionFailed', $metadata: { httpStatusCode: 412 } };
    await expect(s3.send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'new', IfNoneMatch: '*' }))).rejects.toMatchObject(
      refused,
    );
    await expect(s3.send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'new', IfMatch: '"other"' }))).rejects.toMatchObject(
      refused,
    );
    expect(store.content(Bucket, 'a').equals(Body)).toBe(true);
    await s3.send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'new', IfMatch: ETag }));
    expect(store.content(Bucket, 'a').toString()).toBe('new');
  });

  test('exactly one of several simultaneous conditional writes of one key succeeds', async () => {
    const bodies = ['a', 'b', 'c'].map((text) => Buffer.alloc(300_000, text));
    const results = await Promise.allSettled(bodies.map((body) => put({ Body: body, IfNoneMatch: '*' })));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(store.stats().peakByOperation.PutObject).toBeGreaterThan(1);
  });

  test('more than 2 KB of metadata, more than 10 tags, and a long tag are refused', async () => {
    await put({ Metadata: { a: 'x'.repeat(2047) } });
    await expect(put({ Metadata: { a: 'x'.repeat(2048) } })).rejects.toMatchObject({ name: 'MetadataTooLarge' });
    await expect(put({ Tagging: Array.from({ length: 11 }, (_, index) => `t${index}=x`).join('&') })).rejects.toMatchObject({
      name: 'BadRequest',
    });
    await expect(put({ Tagging: `t=${'x'.repeat(257)}` })).rejects.toMatchObject({ name: 'InvalidTag' });
  });

  test('an object can get new tags later, and GetObjectAttributes shows its size and checksum', async () => {
    await s3.send(new PutObjectCommand({ Bucket, Key: 'a', Body, Tagging: 'old=1' }));
    const TagSet = [{ Key: 'Source', Value: 'a & b <c>' }];
    await s3.send(new PutObjectTaggingCommand({ Bucket, Key: 'a', Tagging: { TagSet } }));
    expect((await s3.send(new GetObjectTaggingCommand({ Bucket, Key: 'a' }))).TagSet).toEqual(TagSet);
    const ObjectAttributes = ['Checksum', 'ObjectSize'] as const;
    const attributes = await s3.send(
      new GetObjectAttributesCommand({ Bucket, Key: 'a', ObjectAttributes: [...ObjectAttributes] }),
    );
    expect(attributes).toMatchObject({
      ObjectSize: Body.length,
      Checksum: { ChecksumCRC32: encodeCrc32(crc32(Body)), ChecksumType: 'FULL_OBJECT' },
    });
    expect(attributes.ETag).toBeUndefined();
  });

  test('an object in the storage class DEEP_ARCHIVE answers a HEAD and refuses a GET', async () => {
    await s3.send(new PutObjectCommand({ Bucket, Key: 'cold', Body, StorageClass: 'DEEP_ARCHIVE' }));
    expect((await s3.send(new HeadObjectCommand({ Bucket, Key: 'cold' }))).StorageClass).toBe('DEEP_ARCHIVE');
    await expect(s3.send(new GetObjectCommand({ Bucket, Key: 'cold' }))).rejects.toMatchObject({ name: 'InvalidObjectState' });
  });

  test('an archived object can be read from the end of its restore until the copy expires', async () => {
    await using own = await startS3Store({ buckets: [Bucket], thawMs: 60_000 });
    const client = connect(own);
    await client.send(new PutObjectCommand({ Bucket, Key: 'cold', Body, StorageClass: 'GLACIER' }));
    const ask = async (RestoreRequest: RestoreRequest) =>
      client.send(new RestoreObjectCommand({ Bucket, Key: 'cold', RestoreRequest })).then(
        ({ $metadata }) => $metadata.httpStatusCode,
        (error: Error) => error.name,
      );
    const read = async () =>
      client.send(new GetObjectCommand({ Bucket, Key: 'cold' })).then(
        () => 'read',
        (error: Error) => error.name,
      );
    const shown = async () => {
      const { Restore } = await client.send(new HeadObjectCommand({ Bucket, Key: 'cold' }));
      const listed = await client.send(new ListObjectsV2Command({ Bucket, OptionalObjectAttributes: ['RestoreStatus'] }));
      return [Restore?.replace(/".{29}"$/, '"…"'), listed.Contents?.[0]?.RestoreStatus?.IsRestoreInProgress];
    };
    expect(await shown()).toEqual([undefined, undefined]);
    expect(await ask({})).toBe('MalformedXML');
    expect(await ask({ Days: 2, GlacierJobParameters: { Tier: 'Standard' } })).toBe(202);
    expect(await ask({ Days: 2 })).toBe('RestoreAlreadyInProgress');
    expect([await shown(), await read()]).toEqual([['ongoing-request="true"', true], 'InvalidObjectState']);
    own.advance(60_000);
    expect([await shown(), await read()]).toEqual([['ongoing-request="false", expiry-date="…"', false], 'read']);
    expect(await ask({ Days: 5 })).toBe(200);
    own.advance(4 * 86_400_000);
    expect(await read()).toBe('read');
    own.advance(3 * 86_400_000);
    expect([await shown(), await read()]).toEqual([[undefined, undefined], 'InvalidObjectState']);
    own.changeClass(Bucket, 'cold', 'INTELLIGENT_TIERING', 'DEEP_ARCHIVE_ACCESS');
    expect([await read(), await ask({ Days: 1 }), await ask({})]).toEqual(['InvalidObjectState', 'MalformedXML', 202]);
    own.advance(60_000);
    expect(await read()).toBe('read');
  });
});

describe('what a test can see of a store', () => {
  test.each(['memory', 'files'])('a test can read, damage and remove objects in %s', async (where) => {
    const dir = where === 'files' ? await mkdtemp(join(tmpdir(), 's3-store-')) : undefined;
    await using own = await startS3Store({ buckets: [Bucket], ...(dir === undefined ? {} : { dir }) });
    const client = connect(own);
    await client.send(new PutObjectCommand({ Bucket, Key: 'a', Body }));
    expect(own.sha256(Bucket, 'a')).toBe(createHash('sha256').update(Body).digest('hex'));
    own.tamper(Bucket, 'a', 90_000);
    const spoilt = own.content(Bucket, 'a');
    expect([...spoilt.keys()].filter((index) => spoilt[index] !== Body[index])).toEqual([90_000]);
    expect(own.objects()).toMatchObject([{ sizeBytes: Body.length, crc32: crc32(Body) }]);
    expect(() => own.tamper(Bucket, 'a', Body.length)).toThrow(RangeError);
    const got = await client.send(new GetObjectCommand({ Bucket, Key: 'a' }));
    await expect(got.Body?.transformToByteArray()).rejects.toThrow(/[Cc]hecksum/);
    expect([own.remove(Bucket, 'a'), own.remove(Bucket, 'a')]).toEqual([true, false]);
    expect(() => own.content(Bucket, 'a')).toThrow(RangeError);
    if (dir !== undefined) {
      expect(await readdir(dir)).toEqual([]);
      await rm(dir, { recursive: true });
    }
  });

  test('a store with `discard` keeps size and CRC32 of a large body, and all of a small body', async () => {
    await using own = await startS3Store({ buckets: [Bucket], discard: true });
    const client = connect(own);
    await client.send(new PutObjectCommand({ Bucket, Key: 'large', Body }));
    await client.send(new PutObjectCommand({ Bucket, Key: 'small', Body: 'record' }));
    expect(await client.send(new HeadObjectCommand({ Bucket, Key: 'large', ChecksumMode: 'ENABLED' }))).toMatchObject({
      ContentLength: Body.length,
      ChecksumCRC32: encodeCrc32(crc32(Body)),
    });
    await expect(client.send(new GetObjectCommand({ Bucket, Key: 'large' }))).rejects.toMatchObject({ name: 'NotImplemented' });
    expect(() => own.content(Bucket, 'large')).toThrow(/not kept/);
    expect(own.content(Bucket, 'small').toString()).toBe('record');
  });

  test('every request is logged with its attempt, status and size', async () => {
    await s3.send(new PutObjectCommand({ Bucket, Key: 'a', Body }));
    await s3.send(new PutObjectCommand({ Bucket, Key: 'a', Body }));
    await expect(s3.send(new HeadObjectCommand({ Bucket, Key: 'b' }))).rejects.toThrow();
    expect(
      store.requests.map(({ operation, key, attempt, status, bytesIn }) => ({ operation, key, attempt, status, bytesIn })),
    ).toEqual([
      { operation: 'PutObject', key: 'a', attempt: 1, status: 200, bytesIn: Body.length },
      { operation: 'PutObject', key: 'a', attempt: 2, status: 200, bytesIn: Body.length },
      { operation: 'HeadObject', key: 'b', attempt: 1, status: 404, bytesIn: 0 },
    ]);
    expect(store.stats()).toMatchObject({ requests: 3, bytesIn: 2 * Body.length, byOperation: { PutObject: 2, HeadObject: 1 } });
  });
});
