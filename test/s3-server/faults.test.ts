import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListPartsCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { Readable } from 'node:stream';
import { crc32 } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import { encodeCrc32 } from './body.ts';
import type { S3Damage, S3FaultAction, S3Legacy } from './faults.ts';
import { bytes, connect } from './support/client.ts';
import { type S3Store, startS3Store } from './index.ts';

const Bucket = 'b';
const Body = bytes(100_000);
const sum = encodeCrc32(crc32(Body));
let store: S3Store;

afterEach(() => store.close());

function put(Key = 'a', more: object = {}) {
  return connect(store).send(new PutObjectCommand({ Bucket, Key, Body, ...more }));
}

/** Uploads `Body` as one part. `atCreate` extends the first request, `atComplete` the last. */
async function upload({ atCreate = {}, atComplete = {} }: { atCreate?: object; atComplete?: object } = {}) {
  const s3 = connect(store);
  const checksum = { ChecksumAlgorithm: 'CRC32', ChecksumType: 'FULL_OBJECT' } as const;
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key: 'a', ...checksum, ...atCreate }));
  const { ETag } = await s3.send(new UploadPartCommand({ Bucket, Key: 'a', UploadId, PartNumber: 1, Body }));
  const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] };
  return s3.send(new CompleteMultipartUploadCommand({ Bucket, Key: 'a', UploadId, MultipartUpload, ...atComplete }));
}

async function startWith(action: S3FaultAction): Promise<void> {
  store = await startS3Store({ buckets: [Bucket], faults: [{ match: { operation: 'PutObject', attempt: 1 }, action }] });
}

describe('a fault', () => {
  test.each([
    ['SlowDown', 503],
    ['InternalError', 500],
    ['TooManyRequests', 429],
    ['ConditionalRequestConflict', 409],
    ['NoSuchUpload', 404],
    ['PreconditionFailed', 412],
    ['AccessDenied', 403],
    ['QuotaExceeded', 403],
    ['EntityTooLarge', 400],
    ['XMinioStorageFull', 507],
    ['ExpiredToken', 400],
  ] as const)('a PUT with the error %s gets status %i and stores nothing', async (code, status) => {
    await startWith({ kind: 'error', code, retryAfterSeconds: 7 });
    await expect(put()).rejects.toMatchObject({
      name: code,
      $metadata: { httpStatusCode: status },
      $response: { headers: { 'retry-after': '7' } },
    });
    expect(store.objects()).toEqual([]);
    await put();
    expect(store.requests).toMatchObject([
      { attempt: 1, status, bytesIn: Body.length },
      { attempt: 2, status: 200 },
    ]);
  });

  test.each([
    ['body', 0],
    ['reply', Body.length],
  ] as const)('a fault resets the connection before the %s', async (before, bytesIn) => {
    await startWith({ kind: 'reset', before });
    await expect(put()).rejects.toMatchObject({ code: expect.stringMatching(/ECONNRESET|EPIPE/) });
    expect(store.objects()).toEqual([]);
    expect(store.requests).toMatchObject([{ status: 0, bytesIn }]);
  });

  test.each(['body', 'reply'] as const)('a fault keeps a store silent before the %s', async (before) => {
    await startWith({ kind: 'stall', before });
    const started = Date.now();
    const stalled = connect(store).send(new PutObjectCommand({ Bucket, Key: 'a', Body }), {
      abortSignal: AbortSignal.timeout(300),
    });
    await expect(stalled).rejects.toMatchObject({ name: 'AbortError' });
    expect(Date.now() - started).toBeGreaterThan(250);
    expect(store.objects()).toEqual([]);
    await put();
  });

  test('a store can close while a fault leaves a request without a reply', async () => {
    await startWith({ kind: 'stall', before: 'body' });
    const stalled = expect(put()).rejects.toThrow();
    await expect.poll(() => store.requests).toHaveLength(1);
    await store.close();
    await stalled;
    store = await startS3Store();
  });

  test('a PUT is carried out, but its reply is lost', async () => {
    await startWith({ kind: 'replyLost' });
    await expect(put()).rejects.toThrow();
    expect(store.content(Bucket, 'a').equals(Body)).toBe(true);
    await expect(put('a', { IfNoneMatch: '*' })).rejects.toMatchObject({ name: 'PreconditionFailed' });
  });

  test('a CompleteMultipartUpload is carried out, but its reply is lost', async () => {
    store = await startS3Store({
      buckets: [Bucket],
      faults: [{ match: { operation: 'CompleteMultipartUpload' }, action: { kind: 'replyLost' } }],
    });
    await expect(upload()).rejects.toThrow();
    expect(store.objects()).toMatchObject([{ key: 'a', crc32: crc32(Body) }]);
    expect(store.uploads()).toEqual([]);
  });

  test('a reply with status 200 to CompleteMultipartUpload can contain an error', async () => {
    const action = { kind: 'error', code: 'InternalError', within200: true } as const;
    store = await startS3Store({ buckets: [Bucket], faults: [{ match: { operation: 'CompleteMultipartUpload' }, action }] });
    await expect(upload()).rejects.toMatchObject({ name: 'InternalError' });
    expect(store.requests.at(-1)).toMatchObject({ operation: 'CompleteMultipartUpload', status: 200 });
    expect(store.objects()).toEqual([]);
  });

  test.each<[S3Damage, Buffer]>([
    [{ kind: 'cutBody' }, Body.subarray(0, 50_000)],
    [{ kind: 'cutBody', keptBytes: 3 }, Body.subarray(0, 3)],
    [{ kind: 'mangleBody' }, Buffer.concat([Buffer.of(0xff), Body.subarray(1)])],
  ])('a body with the damage %o gets status 200, and HEAD shows what was stored', async (action, stored) => {
    store = await startS3Store({
      buckets: [Bucket],
      faults: [
        { match: { operation: 'PutObject' }, action },
        { match: { operation: 'UploadPart' }, action },
      ],
    });
    await put();
    expect(store.content(Bucket, 'a').equals(stored)).toBe(true);
    const head = await connect(store).send(new HeadObjectCommand({ Bucket, Key: 'a', ChecksumMode: 'ENABLED' }));
    expect(head).toMatchObject({ ContentLength: stored.length, ChecksumCRC32: encodeCrc32(crc32(stored)) });
    await expect(upload({ atComplete: { ChecksumCRC32: sum } })).rejects.toMatchObject({ name: 'BadDigest' });
    await upload();
    expect(store.content(Bucket, 'a').equals(stored)).toBe(true);
  });

  test('a fault applies only to matching requests, and can be changed at any time', async () => {
    const match = { operation: 'UploadPart', keyPart: 'big', partNumber: 2, attempt: 2 } as const;
    store = await startS3Store({ buckets: [Bucket], faults: [{ match, action: { kind: 'error', code: 'SlowDown' } }] });
    const s3 = connect(store);
    const send = async (Key: string, PartNumber: number) => {
      const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key, ChecksumAlgorithm: 'CRC32' }));
      const part = s3.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body: 'x' }));
      return part.then(
        () => 'stored',
        (error: Error) => error.name,
      );
    };
    const outcomes = [];
    for (const [key, number] of [
      ['big', 2],
      ['big', 1],
      ['big', 1],
      ['small', 2],
      ['small', 2],
      ['big', 2],
      ['big', 2],
    ] as const) {
      outcomes.push(await send(key, number));
    }
    expect(outcomes).toEqual(['stored', 'stored', 'stored', 'stored', 'stored', 'SlowDown', 'stored']);
    store.faults.push({ match: { operation: 'GetObject' }, action: { kind: 'error', code: 'AccessDenied' } });
    await expect(s3.send(new GetObjectCommand({ Bucket, Key: 'none' }))).rejects.toMatchObject({ name: 'AccessDenied' });
  });
});

async function start(legacy: S3Legacy): Promise<void> {
  store = await startS3Store({ buckets: [Bucket], legacy });
}

const stream = () => ({ Body: Readable.from([Body]), ContentLength: Body.length });

describe('a weaker store', () => {
  test('a weaker store overwrites an object in spite of If-None-Match', async () => {
    await start({ ignoresIfNoneMatch: true });
    await put('a', { Body: 'old' });
    await put('a', { IfNoneMatch: '*' });
    await upload({ atComplete: { IfNoneMatch: '*' } });
    expect(store.content(Bucket, 'a').equals(Body)).toBe(true);
  });

  test('a weaker store refuses If-None-Match', async () => {
    await start({ rejectsIfNoneMatch: true });
    await expect(put('a', { IfNoneMatch: '*' })).rejects.toMatchObject({
      name: 'NotImplemented',
      $metadata: { httpStatusCode: 501 },
    });
    await expect(upload({ atComplete: { IfNoneMatch: '*' } })).rejects.toMatchObject({ name: 'NotImplemented' });
    expect(store.objects()).toEqual([]);
    await put();
  });

  test('a weaker store refuses a full-object checksum when the upload begins', async () => {
    await start({ rejectsFullObjectChecksum: 'atCreate' });
    await expect(upload()).rejects.toMatchObject({ name: 'InvalidRequest' });
    expect(store.uploads()).toEqual([]);
    expect(store.stats().byOperation.UploadPart).toBeUndefined();
  });

  test('a weaker store refuses a full-object checksum when the upload is completed', async () => {
    await start({ rejectsFullObjectChecksum: 'atComplete' });
    await expect(upload({ atComplete: { ChecksumCRC32: sum } })).rejects.toMatchObject({ name: 'InvalidRequest' });
    await expect(upload({ atComplete: { ChecksumType: 'FULL_OBJECT' } })).rejects.toMatchObject({ name: 'InvalidRequest' });
    await upload();
  });

  test('a weaker store ignores checksums and shows none', async () => {
    await start({ noChecksums: true });
    await put('a', { ChecksumCRC32: encodeCrc32(1) });
    await upload({ atComplete: { ChecksumCRC32: encodeCrc32(1) } });
    const s3 = connect(store);
    expect(await s3.send(new HeadObjectCommand({ Bucket, Key: 'a', ChecksumMode: 'ENABLED' }))).not.toHaveProperty(
      'ChecksumCRC32',
    );
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key: 'b', ChecksumAlgorithm: 'CRC32' }));
    const part = await s3.send(new UploadPartCommand({ Bucket, Key: 'b', UploadId, PartNumber: 1, Body }));
    expect(part).not.toHaveProperty('ChecksumCRC32');
    const { Parts } = await s3.send(new ListPartsCommand({ Bucket, Key: 'b', UploadId }));
    expect(Parts).toMatchObject([{ Size: Body.length }]);
    expect(Parts?.[0]).not.toHaveProperty('ChecksumCRC32');
    expect(store.objects()).toMatchObject([{ crc32: crc32(Body), checksumType: undefined }]);
  });

  test('a weaker store ignores the expected size of the object', async () => {
    await start({ ignoresMpuObjectSize: true });
    await upload({ atComplete: { MpuObjectSize: 1 } });
    expect(store.objects()).toMatchObject([{ sizeBytes: Body.length }]);
  });

  test('a weaker store drops the tags of CreateMultipartUpload, but not those of PutObject', async () => {
    await start({ dropsTagsAtCreate: true });
    await upload({ atCreate: { Tagging: 'Source=gopro' } });
    expect(store.objects()).toMatchObject([{ tags: {} }]);
    await put('a', { Tagging: 'Source=gopro' });
    expect(store.objects()).toMatchObject([{ tags: { Source: 'gopro' } }]);
  });

  test('a weaker store refuses tags', async () => {
    await start({ rejectsTagging: true });
    await expect(put('a', { Tagging: 'Source=gopro' })).rejects.toMatchObject({ name: 'NotImplemented' });
    await expect(upload({ atCreate: { Tagging: 'Source=gopro' } })).rejects.toMatchObject({ name: 'NotImplemented' });
    await put();
    const tagging = new PutObjectTaggingCommand({ Bucket, Key: 'a', Tagging: { TagSet: [] } });
    await expect(connect(store).send(tagging)).rejects.toMatchObject({ name: 'NotImplemented' });
  });

  test('a weaker store keeps the framing of streamed bodies', async () => {
    await start({ storesChunkedFraming: true });
    await put('a', stream());
    const stored = store.content(Bucket, 'a');
    expect(stored.length).toBeGreaterThan(Body.length);
    expect(stored.includes('x-amz-checksum-crc32:')).toBe(true);
    await put('b');
    expect(store.content(Bucket, 'b').equals(Body)).toBe(true);
  });

  test('a weaker store refuses trailers', async () => {
    await start({ rejectsTrailers: true });
    await expect(put('a', stream())).rejects.toMatchObject({ name: 'NotImplemented' });
    await put();
    expect(store.objects()).toHaveLength(1);
  });
});
