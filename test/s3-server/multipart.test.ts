import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  type CompletedPart,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { encodeCrc32 } from './body.ts';
import { bytes, connect } from './support/client.ts';
import { type S3Store, startS3Store } from './index.ts';

const MIB = 1024 ** 2;
const target = { Bucket: 'b', Key: 'videos/big.mp4' };
const contents = [bytes(5 * MIB), bytes(5 * MIB + 3, 1), bytes(1000, 2)];
const whole = Buffer.concat(contents);
const wholeSum = encodeCrc32(crc32(whole));
let store: S3Store;
let s3: S3Client;

beforeEach(async () => {
  store = await startS3Store({ buckets: ['b'], md5: true });
  s3 = connect(store);
});
afterEach(() => store.close());

async function begin(more: object = { ChecksumAlgorithm: 'CRC32', ChecksumType: 'FULL_OBJECT' }, client = s3) {
  const { UploadId } = await client.send(new CreateMultipartUploadCommand({ ...target, ...more }));
  return { ...target, UploadId };
}

type Upload = Awaited<ReturnType<typeof begin>>;

async function send(upload: Upload, bodies: readonly Buffer[] = contents, client = s3): Promise<CompletedPart[]> {
  const parts: CompletedPart[] = [];
  for (const [index, Body] of bodies.entries()) {
    const PartNumber = index + 1;
    const { ETag, ChecksumCRC32 } = await client.send(new UploadPartCommand({ ...upload, PartNumber, Body }));
    parts.push({ PartNumber, ETag, ChecksumCRC32 });
  }
  return parts;
}

function complete(upload: Upload, Parts: CompletedPart[], more: object = {}) {
  return s3.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts }, ...more }));
}

describe('an upload in parts', () => {
  test('a multipart upload becomes one object with the checksum of the whole', async () => {
    const upload = await begin({
      ChecksumAlgorithm: 'CRC32',
      ChecksumType: 'FULL_OBJECT',
      Tagging: 'Source=gopro',
      Metadata: { id: '1' },
    });
    const parts = await send(upload);
    const done = await complete(upload, parts, {
      ChecksumCRC32: wholeSum,
      ChecksumType: 'FULL_OBJECT',
      MpuObjectSize: whole.length,
      IfNoneMatch: '*',
    });
    const md5s = contents.map((body) => createHash('md5').update(body).digest());
    const ETag = `"${createHash('md5').update(Buffer.concat(md5s)).digest('hex')}-3"`;
    expect(done).toMatchObject({ ETag, ChecksumCRC32: wholeSum, ChecksumType: 'FULL_OBJECT', Key: target.Key });
    expect(await s3.send(new HeadObjectCommand({ ...target, ChecksumMode: 'ENABLED' }))).toMatchObject({
      ContentLength: whole.length,
      ETag,
      ChecksumCRC32: wholeSum,
      ChecksumType: 'FULL_OBJECT',
      Metadata: { id: '1' },
    });
    const got = await s3.send(new GetObjectCommand({ ...target, Range: `bytes=${5 * MIB - 2}-${5 * MIB + 1}` }));
    expect(Buffer.from((await got.Body?.transformToByteArray()) ?? [])).toEqual(whole.subarray(5 * MIB - 2, 5 * MIB + 2));
    expect(store.content(target.Bucket, target.Key).equals(whole)).toBe(true);
    expect(store.objects()).toMatchObject([
      { crc32: crc32(whole), tags: { Source: 'gopro' }, partSizesBytes: contents.map(({ length }) => length) },
    ]);
    expect(store.uploads()).toEqual([]);
    await expect(complete(upload, parts)).rejects.toMatchObject({ name: 'NoSuchUpload', $metadata: { httpStatusCode: 404 } });
  });

  test('a multipart upload can get a checksum of the checksums of its parts', async () => {
    const upload = await begin({ ChecksumAlgorithm: 'CRC32' });
    const parts = await send(upload);
    const sums = contents.map((body) => Buffer.from(encodeCrc32(crc32(body)), 'base64'));
    const ChecksumCRC32 = `${encodeCrc32(crc32(Buffer.concat(sums)))}-3`;
    await expect(
      complete(
        upload,
        parts.map(({ ETag, PartNumber }) => ({ ETag, PartNumber })),
      ),
    ).rejects.toMatchObject({ name: 'InvalidRequest' });
    expect(await complete(upload, parts)).toMatchObject({ ChecksumCRC32, ChecksumType: 'COMPOSITE' });
  });

  test('the object contains only the parts that CompleteMultipartUpload names', async () => {
    const upload = await begin();
    const parts = await send(upload);
    await complete(upload, [...parts.slice(0, 1), ...parts.slice(2)], { MpuObjectSize: 5 * MIB + 1000 });
    expect(store.content(target.Bucket, target.Key).equals(Buffer.concat([bytes(5 * MIB), bytes(1000, 2)]))).toBe(true);
  });

  test('the last of several parts with the same number is used', async () => {
    const upload = await begin();
    await send(upload, [bytes(10, 7)]);
    await complete(upload, await send(upload, [bytes(20, 8)]));
    expect(store.content(target.Bucket, target.Key)).toEqual(bytes(20, 8));
  });
});

describe('CompleteMultipartUpload is refused, and the upload remains', () => {
  test.each<[string, string, object]>([
    ['another size', 'InvalidRequest', { MpuObjectSize: whole.length - 1 }],
    ['another checksum', 'BadDigest', { ChecksumCRC32: encodeCrc32(1) }],
    ['another type of checksum', 'InvalidRequest', { ChecksumType: 'COMPOSITE' }],
  ])('an upload is not completed with %s', async (_, name, more) => {
    const upload = await begin();
    const parts = await send(upload);
    await expect(complete(upload, parts, more)).rejects.toMatchObject({ name, $metadata: { httpStatusCode: 400 } });
    expect(store.objects()).toEqual([]);
    await complete(upload, parts);
  });

  test('an upload is not completed under a key that is taken', async () => {
    const upload = await begin();
    const parts = await send(upload, [bytes(10)]);
    await s3.send(new PutObjectCommand({ ...target, Body: 'first' }));
    await expect(complete(upload, parts, { IfNoneMatch: '*' })).rejects.toMatchObject({
      name: 'PreconditionFailed',
      $metadata: { httpStatusCode: 412 },
    });
    expect(store.content(target.Bucket, target.Key).toString()).toBe('first');
    expect(store.uploads()).toHaveLength(1);
  });

  test('an upload is not completed with missing, wrong, unordered, too small or no parts', async () => {
    const upload = await begin();
    const [first = {}, second = {}, third = {}] = await send(upload);
    await expect(complete(upload, [first, { ...second, ETag: '"other"' }])).rejects.toMatchObject({ name: 'InvalidPart' });
    await expect(complete(upload, [first, { ...second, ChecksumCRC32: encodeCrc32(1) }])).rejects.toMatchObject({
      name: 'InvalidPart',
    });
    await expect(complete(upload, [first, { ...second, PartNumber: 9 }])).rejects.toMatchObject({ name: 'InvalidPart' });
    await expect(complete(upload, [second, first])).rejects.toMatchObject({ name: 'InvalidPartOrder' });
    await expect(complete(upload, [first, first])).rejects.toMatchObject({ name: 'InvalidPartOrder' });
    await expect(complete(upload, [])).rejects.toMatchObject({ name: 'MalformedXML' });
    const { ETag, ChecksumCRC32 } = await s3.send(new UploadPartCommand({ ...upload, PartNumber: 4, Body: bytes(5) }));
    await expect(complete(upload, [first, third, { PartNumber: 4, ETag, ChecksumCRC32 }])).rejects.toMatchObject({
      name: 'EntityTooSmall',
    });
    await complete(upload, [first, second, third]);
  });
});

describe('a part is refused', () => {
  test('a part with a wrong number, a wrong digest or a wrong upload is refused', async () => {
    const upload = await begin();
    const put = (more: object) => s3.send(new UploadPartCommand({ ...upload, PartNumber: 1, Body: bytes(10), ...more }));
    for (const PartNumber of [0, 10_001]) await expect(put({ PartNumber })).rejects.toMatchObject({ name: 'InvalidArgument' });
    await put({ PartNumber: 10_000 });
    await expect(put({ ChecksumCRC32: encodeCrc32(1) })).rejects.toMatchObject({ name: 'BadDigest' });
    await expect(put({ UploadId: 'other' })).rejects.toMatchObject({ name: 'NoSuchUpload' });
    await expect(put({ Key: 'another' })).rejects.toMatchObject({ name: 'NoSuchUpload' });
    expect(store.uploads()).toMatchObject([{ parts: [{ number: 10_000, sizeBytes: 10, crc32: crc32(bytes(10)) }] }]);
  });

  test('a part is refused if only the part or only the upload has a checksum', async () => {
    const silent = connect(store, { requestChecksumCalculation: 'WHEN_REQUIRED' });
    await expect(send(await begin({ ChecksumAlgorithm: 'CRC32' }), [bytes(10)], silent)).rejects.toMatchObject({
      name: 'InvalidRequest',
    });
    await expect(send(await begin({}, silent), [bytes(10)])).rejects.toMatchObject({ name: 'InvalidRequest' });
    await expect(send(await begin(), [bytes(10)], silent)).resolves.toMatchObject([
      { ChecksumCRC32: encodeCrc32(crc32(bytes(10))) },
    ]);
  });
});

describe('unfinished uploads', () => {
  test('the parts of an unfinished upload are listed in pages', async () => {
    const upload = await begin();
    const parts = await send(upload);
    const first = await s3.send(new ListPartsCommand({ ...upload, MaxParts: 2 }));
    expect(first).toMatchObject({
      IsTruncated: true,
      NextPartNumberMarker: '2',
      ChecksumType: 'FULL_OBJECT',
      ChecksumAlgorithm: 'CRC32',
    });
    const second = await s3.send(new ListPartsCommand({ ...upload, MaxParts: 2, PartNumberMarker: first.NextPartNumberMarker }));
    expect(second.IsTruncated).toBe(false);
    const listed = [...(first.Parts ?? []), ...(second.Parts ?? [])];
    expect(listed).toMatchObject(parts.map((part, index) => ({ ...part, Size: contents[index]?.length })));
  });

  test('unfinished uploads are listed in pages until they are aborted or expire', async () => {
    const first = await begin();
    const second = await begin();
    const other = await s3.send(new CreateMultipartUploadCommand({ Bucket: 'b', Key: 'other' }));
    const seen: unknown[] = [];
    let marker: object = {};
    for (let more = true; more;) {
      const page = await s3.send(new ListMultipartUploadsCommand({ Bucket: 'b', MaxUploads: 1, ...marker }));
      seen.push(...(page.Uploads ?? []).map(({ UploadId }) => UploadId));
      marker = { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker };
      more = page.IsTruncated === true;
    }
    expect(seen).toEqual([other.UploadId, ...[first.UploadId, second.UploadId].toSorted((a = '', b = '') => a.localeCompare(b))]);
    await s3.send(new AbortMultipartUploadCommand(first));
    await expect(s3.send(new AbortMultipartUploadCommand(first))).rejects.toMatchObject({ name: 'NoSuchUpload' });
    expect(store.expireUpload(second.UploadId ?? '')).toBe(true);
    await expect(s3.send(new ListPartsCommand(second))).rejects.toMatchObject({ name: 'NoSuchUpload' });
    expect((await s3.send(new ListMultipartUploadsCommand({ Bucket: 'b', Prefix: 'videos/' }))).Uploads).toBeUndefined();
  });
});
