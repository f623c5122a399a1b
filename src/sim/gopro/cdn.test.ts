import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'undici';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { contentOf } from '../content.ts';
import { etagOf } from '../etag.ts';
import { startGoproCloud, type GoproCloud } from './index.ts';
import { createLibrary, type SimFile } from './library/library.ts';
import { video, videoWithSidecars } from './library/shapes.ts';
import { fetchOnce, resolve, type DownloadEntry } from '../../../test/support/gopro-sim-client.ts';

const SIZE = 300_000;

function newLibrary() {
  const spec = { seed: 'cdn', filename: 'A.MP4', createdAt: '2025-01-01T00:00:00Z' };
  return createLibrary([video({ ...spec, id: 'a' }, SIZE), videoWithSidecars({ ...spec, id: 's' }, 5_000)]);
}

function sourceOf(cloud: GoproCloud): SimFile {
  const file = cloud.library.get('a')?.files.find((each) => each.label === 'source');
  if (file === undefined) throw new Error('The medium has no source.');
  return file;
}

describe('the CDN', () => {
  let cloud: GoproCloud;
  let entry: DownloadEntry;

  beforeAll(async () => {
    cloud = await startGoproCloud({ library: newLibrary() });
    entry = await resolve(cloud, 'a');
  });

  afterAll(() => cloud.close());

  test('the CDN serves a whole file with its length, type, date and a strong ETag', async () => {
    const reply = await fetchOnce(entry.url);
    expect(reply.status).toBe(200);
    expect(reply.headers).toMatchObject({
      'content-length': String(SIZE),
      'content-type': 'video/mp4',
      'accept-ranges': 'bytes',
      'last-modified': 'Wed, 01 Jan 2025 00:00:00 GMT',
    });
    const { stored } = sourceOf(cloud);
    expect(reply.headers['etag']).toBe(await etagOf(sourceOf(cloud), stored));
    expect(reply.headers['x-amz-server-side-encryption']).toBe('AES256');
    expect(reply.body.equals(contentOf(sourceOf(cloud)))).toBe(true);
  });

  test.each([
    ['bytes=0-0', 0, 1],
    ['bytes=1000-1999', 1_000, 2_000],
    ['bytes=299000-', 299_000, SIZE],
    ['bytes=299000-999999999', 299_000, SIZE],
    ['bytes=-500', SIZE - 500, SIZE],
    ['bytes=262143-262145', 262_143, 262_146],
  ])('a request for the range %s gets a 206 with exactly the bytes of that range', async (range, start, end) => {
    const reply = await fetchOnce(entry.url, { range });
    expect(reply.status).toBe(206);
    expect(reply.headers['content-range']).toBe(`bytes ${start}-${end - 1}/${SIZE}`);
    expect(reply.headers['content-length']).toBe(String(end - start));
    expect(reply.body.equals(contentOf(sourceOf(cloud), start, end))).toBe(true);
  });

  test.each(['bytes=5-2', 'bytes=0-1,4-5', 'lines=1-2', 'bytes=-'])(
    'the CDN answers %s with 200, because it is not a valid range',
    async (range) => {
      expect((await fetchOnce(entry.url, { range })).status).toBe(200);
    },
  );

  test("a range beyond the end of a file gets a 416 with the file's size", async () => {
    const reply = await fetchOnce(entry.url, { range: `bytes=${SIZE}-` });
    expect(reply.status).toBe(416);
    expect(reply.headers['content-range']).toBe(`bytes */${SIZE}`);
  });

  test('If-Range with the current ETag or date gives 206, and any other value gives the whole file', async () => {
    const whole = await fetchOnce(entry.url);
    const status = async (ifRange: string) => (await fetchOnce(entry.url, { range: 'bytes=0-9', 'if-range': ifRange })).status;
    expect(await status(String(whole.headers['etag']))).toBe(206);
    expect(await status(String(whole.headers['last-modified']))).toBe(206);
    expect(await status('"other"')).toBe(200);
    expect(await status('Wed, 01 Jan 2020 00:00:00 GMT')).toBe(200);
  });

  test('a signed URL works only for the method that it was signed for', async () => {
    expect((await fetchOnce(entry.url)).status).toBe(200);
    expect((await fetchOnce(entry.url, {}, 'HEAD')).status).toBe(403);
    expect((await fetchOnce(entry.head)).status).toBe(403);
    const head = await fetchOnce(entry.head, {}, 'HEAD');
    expect(head.headers['content-length']).toBe(String(SIZE));
    expect(head.body).toHaveLength(0);
  });

  test('a signature works for no other file, and cannot be altered', async () => {
    const other = await resolve(cloud, 's');
    const stolen = new URL(entry.url);
    stolen.pathname = new URL(other.url).pathname;
    expect((await fetchOnce(stolen.href)).status).toBe(403);
    expect((await fetchOnce(entry.url.replace(/Signature=.{5}/, 'Signature=AAAAA'))).status).toBe(403);
    expect((await fetchOnce(entry.url.split('?')[0] ?? '')).status).toBe(403);
  });

  test('a request with a cookie or an authorization is refused and counted as a leak', async () => {
    const before = cloud.stats().leaks;
    expect((await fetchOnce(entry.url, { authorization: 'Bearer x' })).status).toBe(400);
    expect((await fetchOnce(entry.head, { cookie: 'a=b' }, 'HEAD')).status).toBe(400);
    expect(cloud.stats().leaks - before).toBe(2);
  });

  test('sidecars have their own content types', async () => {
    const telemetry = await resolve(cloud, 's', 'gpx');
    expect((await fetchOnce(telemetry.url)).headers['content-type']).toBe('application/gpx+xml');
  });

  test('one connection can carry many requests', async () => {
    const before = cloud.requests.length;
    const client = new Client(cloud.cdnUrl);
    for (let nth = 0; nth < 5; nth += 1) {
      const { body } = await client.request({
        method: 'GET',
        path: entry.url.slice(cloud.cdnUrl.length),
        headers: { range: 'bytes=0-9' },
      });
      await body.dump();
    }
    await client.close();
    expect(new Set(cloud.requests.slice(before).map((request) => request.clientPort)).size).toBe(1);
  });
});

describe('signed URLs', () => {
  test('a signed URL expires after its lifetime', async () => {
    await using cloud = await startGoproCloud({ library: newLibrary(), urlTtlMs: 150 });
    const entry = await resolve(cloud, 'a');
    expect((await fetchOnce(entry.url)).status).toBe(200);
    await sleep(200);
    const late = await fetchOnce(entry.url);
    expect(late.status).toBe(403);
    expect(late.body.toString()).toContain('Request has expired');
  });

  test('a signed URL expires after it was used the allowed number of times', async () => {
    await using cloud = await startGoproCloud({ library: newLibrary(), urlUses: 2 });
    const [first, second] = [await resolve(cloud, 'a'), await resolve(cloud, 'a')];
    const statuses = [];
    for (const url of [first.url, first.url, first.url, second.url]) statuses.push((await fetchOnce(url)).status);
    expect(statuses).toEqual([200, 200, 403, 200]);
  });

  test('a signed URL states when it expires', async () => {
    await using cloud = await startGoproCloud({ library: newLibrary() });
    const { searchParams } = new URL((await resolve(cloud, 'a')).url);
    expect(Number(searchParams.get('Expires')) * 1000 - Date.now()).toBeGreaterThan(3_500_000);
    expect([...searchParams.keys()]).toEqual(expect.arrayContaining(['Signature', 'Key-Pair-Id']));
  });

  test('a signed URL still works after its medium was moved to the trash', async () => {
    await using cloud = await startGoproCloud({ library: newLibrary() });
    const entry = await resolve(cloud, 'a');
    cloud.library.trash('a');
    expect((await fetchOnce(entry.url)).status).toBe(200);
  });
});

describe('back-pressure', () => {
  test('a client that reads nothing costs no more memory than the buffers of one connection', async () => {
    await using cloud = await startGoproCloud({ preset: 'big-file', presetOptions: { sizeBytes: 400_000_000 } });
    const [medium] = cloud.library.media();
    const { url } = await resolve(cloud, medium?.id ?? '');
    const abort = new AbortController();
    const reply = await fetch(url, { signal: abort.signal });
    await sleep(300);
    expect(reply.status).toBe(200);
    expect(cloud.requests.at(-1)?.bytesSent).toBeLessThan(64 * 1024 * 1024);
    abort.abort();
    await expect.poll(() => cloud.requests.at(-1)?.endedMs).toBeDefined();
    expect(cloud.requests.at(-1)?.complete).toBe(false);
  });
});
