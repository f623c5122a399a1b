import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import { begin, describeFile, partSizeBytes, useTestDisk } from '../../../test/support/disk-archive.ts';
import { collect } from '../../../test/support/collect.ts';
import { systemClock } from '../../lib/clock.ts';
import { crc32 } from '../../lib/crc32.ts';
import { createHttpClient } from '../../lib/http/index.ts';
import type { Span } from '../../lib/span.ts';
import { startGoproCloud } from '../../sim/gopro/index.ts';
import { createGoproSource } from '../../source/gopro/index.ts';
import type { Metrics } from './metrics.ts';
import { tracedDestination, tracedHttp, tracedSource } from './traced.ts';

/** Records every span and whether the span failed. */
function createNotes() {
  const notes: string[] = [];
  const span: Span = async (name, annotations, work) => {
    try {
      const result = await work();
      notes.push(`${name} ${JSON.stringify(annotations)}`);
      return result;
    } catch (error) {
      notes.push(`${name} failed`);
      throw error;
    }
  };
  return { notes, span };
}

/** Waits until the callbacks of settled promises have run. */
const settled = async () => new Promise((resolve) => setImmediate(resolve));

/** Starts a simulated library of two pages and a source that reads the library. */
async function openSource() {
  const cloud = await startGoproCloud({ preset: 'large', presetOptions: { count: 3 }, perPageCap: 2 });
  const http = createHttpClient({ connections: 1 });
  const credentials = { accessToken: cloud.accessToken, userId: cloud.userId };
  const options = { apiUrl: cloud.apiUrl, credentials, requestsPerSecond: 100, stallMs: 2_000 };
  const source = createGoproSource({ ...options, http, clock: systemClock });
  const dispose = async () => void (await Promise.all([http.close(), cloud.close()]));
  return { source, [Symbol.asyncDispose]: dispose };
}

test('each page and each call of a source is a span', async () => {
  const { notes, span } = createNotes();
  await using opened = await openSource();
  const traced = tracedSource(opened.source, span);
  await traced.validate();
  const pages = await collect(traced.list(1));
  expect(pages.map(({ page }) => page)).toEqual([1, 2]);
  const [medium] = pages[0]!.media;
  expect(await traced.get(medium!.id)).toEqual(medium);
  await expect(traced.resolve('nobody-knows-me', [])).rejects.toMatchObject({ code: 'SOURCE_GONE' });
  const list = 'gopro_api_call {"operation":"list"}';
  expect(notes).toEqual([
    'gopro_api_call {"operation":"validate"}',
    list,
    list,
    list,
    'gopro_api_call {"operation":"get"}',
    'gopro_api_call failed',
  ]);
});

describe('a traced destination', () => {
  const place = useTestDisk();

  test('a traced destination has a span for each stored or abandoned part and for each commit', async () => {
    const { notes, span } = createNotes();
    const traced = tracedDestination(place.disk, span);
    const bytes = Buffer.alloc(partSizeBytes + 3, 'a film ');
    const [first, second] = [bytes.subarray(0, partSizeBytes), bytes.subarray(partSizeBytes)];
    const file = describeFile('m1', 'k');
    const state = await begin(traced, file, bytes.length);
    const write = async (number: number, chunk: Buffer) => {
      const writer = traced.writePart(file, state, number, chunk.length);
      await writer.write(chunk);
      return writer.end(crc32(chunk));
    };
    const parts = [await write(1, first)];
    traced.writePart(file, state, 2, second.length).abort();
    await settled();
    parts.push(await write(2, second));
    const whole = { sizeBytes: bytes.length, crc32: crc32(bytes) };
    expect(await traced.commit(file, state, parts, whole)).toMatchObject({ key: 'k', ...whole });
    expect(notes).toEqual([
      `s3_upload_part {"key":"k","part":1,"bytes":${first.length}}`,
      's3_upload_part failed',
      `s3_upload_part {"key":"k","part":2,"bytes":${second.length}}`,
      `s3_complete_multipart_upload {"key":"k","parts":2,"bytes":${bytes.length}}`,
    ]);
  });
});

/** Starts a media host with one file and creates a client for the host. */
async function startHost() {
  const server = createServer((_request, response) => response.end('the bytes of a film')).listen(0, '127.0.0.1');
  const http = createHttpClient({ connections: 1 });
  await new Promise((resolve) => server.once('listening', resolve));
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/a.mp4?Signature=secret`);
  const dispose = async () => {
    await http.close();
    server.close();
  };
  return { http, url, [Symbol.asyncDispose]: dispose };
}

test('the span of a download ends with the last byte, and the time to the first byte is a metric', async () => {
  const { notes, span } = createNotes();
  const added: [string, number][] = [];
  const metrics: Metrics = { add: (name, value) => void added.push([name, value]) };
  await using host = await startHost();
  const traced = tracedHttp(host.http, span, metrics);
  const { body } = await traced.request(host.url, { stallMs: 1_000 });
  expect(notes).toEqual([]);
  await body.pump(() => undefined);
  const head = await traced.request(host.url, { method: 'HEAD', stallMs: 1_000 });
  head.body.discard();
  await settled();
  const expected = new RegExp(`^cloudfront_download {"host":"${host.url.host}","ttfb_seconds":[\\d.e-]+}$`);
  expect(notes).toEqual([expect.stringMatching(expected)]);
  expect(added).toEqual([['TimeToFirstByte', expect.any(Number)]]);
});
