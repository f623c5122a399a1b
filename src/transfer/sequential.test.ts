import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { Part, PartWriter } from '../destination/destination.ts';
import { SyncError } from '../errors.ts';
import { systemClock } from '../lib/clock.ts';
import type { OfferedOriginal } from '../media.ts';
import { createAccounting } from './accounting.ts';
import type { Attempt } from './attempt.ts';
import { crc32 } from '../lib/crc32.ts';
import { createPartSlots } from './limits.ts';
import { createPatience } from './patience.ts';
import { fetchInOnePiece } from './sequential.ts';

const partSizeBytes = 10;

/** A store whose writers insist on the length that they were promised, as the real ones do. */
function createStore(storing: Promise<void> = Promise.resolve()) {
  const stored: string[] = [];
  let begun = 0;
  let aborted = 0;
  const writePart = (_file: unknown, _state: unknown, number: number, sizeBytes: number | null): PartWriter => {
    const chunks: Uint8Array[] = [];
    begun += 1;
    return {
      write: (chunk) => void chunks.push(Uint8Array.from(chunk)),
      end: async (crc): Promise<Part> => {
        const bytes = Buffer.concat(chunks);
        await storing;
        if (sizeBytes !== null && bytes.length !== sizeBytes) throw new SyncError('STORE_FAILED', 'the part has another length');
        expect(crc32(bytes)).toBe(crc);
        stored[number - 1] = bytes.toString('latin1');
        return { number, sizeBytes: bytes.length, crc32: crc, receipt: '' };
      },
      abort: () => void (aborted += 1),
    };
  };
  return { writePart, stored, begun: () => begun, aborted: () => aborted };
}

/** One attempt at a file that the host sends in `chunks`; its size is known from its HEAD, or not. */
function attemptAt(
  chunks: readonly string[],
  sizeBytes: number | null,
  broken?: { readonly storing: Promise<void>; readonly error: Error },
) {
  const store = createStore(broken?.storing);
  const { signal } = new AbortController();
  const offered: Partial<OfferedOriginal> = { url: 'https://media.example/a.mp4', extension: 'mp4' };
  const pump = async (take: (chunk: Uint8Array) => Promise<void> | undefined) => {
    for (const chunk of chunks) {
      const taken = take(Buffer.from(chunk, 'latin1'));
      taken?.catch(() => {}); // as of a body that is given up
      if (broken) throw broken.error;
      await taken;
    }
  };
  const reply = { status: 200, headers: { 'transfer-encoding': 'chunked' }, body: { pump, discard: () => {} } };
  const attempt = {
    job: { order: 1, tracked: { original: { key: 'a.mp4' } }, urls: { offer: async () => ({ offered, generation: 0 }) } },
    ports: {
      hosts: { request: async () => reply },
      destination: { writePart: store.writePart },
      slots: createPartSlots(1),
      accounting: createAccounting(systemClock, { media: 1, sizeHintBytes: 0 }),
      bandwidth: () => undefined,
    },
    patience: createPatience(systemClock),
    learned: { sizeBytes, validator: { etag: null, lastModified: null }, ranges: false },
    state: { partSizeBytes },
    resumable: false,
    signal,
  };
  return { store, fetched: fetchInOnePiece(attempt as unknown as Attempt) };
}

describe.each([{ known: true }, { known: false }])('a file whose size is known: $known', ({ known }) => {
  test.each([
    ['shorter than a part', ['abc']],
    ['of one part', ['0123456789']],
    ['of small chunks', ['01234', '56789', 'abcde', 'f']],
    ['in a chunk larger than several parts', ['x'.repeat(47)]],
    ['in chunks of several parts each', ['x'.repeat(25), 'y'.repeat(35), 'z']],
  ])('is cut into its parts: %s', async (_, chunks) => {
    const content = chunks.join('');
    const { store, fetched } = attemptAt(chunks, known ? content.length : null);
    const parts = await fetched;
    expect(store.stored.join('')).toBe(content);
    expect(parts.map((part) => part.number)).toEqual(parts.map((_part, index) => index + 1));
    expect(parts.slice(0, -1).every((part) => part.sizeBytes === partSizeBytes)).toBe(true);
  });
});

test.each([
  ['TRUNCATED', ['01234'], 8],
  ['TRUNCATED', ['0123456789', '01'], 15],
  ['TRUNCATED', ['0123456789'], 15],
  ['SIZE_UNPROVEN', ['01234', '56'], 6],
  ['SIZE_UNPROVEN', ['x'.repeat(31)], 30],
  ['NOT_MEDIA', [], null],
  ['NOT_MEDIA', ['<html>'], null],
] as const)('%s: chunks %j of a file of %j bytes', async (code, chunks, sizeBytes) => {
  const { fetched } = attemptAt(chunks, sizeBytes);
  await expect(fetched).rejects.toMatchObject({ code });
});

test('a part that is not complete is given up', async () => {
  const { store, fetched } = attemptAt(['0123456789', '01'], 15);
  await expect(fetched).rejects.toThrow('12 of 15 bytes');
  expect(store.stored).toEqual(['0123456789']);
  expect(store.aborted()).toBe(1);
});

test('nothing is begun any more once the file was given up, whatever was being stored then', async () => {
  const gate = Promise.withResolvers<void>();
  const { store, fetched } = attemptAt(['x'.repeat(15)], 30, { storing: gate.promise, error: new Error('given up') });
  await expect(fetched).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
  gate.resolve();
  await nextTurn();
  expect(store.begun()).toBe(1);
});
