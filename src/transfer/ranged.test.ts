import { expect, test } from 'vitest';
import { hastyClock } from '../../test/support/scripted-gopro-api.ts';
import type { Part, PartWriter } from '../destination/destination.ts';
import { createAccounting } from './accounting.ts';
import type { Attempt } from './attempt.ts';
import { createPartSlots } from './limits.ts';
import { createPatience } from './patience.ts';
import { fetchParts } from './ranged.ts';
import { unlimited } from './slice.ts';

const partSizeBytes = 10;

interface Asked {
  readonly start: number;
  readonly signal: AbortSignal;
}

/** A file of a host that answers each request with the chunks that `serve` gives; an Error among them breaks the stream there. */
function fetchFrom(content: string, serve: (asked: Asked) => AsyncIterable<string | Error> | Iterable<string | Error>) {
  const stored: string[] = [];
  let requests = 0;
  const writePart = (_file: unknown, _state: unknown, number: number, sizeBytes: number | null): PartWriter => {
    const chunks: Uint8Array[] = [];
    return {
      write: (chunk) => void chunks.push(Uint8Array.from(chunk)),
      end: async (crc32): Promise<Part> => {
        stored[number - 1] = Buffer.concat(chunks).toString('latin1');
        return { number, sizeBytes: sizeBytes ?? 0, crc32, receipt: '' };
      },
      abort: () => {},
    };
  };
  const request = async (_method: string, _url: string, headers: { readonly range?: string }, signal: AbortSignal) => {
    requests += 1;
    const [start = 0, end = content.length - 1] = (headers.range ?? '').match(/\d+/g)?.map(Number) ?? [];
    const pump = async (take: (chunk: Uint8Array) => Promise<void> | undefined) => {
      for await (const chunk of serve({ start, signal })) {
        if (chunk instanceof Error) throw chunk;
        await take(Buffer.from(chunk, 'latin1'));
      }
    };
    return {
      status: headers.range ? 206 : 200,
      headers: {
        'content-length': String(end - start + 1),
        ...(headers.range && { 'content-range': `bytes ${start}-${end}/${content.length}` }),
      },
      body: { pump, discard: () => {} },
    };
  };
  const offered = { url: 'https://media.example/a.jpg', extension: 'jpg' };
  const clock = hastyClock();
  const attempt = {
    job: {
      order: 1,
      tracked: { id: 'a', original: { key: 'a.jpg' } },
      urls: { offer: async () => ({ offered, generation: 0 }) },
    },
    ports: {
      hosts: { request },
      destination: { writePart, maxPauseMs: Number.POSITIVE_INFINITY },
      slots: createPartSlots(3),
      accounting: createAccounting(clock, { media: 1, sizeHintBytes: 0 }),
      bandwidth: () => undefined,
      slice: unlimited,
      clock,
      report: () => {},
    },
    patience: createPatience(clock),
    learned: { sizeBytes: content.length, validator: { etag: '"a"', lastModified: null }, ranges: true },
    state: { partSizeBytes },
    resumable: false,
    signal: new AbortController().signal,
  };
  return { parts: fetchParts(attempt as unknown as Attempt, []), stored, requests: () => requests };
}

test('a page is refused also when its stream broke before it could be told', async () => {
  const page = '<html>';
  const served = fetchFrom(page, ({ start }) => (start === 0 ? ['<', new Error('reset')] : [page.slice(start)]));
  await expect(served.parts).rejects.toMatchObject({ code: 'PATIENCE_EXHAUSTED' });
  expect(served.stored).toEqual([]);
});

test('a stream that breaks after each byte is put together again', async () => {
  const content = 'a photo of 34 bytes in four parts.';
  const served = fetchFrom(content, ({ start }) => [content.charAt(start), new Error('reset')]);
  expect((await served.parts).map((part) => part.number)).toEqual([1, 2, 3, 4]);
  expect(served.stored.join('')).toBe(content);
  expect(served.requests()).toBe(content.length);
});

test('a part that cannot be had ends the others, and the error is its own', async () => {
  const content = 'x'.repeat(25);
  let ended = 0;
  const served = fetchFrom(content, async function* ({ start, signal }) {
    if (start === 0) yield 'x'.repeat(10);
    else if (start === 10) yield 'x'.repeat(11);
    else {
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      ended += 1;
      yield new Error('aborted');
    }
  });
  await expect(served.parts).rejects.toMatchObject({ code: 'SIZE_UNPROVEN' });
  expect(ended).toBe(1);
});
