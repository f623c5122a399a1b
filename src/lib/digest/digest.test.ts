import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { closeWhileAnswered } from '../../../test/support/digest-process.ts';
import { createDigests, partDigests, type BeginOptions } from './index.ts';

const digests = createDigests();
afterAll(async () => digests.close());

const kibibyte = 1024;

function randomBytes(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let index = 0, state = length + 1; index < length; index += 1) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    bytes[index] = state >>> 16;
  }
  return bytes;
}

function shared(bytes: Uint8Array): Buffer {
  const copy = Buffer.from(new SharedArrayBuffer(bytes.length));
  copy.set(bytes);
  return copy;
}

function md5(bytes: Uint8Array): string {
  return createHash('md5').update(bytes).digest('hex');
}

/** The digests of the parts, by the definition. */
function expected(file: Uint8Array, partSize: number): string[] {
  if (partSize === 0 || file.length === 0) return [md5(file)];
  const count = Math.ceil(file.length / partSize);
  return Array.from({ length: count }, (_, index) => md5(file.subarray(index * partSize, (index + 1) * partSize)));
}

/** Hands on a range of a file in chunks of `chunkBytes`, which it overwrites when it may. */
async function run(
  file: Uint8Array,
  { from = 0, to = file.length, chunkBytes = 256 * kibibyte, isShared = true, ...options }: RunOptions,
): Promise<string> {
  const running = digests.begin({ savesState: false, ...options, offset: from });
  for (let at = from; at < to; at += chunkBytes) {
    const bytes = file.subarray(at, Math.min(at + chunkBytes, to));
    const chunk = isShared ? shared(bytes) : Buffer.from(bytes);
    await running.update(chunk);
    chunk.fill(0);
  }
  return running.end(to === file.length);
}

type RunOptions = Pick<BeginOptions, 'partSizes'> & {
  readonly before?: string;
  readonly savesState?: boolean;
  readonly from?: number;
  readonly to?: number;
  readonly chunkBytes?: number;
  readonly isShared?: boolean;
};

describe.each([
  { memory: 'shared memory', isShared: true },
  { memory: 'other memory', isShared: false },
])('chunks in $memory', ({ isShared }) => {
  test.each([
    { name: 'an empty file', fileBytes: 0 },
    { name: 'a small file', fileBytes: 1000 },
    { name: 'a file of one full chunk', fileBytes: 256 * kibibyte },
    { name: 'a large file', fileBytes: 3_000_001 },
  ])('every part of $name gets its digest, for all part sizes at once', async ({ fileBytes }) => {
    const file = randomBytes(fileBytes);
    for (const savesState of [false, true]) {
      const partSizes = [0, 1024 * kibibyte, 512 * kibibyte, 1_500_000];
      const found = partDigests([await run(file, { partSizes, savesState, isShared })]);
      expect([...found]).toEqual(expect.arrayContaining(partSizes.map((size) => [size, expected(file, size)])));
    }
  });
});

test('small chunks, each alone, give the same digests as large ones', async () => {
  const file = randomBytes(600_000);
  const found = partDigests([await run(file, { partSizes: [200_000], chunkBytes: 7001 })]);
  expect(found.get(200_000)).toEqual(expected(file, 200_000));
});

test('digests continue over pieces of any length, and over independent pieces that begin at borders', async () => {
  const partSize = 512 * kibibyte;
  const file = randomBytes(2 * partSize + 77);
  const cuts = fc.uniqueArray(fc.integer({ min: 1, max: file.length - 1 }), { minLength: 1, maxLength: 5 });
  const sizes = fc.uniqueArray(fc.constantFrom(0, 300_000, partSize, 700_001), { minLength: 1 });
  await fc.assert(
    fc.asyncProperty(cuts, sizes, async (unsorted, partSizes) => {
      const borders = [0, ...unsorted.toSorted((a, b) => a - b), file.length];
      const texts: string[] = [];
      for (const [index, from] of borders.slice(0, -1).entries()) {
        const before = texts.at(-1);
        const to = borders[index + 1]!;
        texts.push(await run(file, { partSizes, from, to, savesState: true, ...(before !== undefined && { before }) }));
      }
      for (const size of partSizes) expect(partDigests(texts).get(size)).toEqual(expected(file, size));
    }),
    { numRuns: 12 },
  );
  const independent = [0, 1, 2].map(async (index) =>
    run(file, { partSizes: [partSize], from: index * partSize, to: Math.min((index + 1) * partSize, file.length) }),
  );
  expect(partDigests(await Promise.all(independent)).get(partSize)).toEqual(expected(file, partSize));
});

test('digests that cannot be known are an empty text, which spreads to all bytes that follow', async () => {
  const file = randomBytes(900_000);
  const partSizes = [400_000];
  const middle = { partSizes, from: 300_000, to: 600_000, savesState: true };
  const unsaved = await run(file, { partSizes, to: 300_000 });
  expect(unsaved).toBe('');
  for (const before of [unsaved, 'nonsense', '{}', '{"finished":{},"open":{}}', '{"finished":{},"open":{"0":"AAAA"}}']) {
    expect(await run(file, { ...middle, before })).toBe('');
  }
  expect(await run(file, middle)).toBe('');
  const first = await run(file, { partSizes, to: 300_000, savesState: true });
  expect([...partDigests([first, ''])]).toEqual([]);
  expect([...partDigests([])]).toEqual([]);
});

test('many digests at once, in several threads, do not mix their bytes', async () => {
  const own = createDigests(3);
  const files = Array.from({ length: 12 }, (_, index) => randomBytes(400_000 + index * 50_000));
  const found = files.map(async (file) => {
    const running = own.begin({ partSizes: [0, 400_000], offset: 0, savesState: false });
    for (let at = 0; at < file.length; at += 300_000) await running.update(shared(file.subarray(at, at + 300_000)));
    return partDigests([await running.end(true)]);
  });
  for (const [index, digestsOfFile] of (await Promise.all(found)).entries()) {
    for (const size of [0, 400_000]) expect(digestsOfFile.get(size)).toEqual(expected(files[index]!, size));
  }
  await own.close();
});

test('a digest that is given up leaves the thread to the others', async () => {
  const file = randomBytes(1_000_000);
  const abandoned = digests.begin({ partSizes: [0], offset: 0, savesState: false });
  await abandoned.update(shared(file));
  abandoned.abandon();
  abandoned.abandon();
  expect(partDigests([await run(file, { partSizes: [0] })]).get(0)).toEqual([md5(file)]);
});

test('if a thread ends, its digests fail, and a new thread computes the next ones', async () => {
  const own = createDigests(1);
  const file = randomBytes(600_000);
  const first = own.begin({ partSizes: [0], offset: 0, savesState: false });
  await first.update(shared(file));
  await own.close();
  await expect(first.update(shared(file))).rejects.toThrow('the thread that computes digests ended');
  await expect(first.end(true)).rejects.toThrow('the thread that computes digests ended');
  const second = own.begin({ partSizes: [0], offset: 0, savesState: false });
  await second.update(shared(file));
  expect(partDigests([await second.end(true)]).get(0)).toEqual([md5(file)]);
  await own.close();
});

test('a thread that is closed while its answer arrives keeps the process alive until it has ended', async () => {
  expect(await closeWhileAnswered(fileURLToPath(new URL('index.ts', import.meta.url)))).toBe('closed');
});
