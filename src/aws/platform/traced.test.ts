import { expect, test } from 'vitest';
import type { Destination, PartWriter } from '../../destination/destination.ts';
import type { HttpClient } from '../../lib/http/index.ts';
import type { Span } from '../../lib/span.ts';
import type { Source } from '../../source/source.ts';
import type { Metrics } from './metrics.ts';
import { tracedDestination, tracedHttp, tracedSource } from './traced.ts';

/** Notes every span with how it ended. */
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

/** Lets what was settled reach those that wait for it. */
const settled = async () => new Promise((resolve) => setImmediate(resolve));

test('every page and every call of a source is a span; what is known after a validation is kept', async () => {
  const { notes, span } = createNotes();
  const source = {
    provider: 'gopro',
    account: 'a',
    validate: async () => {},
    async *list() {
      yield { page: 1 };
      yield { page: 2 };
    },
    get: async () => undefined,
    resolve: () => Promise.reject(new Error('gone')),
  } as unknown as Source;
  let kept = 0;
  const traced = tracedSource(source, span, async () => void (kept += 1));
  await traced.validate();
  const pages = [];
  for await (const { page } of traced.list(1)) pages.push(page);
  await traced.get('m');
  await expect(traced.resolve('m', [])).rejects.toThrow('gone');
  expect(pages).toEqual([1, 2]);
  expect(kept).toBe(1);
  expect(notes.slice(0, 2)).toEqual(['gopro_api_call {"operation":"validate"}', 'gopro_api_call {"operation":"list"}']);
  expect(notes.at(-1)).toBe('gopro_api_call failed');
});

test('a part is a span from its writer to its receipt, or to where it was given up', async () => {
  const { notes, span } = createNotes();
  const writer: PartWriter = {
    write: () => undefined,
    end: async (crc32) => ({ number: 1, sizeBytes: 3, crc32, receipt: '"e"' }),
    abort: () => {},
  };
  const destination = {
    writePart: () => writer,
    commit: async () => ({ key: 'k', sizeBytes: 3, crc32: 7 }),
  } as unknown as Destination;
  const traced = tracedDestination(destination, span);
  const file = { original: { key: 'k' } } as Parameters<Destination['commit']>[0];
  const state = {} as Parameters<Destination['commit']>[1];
  const part = await traced.writePart(file, state, 1, 3).end(7);
  traced.writePart(file, state, 2, null).abort();
  await traced.commit(file, state, [part], { sizeBytes: 3, crc32: 7 });
  await settled();
  expect(notes).toEqual([
    's3_upload_part {"key":"k","part":1,"bytes":3}',
    's3_upload_part failed',
    's3_complete_multipart_upload {"key":"k","parts":1,"bytes":3}',
  ]);
});

test('a download is a span until its last byte, and the time to its first one is a metric', async () => {
  const { notes, span } = createNotes();
  const added: [string, number][] = [];
  const metrics: Metrics = { add: (name, value) => void added.push([name, value]) };
  const reply = {
    status: 200,
    headers: {},
    body: { discard: () => {}, pump: async (take: (chunk: Uint8Array) => void) => take(new Uint8Array(1)) },
  };
  const http = { request: async () => reply, close: async () => {} } as unknown as HttpClient;
  const traced = tracedHttp(http, span, metrics);
  const url = new URL('https://cdn.example/a.mp4?Signature=secret');
  const { body } = await traced.request(url, { stallMs: 1_000 });
  expect(notes).toEqual([]);
  await body.pump(() => undefined);
  await traced.request(url, { method: 'HEAD', stallMs: 1_000 });
  await settled();
  expect(notes).toEqual([expect.stringMatching(/^cloudfront_download \{"host":"cdn.example","ttfb_seconds":[\d.e-]+\}$/)]);
  expect(added).toEqual([['TimeToFirstByte', expect.any(Number)]]);
});
