import type { FileHandle } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { crc32 } from '../../lib/crc32.ts';
import {
  beginReadBack,
  closeReadBacks,
  createReadBacks,
  forgetPart,
  forgetUpload,
  readBackParts,
  type WrittenPart,
} from './read-backs.ts';

/**
 * A fake file whose reads wait until `proceed` is called. It counts how many reads wait together.
 */
function heldFile(content: Buffer) {
  const waiting: (() => void)[] = [];
  let maxAtOnce = 0;
  const read = async (buffer: Uint8Array, _offset: number, length: number, position: number) => {
    await new Promise<void>((resolve) => {
      waiting.push(resolve);
      maxAtOnce = Math.max(maxAtOnce, waiting.length);
    });
    const bytes = content.subarray(position, position + length);
    buffer.set(bytes);
    return { bytesRead: bytes.length };
  };
  const proceed = async () => {
    await new Promise(setImmediate);
    waiting.shift()?.();
    await new Promise(setImmediate);
  };
  return { file: { read, datasync: async () => {} } as unknown as FileHandle, proceed, maxAtOnce: () => maxAtOnce };
}

const content = Buffer.from('first.second');
const first: WrittenPart = { number: 1, start: 0, sizeBytes: 6 };
const second: WrittenPart = { number: 2, start: 6, sizeBytes: 6 };

test('parts are read one at a time, each from its own offset, and the file stays open until its read ends', async () => {
  const readBacks = createReadBacks();
  const { file, proceed, maxAtOnce } = heldFile(content);
  const done: number[] = [];
  for (const part of [first, second]) beginReadBack(readBacks, 'a', part, file, async () => void done.push(part.number));
  await proceed();
  expect(done).toEqual([1]);
  await proceed();
  expect(done).toEqual([1, 2]);
  expect(maxAtOnce()).toBe(1);
  expect(await readBackParts(readBacks, 'a')).toEqual(
    new Map([
      [1, { sizeBytes: 6, crc32: crc32('first.') }],
      [2, { sizeBytes: 6, crc32: crc32('second') }],
    ]),
  );
  expect(await readBackParts(readBacks, 'b')).toEqual(new Map());
});

test('the checksum of a part does not count if the part is written again during the read', async () => {
  const readBacks = createReadBacks();
  const { file, proceed } = heldFile(content);
  beginReadBack(readBacks, 'a', first, file, async () => {});
  await new Promise(setImmediate);
  forgetPart(readBacks, 'a', 1);
  await proceed();
  expect(await readBackParts(readBacks, 'a')).toEqual(new Map());
});

test('a forgotten upload is not read any more, and its file is released', async () => {
  const readBacks = createReadBacks();
  const { file, proceed } = heldFile(content);
  const done: number[] = [];
  for (const part of [first, second]) beginReadBack(readBacks, 'a', part, file, async () => void done.push(part.number));
  await new Promise(setImmediate);
  const closed = closeReadBacks(readBacks);
  await proceed();
  await closed;
  expect(done).toEqual([1, 2]);
  expect(await readBackParts(readBacks, 'a')).toEqual(new Map());
});

test('a part that cannot be read back is left out of the result, so that the commit reads it', async () => {
  const readBacks = createReadBacks();
  const broken = { datasync: async () => {}, read: async () => Promise.reject(new Error('EIO')) } as unknown as FileHandle;
  let done = false;
  beginReadBack(readBacks, 'a', first, broken, async () => {
    done = true;
  });
  expect(await readBackParts(readBacks, 'a')).toEqual(new Map());
  expect(done).toBe(true);
});

test.each([
  ['cannot be synced to the disk', { datasync: async () => Promise.reject(new Error('EIO')) }, async () => {}],
  ['cannot be closed', { datasync: async () => {} }, async () => Promise.reject(new Error('EIO'))],
])('an upload whose file %s is not trusted until the upload is forgotten', async (_, file, release) => {
  const readBacks = createReadBacks();
  beginReadBack(readBacks, 'a', first, file as unknown as FileHandle, release);
  await expect(readBackParts(readBacks, 'a')).rejects.toThrow('EIO');
  forgetUpload(readBacks, 'a');
  expect(await readBackParts(readBacks, 'a')).toEqual(new Map());
});
