import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { contentOf } from '../../content.ts';
import { faultCatalogue } from './catalogue.ts';
import type { Fault, FaultAction } from './faults.ts';
import { startGoproCloud, type GoproCloud } from '../index.ts';
import { createLibrary, type SimFile } from '../library/library.ts';
import { video } from '../library/shapes.ts';
import { fetchOnce, resolve, type DownloadEntry } from '../../../../test/support/gopro-sim-client.ts';

const SIZE = 200_000;

let cloud: GoproCloud;
let entry: DownloadEntry;

beforeEach(async () => {
  const spec = { id: 'a', seed: 'f', filename: 'A.MP4', createdAt: '2025-01-01T00:00:00Z', stored: [{ partBytes: 120_000 }] };
  cloud = await startGoproCloud({ library: createLibrary([video(spec, SIZE)]) });
  entry = await resolve(cloud, 'a');
});

afterEach(() => cloud.close());

function fileNow(): SimFile {
  const file = cloud.library.get('a')?.files.find((each) => each.label === 'source');
  if (file === undefined) throw new Error('The medium has no source.');
  return file;
}

function strike(action: FaultAction, match: Fault['match'] = {}): void {
  cloud.faults.set([{ match: { host: 'cdn', ...match }, action }]);
}

/** Receives a reply. Returns its number of bytes, and how it ended. */
async function receive(url = entry.url, headers: Record<string, string> = {}, patienceMs = 2_000) {
  const reply = await fetch(url, { headers, signal: AbortSignal.timeout(patienceMs) });
  let bytes = 0;
  try {
    for await (const chunk of reply.body ?? []) bytes += chunk.length;
    return { status: reply.status, bytes, end: 'complete' };
  } catch (error) {
    return { status: reply.status, bytes, end: error instanceof Error && error.name === 'TimeoutError' ? 'silence' : 'broken' };
  }
}

/** Returns the offsets at which a reply to a request for a range has wrong bytes. */
async function wrongBytes(start: number, end = SIZE): Promise<number[]> {
  const { body } = await fetchOnce(entry.url, { range: `bytes=${start}-${end - 1}` });
  const expected = contentOf(fileNow(), start, end);
  expect(body).toHaveLength(expected.length);
  return [...body].flatMap((byte, index) => (byte === expected[index] ? [] : [start + index]));
}

describe('connections that fail', () => {
  test('a connection that is reset before the head gives no reply', async () => {
    strike({ type: 'reset' }, { attempt: 1 });
    await expect(fetchOnce(entry.url)).rejects.toThrow();
    expect(cloud.requests.at(-1)).toMatchObject({ status: 0, complete: false, faults: ['reset'] });
    expect((await fetchOnce(entry.url)).status).toBe(200);
  });

  test.each<[FaultAction, string]>([
    [{ type: 'reset', afterBytes: 70_000 }, 'broken'],
    [{ type: 'endEarly', afterBytes: 70_000 }, 'broken'],
    [{ type: 'stall', afterBytes: 70_000 }, 'silence'],
    [{ type: 'stall', afterBytes: 70_000, forMs: 50 }, 'broken'],
  ])('the fault %j delivers 70,000 bytes and then ends with: %s', async (action, end) => {
    strike(action);
    expect(await receive(entry.url, {}, 400)).toEqual({ status: 200, bytes: 70_000, end });
  });

  test('a cut position beyond the end of a file still cuts off the last byte', async () => {
    strike({ type: 'endEarly', afterBytes: 10_000_000 });
    expect(await receive()).toMatchObject({ bytes: SIZE - 1, end: 'broken' });
  });

  test('if a silence before the head ends, the whole reply follows', async () => {
    strike({ type: 'stall' }, { attempt: 1 });
    await expect(receive(entry.url, {}, 150)).rejects.toThrow('timeout');
    strike({ type: 'stall', forMs: 80 });
    expect(await receive()).toMatchObject({ bytes: SIZE, end: 'complete' });
  });

  test('the faults `drip` and `delay` take time and lose no byte', async () => {
    strike({ type: 'drip', bytes: 50_000, everyMs: 40 });
    const started = performance.now();
    expect(await receive()).toEqual({ status: 200, bytes: SIZE, end: 'complete' });
    expect(performance.now() - started).toBeGreaterThan(100);
    strike({ type: 'delay', ms: 120 });
    const delayed = performance.now();
    await receive();
    expect(performance.now() - delayed).toBeGreaterThan(100);
  });
});

describe('replies other than the requested file', () => {
  test('an error status can have Retry-After in seconds or as a date', async () => {
    strike({ type: 'status', status: 429, retryAfter: 7, body: 'slow down' });
    const limited = await fetchOnce(entry.url);
    expect([limited.status, limited.headers['retry-after'], limited.body.toString()]).toEqual([429, '7', 'slow down']);
    strike({ type: 'status', status: 503, retryAfter: 60, retryAfterAs: 'date' });
    const later = Date.parse(String((await fetchOnce(entry.url)).headers['retry-after']));
    expect(Math.abs(later - Date.now() - 60_000)).toBeLessThan(5_000);
  });

  test("a page in place of a file can have its own headers, the file's length, or all headers of the file", async () => {
    const range = { range: 'bytes=10-99' };
    strike({ type: 'page', kind: 'html' });
    expect(await fetchOnce(entry.url, range)).toMatchObject({
      status: 200,
      headers: { 'content-type': 'text/html; charset=utf-8' },
    });
    strike({ type: 'page', kind: 'json', disguise: 'length' });
    const json = await fetchOnce(entry.url, range);
    expect(json).toMatchObject({ status: 200, headers: { 'content-type': 'application/json', 'content-length': '90' } });
    expect(json.body).toHaveLength(90);
    strike({ type: 'page', kind: 'html', disguise: 'media' });
    const media = await fetchOnce(entry.url, range);
    expect(media).toMatchObject({
      status: 206,
      headers: { 'content-type': 'video/mp4', 'content-range': `bytes 10-99/${SIZE}` },
    });
    expect(media.body.toString()).toMatch(/^<!DOCTYPE html>/);
  });

  test('the fault `short` gives a consistent reply that contradicts HEAD', async () => {
    strike({ type: 'short', missingBytes: 1_000 });
    expect(await receive()).toEqual({ status: 200, bytes: SIZE - 1_000, end: 'complete' });
    const tail = await fetchOnce(entry.url, { range: `bytes=${SIZE - 1_500}-` });
    expect(tail.headers['content-range']).toBe(`bytes ${SIZE - 1_500}-${SIZE - 1_001}/${SIZE - 1_000}`);
    expect((await fetchOnce(entry.url, { range: `bytes=${SIZE - 500}-` })).status).toBe(416);
    expect((await fetchOnce(entry.head, {}, 'HEAD')).headers['content-length']).toBe(String(SIZE));
  });

  test('the CDN can ignore a range, shift it, or state a wrong total', async () => {
    const range = { range: 'bytes=10-99' };
    strike({ type: 'ignoreRange' });
    expect(await receive(entry.url, range)).toMatchObject({ status: 200, bytes: SIZE });
    strike({ type: 'wrongContentRange', shiftBytes: 5 });
    expect((await fetchOnce(entry.url, range)).headers['content-range']).toBe(`bytes 15-104/${SIZE}`);
    strike({ type: 'wrongContentRange', totalDelta: -3 });
    expect((await fetchOnce(entry.url, range)).headers['content-range']).toBe(`bytes 10-99/${SIZE - 3}`);
  });

  test('with the fault `missingLength`, GET sends the whole file in chunks and HEAD states no size', async () => {
    strike({ type: 'missingLength' });
    const reply = await fetchOnce(entry.url, { range: 'bytes=10-99' });
    expect(reply).toMatchObject({ status: 200, headers: { 'transfer-encoding': 'chunked' } });
    expect(reply.body).toHaveLength(SIZE);
    expect((await fetchOnce(entry.head, {}, 'HEAD')).headers).not.toHaveProperty('content-length');
  });

  test('HEAD can be refused, or state a wrong size', async () => {
    strike({ type: 'status', status: 405 }, { method: 'HEAD' });
    expect((await fetchOnce(entry.head, {}, 'HEAD')).status).toBe(405);
    expect((await fetchOnce(entry.url)).status).toBe(200);
    strike({ type: 'headLies', extraBytes: 11 });
    expect((await fetchOnce(entry.head, {}, 'HEAD')).headers['content-length']).toBe(String(SIZE + 11));
  });

  test('a reply with gzip contains the true bytes', async () => {
    strike({ type: 'gzip' });
    const reply = await fetchOnce(entry.url, { range: 'bytes=10-99', 'accept-encoding': 'identity' });
    expect(reply.headers['content-encoding']).toBe('gzip');
    expect(gunzipSync(reply.body).equals(contentOf(fileNow(), 10, 100))).toBe(true);
  });

  test('with the fault `expireUrl` the CDN refuses a valid URL as if it had expired', async () => {
    strike({ type: 'expireUrl' }, { rangeStartAtLeast: 50 });
    expect((await fetchOnce(entry.url, { range: 'bytes=0-9' })).status).toBe(206);
    expect((await fetchOnce(entry.url, { range: 'bytes=50-59' })).status).toBe(403);
  });

  test.each<[string | number | undefined, number]>([
    [150_000, 150_000],
    ['middle', 100_000],
    ['beforeBorder', 119_999],
    ['afterBorder', 120_000],
    [undefined, 125_000],
  ])('the fault `corrupt` at %s changes exactly the byte %i', async (at, changed) => {
    strike({ type: 'corrupt', ...(at !== undefined && { at }) } as FaultAction);
    expect(await wrongBytes(50_000)).toEqual([changed]);
    expect(await wrongBytes(0, 10)).toEqual(at === undefined ? [5] : []);
  });

  test('the border of a file in one part is its end', async () => {
    const spec = { id: 'one', seed: 'f', filename: 'A.MP4', createdAt: '2025-01-01T00:00:00Z', stored: [{ partBytes: null }] };
    cloud.library.add(video(spec, SIZE));
    const { url } = await resolve(cloud, 'one');
    strike({ type: 'corrupt', at: 'afterBorder' });
    const { body } = await fetchOnce(url);
    strike({ type: 'corrupt', at: 'beforeBorder' });
    const { body: other } = await fetchOnce(url);
    expect(other[SIZE - 1]).toBe(body[SIZE - 1]! ^ 1);
  });

  test('the fault `corruptAtBorder` changes a byte once, in the first request for it', async () => {
    cloud.faults.set(faultCatalogue.corruptAtBorder());
    expect(await wrongBytes(0, 119_999)).toEqual([]);
    expect(await wrongBytes(100_000)).toEqual([119_999]);
    expect(await wrongBytes(0)).toEqual([]);
  });

  test('the fault `corruptOnResume` changes a byte of the remainder of each part', async () => {
    cloud.faults.set(faultCatalogue.corruptOnResume());
    await expect(wrongBytes(0, 100_000)).rejects.toThrow();
    await expect(wrongBytes(100_000)).rejects.toThrow();
    expect(await wrongBytes(1_000, 100_000)).toEqual([50_500]);
    expect(await wrongBytes(101_000)).toEqual([150_500]);
    expect(await wrongBytes(0, 100_000)).toEqual([]);
  });

  test('the fault `etagChange` gives a file another size and another ETag, also for later requests', async () => {
    const before = await fetchOnce(entry.url);
    const etag = String(before.headers['etag']);
    strike({ type: 'etagChange', sizeBytes: SIZE + 5 }, { attempt: 1 });
    const resumed = await fetchOnce(entry.url, { range: 'bytes=100-', 'if-range': etag });
    expect([resumed.status, resumed.body.length]).toEqual([200, SIZE + 5]);
    expect(resumed.headers['etag']).not.toBe(etag);
    expect((await fetchOnce(entry.url)).headers['etag']).toBe(resumed.headers['etag']);
  });

  test('a redirect leads to the same file under another host, and a redirect loop leads to its own URL', async () => {
    strike({ type: 'redirect' });
    const moved = await fetchOnce(entry.url);
    expect(moved.status).toBe(302);
    const location = String(moved.headers['location']);
    expect(new URL(location).hostname).toBe('localhost');
    expect((await fetchOnce(location)).body).toHaveLength(SIZE);
    strike({ type: 'redirectLoop' });
    const loop = await fetchOnce(entry.url);
    expect(new URL(String(loop.headers['location']), entry.url).href).toBe(entry.url);
  });
});
