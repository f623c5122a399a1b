import { PutObjectCommand } from '@aws-sdk/client-s3';
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { crc32 } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { encodeCrc32 } from './body.ts';
import { bytes, connect, raw } from './support/client.ts';
import { type S3Store, startS3Store } from './index.ts';

const Body = bytes(150_000);
const sum = encodeCrc32(crc32(Body));
const wrongSum = encodeCrc32(crc32('other'));
let store: S3Store;

beforeEach(async () => {
  store = await startS3Store({ buckets: ['b'] });
});
afterEach(() => store.close());

/** Encodes a body as aws-chunked, in chunks of different sizes. */
function frame(body: Buffer, { trailer = '', signature = '' } = {}): Buffer {
  const pieces: (Buffer | string)[] = [];
  for (let at = 0, size = 65_536; at < body.length; at += size, size = 8192) {
    const piece = body.subarray(at, at + size);
    pieces.push(`${piece.length.toString(16)}${signature}\r\n`, piece, '\r\n');
  }
  pieces.push(`0${signature}\r\n`, trailer, '\r\n');
  return Buffer.concat(pieces.map((piece) => Buffer.from(piece)));
}

const unsigned = {
  'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
  'content-encoding': 'aws-chunked',
  'x-amz-decoded-content-length': String(Body.length),
  'x-amz-trailer': 'x-amz-checksum-crc32',
};

describe('a framed body', () => {
  test('a framed body is unpacked, and its trailer is verified', async () => {
    const reply = await raw(store, 'PUT', '/b/a', {
      headers: unsigned,
      body: frame(Body, { trailer: `x-amz-checksum-crc32:${sum}\r\n` }),
    });
    expect(reply).toMatchObject({ status: 200, headers: { 'x-amz-checksum-crc32': sum } });
    expect(store.content('b', 'a').equals(Body)).toBe(true);
    expect(store.objects()).toMatchObject([{ checksumType: 'FULL_OBJECT', headers: {} }]);
  });

  test('a framed body is understood wherever it is cut into packets', async () => {
    const small = Buffer.from('hello, archive');
    const framed = frame(small, { trailer: `x-amz-checksum-crc32:${encodeCrc32(crc32(small))}\r\n` });
    const headers = { ...unsigned, 'x-amz-decoded-content-length': String(small.length) };
    const body = Array.from(framed, (byte) => Buffer.of(byte));
    expect(await raw(store, 'PUT', '/b/a', { headers, body })).toMatchObject({ status: 200 });
    expect(store.content('b', 'a').equals(small)).toBe(true);
  });

  test('a framed body may have signed chunks, with or without trailers', async () => {
    const signature = `;chunk-signature=${'a'.repeat(64)}`;
    const { 'x-amz-trailer': _, ...plain } = { ...unsigned, 'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD' };
    expect(await raw(store, 'PUT', '/b/plain', { headers: plain, body: frame(Body, { signature }) })).toMatchObject({
      status: 200,
    });
    const trailer = `x-amz-checksum-crc32:${sum}\r\nx-amz-trailer-signature:${'b'.repeat(64)}\r\n`;
    const headers = { ...unsigned, 'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER' };
    expect(await raw(store, 'PUT', '/b/trailer', { headers, body: frame(Body, { signature, trailer }) })).toMatchObject({
      status: 200,
    });
    expect(store.objects().map(({ key, crc32: stored, checksumType }) => [key, stored, checksumType])).toEqual([
      ['plain', crc32(Body), undefined],
      ['trailer', crc32(Body), 'FULL_OBJECT'],
    ]);
  });

  const right = `x-amz-checksum-crc32:${sum}\r\n`;
  test.each([
    ['a wrong checksum', 'BadDigest', {}, frame(Body, { trailer: `x-amz-checksum-crc32:${wrongSum}\r\n` })],
    ['no trailer', 'MalformedTrailerError', {}, frame(Body)],
    ['less than it said', 'IncompleteBody', {}, frame(Body.subarray(1), { trailer: right })],
    ['no end', 'IncompleteBody', {}, frame(Body, { trailer: right }).subarray(0, -2)],
    ['no framing', 'IncompleteBody', {}, Body],
    ['a checksum that is none', 'InvalidRequest', {}, frame(Body, { trailer: 'x-amz-checksum-crc32:abc\r\n' })],
    [
      'a checksum that nobody verifies',
      'NotImplemented',
      { 'x-amz-trailer': 'x-amz-checksum-sha256' },
      frame(Body, { trailer: 'x-amz-checksum-sha256:abc\r\n' }),
    ],
  ])('a framed body with %s is refused as %s, and nothing is stored', async (_, code, headers, body) => {
    const reply = await raw(store, 'PUT', '/b/a', { headers: { ...unsigned, ...headers }, body });
    expect(reply.text).toContain(`<Code>${code}</Code>`);
    expect(store.objects()).toEqual([]);
  });

  test('a framed body without its decoded length is refused', async () => {
    const { 'x-amz-decoded-content-length': _, ...headers } = unsigned;
    expect(await raw(store, 'PUT', '/b/a', { headers, body: frame(Body, { trailer: right }) })).toMatchObject({ status: 411 });
  });
});

function hash(algorithm: string, encoding: 'hex' | 'base64', of: Buffer | string): string {
  return createHash(algorithm).update(of).digest(encoding);
}

describe('a plain body', () => {
  test('a plain body is stored if every digest is right', async () => {
    const headers = {
      'x-amz-checksum-crc32': sum,
      'x-amz-content-sha256': hash('sha256', 'hex', Body),
      'content-md5': hash('md5', 'base64', Body),
    };
    expect(await raw(store, 'PUT', '/b/a', { headers, body: Body })).toMatchObject({ status: 200 });
  });

  test.each<[string, Record<string, string>]>([
    ['BadDigest', { 'x-amz-checksum-crc32': wrongSum }],
    ['BadDigest', { 'content-md5': hash('md5', 'base64', 'other') }],
    ['InvalidDigest', { 'content-md5': 'abc' }],
    ['XAmzContentSHA256Mismatch', { 'x-amz-content-sha256': hash('sha256', 'hex', 'other') }],
    ['NotImplemented', { 'x-amz-checksum-crc64nvme': 'AAAAAAAAAAA=' }],
    ['EntityTooLarge', { 'content-length': String(5 * 1024 ** 3 + 1) }],
  ])('a plain body is refused as %s for the headers %o, and nothing is stored', async (code, headers) => {
    const body = 'content-length' in headers ? '' : Body;
    expect((await raw(store, 'PUT', '/b/a', { headers, body })).text).toContain(`<Code>${code}</Code>`);
    expect(store.objects()).toEqual([]);
  });

  test('a plain body that ends early is not stored', async () => {
    const headers = { 'content-length': String(Body.length + 1) };
    await expect(raw(store, 'PUT', '/b/a', { headers, body: Body, cut: true })).rejects.toThrow();
    await expect.poll(() => store.requests).toMatchObject([{ operation: 'PutObject', status: 0 }]);
    expect(store.objects()).toEqual([]);
  });

  test('a plain body of unknown length is refused', async () => {
    expect(await raw(store, 'PUT', '/b/a', { body: Body, unknownLength: true })).toMatchObject({ status: 411 });
  });
});

test('the SDK sends a stream with a trailer, and the store verifies the trailer', async () => {
  const client = connect(store);
  await client.send(new PutObjectCommand({ Bucket: 'b', Key: 'a', Body: Readable.from([Body]), ContentLength: Body.length }));
  expect(store.content('b', 'a').equals(Body)).toBe(true);
  expect(store.objects()).toMatchObject([{ crc32: crc32(Body), checksumType: 'FULL_OBJECT' }]);
  expect(store.requests[0]?.bytesIn).toBeGreaterThan(Body.length);
});

test('the name of the bucket can be part of the host name', async () => {
  const headers = { host: 'b.localhost:1' };
  expect(await raw(store, 'PUT', '/dir/a%20b', { headers, body: Body })).toMatchObject({ status: 200 });
  expect(store.objects()).toMatchObject([{ bucket: 'b', key: 'dir/a b' }]);
  expect(await raw(store, 'GET', '/?list-type=2', { headers })).toMatchObject({
    status: 200,
    text: expect.stringContaining('<Key>dir/a b</Key>'),
  });
});

test.each([
  ['an address that cannot be decoded', 'PUT', '/b/%E0%A4', 400, 'InvalidURI'],
  ['an operation that is not known', 'GET', '/b?lifecycle', 501, 'NotImplemented'],
  ['a deletion of many', 'POST', '/b?delete', 501, 'NotImplemented'],
  ['a number that is none', 'GET', '/b?list-type=2&max-keys=x', 400, 'InvalidArgument'],
])('%s is refused', async (_, method, path, status, code) => {
  expect(await raw(store, method, path)).toMatchObject({ status, text: expect.stringContaining(`<Code>${code}</Code>`) });
});
