import { GetObjectCommand, HeadBucketCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3';
import { SignatureV4 } from '@smithy/signature-v4';
import { createHash, createHmac } from 'node:crypto';
import { Readable } from 'node:stream';
import { afterEach, describe, expect, test } from 'vitest';
import { CREDENTIALS, connect, raw } from './support/client.ts';
import { type S3Store, type S3StoreOptions, startS3Store } from './index.ts';

const REGION = 'eu-west-3';
const MINUTE_MS = 60_000;
let store: S3Store;

afterEach(() => store.close());

async function start(options: S3StoreOptions): Promise<void> {
  store = await startS3Store({ buckets: ['b'], ...options });
}

function put(client = connect(store), Key = 'a') {
  return client.send(new PutObjectCommand({ Bucket: 'b', Key, Body: 'hello', Metadata: { note: 'two  spaces' } }));
}

/** A SHA-256 with the interface that the SDK's signer expects. */
class Sha256 {
  readonly #hash;
  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    if (secret === undefined) this.#hash = createHash('sha256');
    else
      this.#hash = createHmac(
        'sha256',
        typeof secret === 'string' || ArrayBuffer.isView(secret) ? asBytes(secret) : new Uint8Array(secret),
      );
  }
  update(data: string | ArrayBuffer | ArrayBufferView) {
    this.#hash.update(typeof data === 'string' || ArrayBuffer.isView(data) ? asBytes(data) : new Uint8Array(data));
  }
  async digest() {
    return new Uint8Array(this.#hash.digest());
  }
  reset() {
    throw new Error('a hash is used once');
  }
}

function asBytes(data: string | ArrayBufferView): Buffer {
  return typeof data === 'string' ? Buffer.from(data) : Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}

async function presign(path: string, expiresIn: number): Promise<string> {
  const signer = new SignatureV4({
    service: 's3',
    region: REGION,
    credentials: CREDENTIALS,
    sha256: Sha256,
    uriEscapePath: false,
  });
  const { hostname, port, host } = new URL(store.endpoint);
  const request = {
    method: 'GET',
    protocol: 'http:',
    hostname,
    port: Number(port),
    path,
    query: {},
    headers: { host, 'X-Amz-Content-Sha256': 'UNSIGNED-PAYLOAD' },
  };
  const { query = {} } = await signer.presign(request, { expiresIn });
  const pairs = Object.entries(query).map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(String(value))}`);
  return `${store.endpoint}${path}?${pairs.join('&')}`;
}

describe('a store with credentials', () => {
  test('a signature of the SDK is accepted, with any characters in key, query and body', async () => {
    await start({ credentials: CREDENTIALS });
    const client = connect(store);
    for (const key of ["a b/ü'(1)*!~+%&=😀", 'a//b/../c', '.hidden']) await put(client, key);
    expect(store.objects().map(({ key }) => key)).toEqual(['.hidden', "a b/ü'(1)*!~+%&=😀", 'a//b/../c']);
    const stream = { Bucket: 'b', Key: 'stream', Body: Readable.from([Buffer.alloc(100_000)]), ContentLength: 100_000 };
    await client.send(new PutObjectCommand(stream));
    const page = await client.send(
      new ListObjectsV2Command({ Bucket: 'b', Prefix: 'a b/ü', Delimiter: "'", StartAfter: 'a &=+' }),
    );
    expect(page.CommonPrefixes).toEqual([{ Prefix: "a b/ü'" }]);
  });

  test('a signature with a wrong secret or a wrong key id is refused', async () => {
    await start({ credentials: CREDENTIALS });
    const wrongSecret = connect(store, { credentials: { ...CREDENTIALS, secretAccessKey: 'wrong' } });
    await expect(put(wrongSecret)).rejects.toMatchObject({ name: 'SignatureDoesNotMatch', $metadata: { httpStatusCode: 403 } });
    const wrongId = connect(store, { credentials: { ...CREDENTIALS, accessKeyId: 'WRONG' } });
    await expect(put(wrongId)).rejects.toMatchObject({ name: 'InvalidAccessKeyId', $metadata: { httpStatusCode: 403 } });
    const unsigned = await raw(store, 'PUT', '/b/a', { body: 'hello' });
    expect(unsigned).toMatchObject({ status: 403, text: expect.stringContaining('InvalidAccessKeyId') });
    expect(store.objects()).toEqual([]);
  });

  test('a signed address is accepted until it expires', async () => {
    await start({ credentials: CREDENTIALS });
    await put(connect(store), 'dir/ä b');
    const signed = await presign('/b/dir/%C3%A4%20b', 60);
    expect(await (await fetch(signed)).text()).toBe('hello');
    expect((await fetch(signed.replace('dir', 'other'))).status).toBe(403);
    const expired = await fetch(await presign('/b/dir/%C3%A4%20b', -1));
    expect([expired.status, await expired.text()]).toEqual([403, expect.stringContaining('AccessDenied')]);
  });
});

describe('any store', () => {
  test('a request without a signature is refused', async () => {
    await start({});
    expect((await fetch(`${store.endpoint}/b/a`)).status).toBe(403);
    expect(await raw(store, 'GET', '/b/a', { headers: { authorization: 'Basic abc' } })).toMatchObject({ status: 400 });
    await put();
  });
});

describe('a store in another region', () => {
  test('a request that is signed for a wrong region gets an error that names the right region', async () => {
    await start({ region: 'eu-north-1' });
    await expect(put()).rejects.toMatchObject({
      name: 'AuthorizationHeaderMalformed',
      Region: 'eu-north-1',
      $metadata: { httpStatusCode: 400 },
    });
    await expect(connect(store).send(new HeadBucketCommand({ Bucket: 'b' }))).rejects.toMatchObject({
      $response: { headers: { 'x-amz-bucket-region': 'eu-north-1' } },
    });
    await put(connect(store, { region: 'eu-north-1' }));
  });

  test('a request that is signed for a wrong region can be answered by a redirect', async () => {
    await start({ region: 'eu-north-1', regionMismatch: 'redirect' });
    await expect(put()).rejects.toMatchObject({ name: 'PermanentRedirect', $metadata: { httpStatusCode: 301 } });
  });
});

describe('a store with a clock of its own', () => {
  test('a request is accepted if the clocks differ by less than 15 minutes', async () => {
    await start({ credentials: CREDENTIALS, clockSkewMs: 14 * MINUTE_MS });
    await put();
  });

  test('a request is refused if the clocks differ by 20 minutes, and the SDK then uses the time of the store', async () => {
    await start({ credentials: CREDENTIALS, clockSkewMs: -20 * MINUTE_MS });
    const client = connect(store);
    await expect(put(client)).rejects.toMatchObject({ name: 'RequestTimeTooSkewed', $metadata: { httpStatusCode: 403 } });
    await put(client);
    expect((await client.send(new GetObjectCommand({ Bucket: 'b', Key: 'a' }))).ContentLength).toBe(5);
  });
});
