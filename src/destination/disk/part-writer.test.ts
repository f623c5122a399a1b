import type { FileHandle } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { SyncError } from '../../errors.ts';
import { DiskPartWriter, type PartTarget } from './part-writer.ts';

const kib = 1024;

/**
 * A fake file that writes at most `maxBytes` in a call. With `held` it writes only when `proceed`
 * is called.
 */
function fakeFile(options: { readonly maxBytes?: number; readonly held?: boolean } = {}) {
  const content = Buffer.alloc(8 * kib * kib);
  const waiting: (() => void)[] = [];
  let opens = 0;
  let wroteBytes = 0;
  const closes: (number | null)[] = [];
  const writev = async (chunks: readonly Uint8Array[], position: number) => {
    if (options.held) await new Promise<void>((resolve) => waiting.push(resolve));
    const bytes = Buffer.concat(chunks).subarray(0, options.maxBytes);
    bytes.copy(content, position);
    return { bytesWritten: bytes.length };
  };
  const target: PartTarget = {
    number: 2,
    offset: 1000,
    sizeBytes: null,
    limitBytes: 4 * kib * kib,
    open: async () => {
      opens += 1;
      return { writev } as unknown as FileHandle;
    },
    wrote: (bytes) => {
      wroteBytes += bytes;
    },
    close: async (writtenBytes) => {
      closes.push(writtenBytes);
    },
    toError: (error) => error,
  };
  return { target, content, proceed: () => waiting.shift()?.(), counts: () => ({ opens, wroteBytes, closes }) };
}

function numbered(sizeBytes: number): Buffer {
  return Buffer.from(Uint8Array.from({ length: sizeBytes }, (_, index) => (index * 31 + (index >> 8)) & 0xff));
}

test('every byte is written at its offset, although each call writes only some bytes', async () => {
  const file = fakeFile({ maxBytes: 70_001 });
  const writer = new DiskPartWriter(file.target);
  const bytes = numbered(3 * kib * kib + 17);
  for (let start = 0; start < bytes.length; start += 50_000) await writer.write(bytes.subarray(start, start + 50_000));
  expect(await writer.end(7)).toEqual({ number: 2, sizeBytes: bytes.length, crc32: 7, receipt: '' });
  expect(file.content.subarray(1000, 1000 + bytes.length).equals(bytes)).toBe(true);
  expect(file.counts()).toEqual({ opens: 1, wroteBytes: bytes.length, closes: [bytes.length] });
});

test('the sender may change a chunk only after the chunk was written', async () => {
  const file = fakeFile({ held: true });
  const writer = new DiskPartWriter(file.target);
  const chunk = Buffer.alloc(256 * kib, 'first');
  let written = false;
  const first = Promise.resolve(writer.write(chunk)).then(() => (written = true));
  await new Promise(setImmediate);
  expect(written).toBe(false);
  file.proceed();
  await first;
  chunk.fill('again');
  const second = writer.write(chunk);
  await new Promise(setImmediate);
  file.proceed();
  await second;
  expect(file.content.toString('latin1', 1000, 1005)).toBe('first');
  expect(file.content.toString('latin1', 1000 + 256 * kib, 1005 + 256 * kib)).toBe('again');
});

test('a failed write rejects the next call of the sender and the end of the part', async () => {
  const broken = new SyncError('DESTINATION_FULL', 'full');
  const file = fakeFile();
  const writer = new DiskPartWriter({ ...file.target, open: async () => Promise.reject(broken) });
  await expect(writer.write(Buffer.alloc(kib * kib))).rejects.toBe(broken);
  expect(() => writer.write(Buffer.alloc(1))).toThrow(broken);
  await expect(writer.end(0)).rejects.toBe(broken);
});

test('an abandoned part accepts no more bytes, and closes its file after the last write', async () => {
  const file = fakeFile({ held: true });
  const writer = new DiskPartWriter(file.target);
  const last = expect(writer.write(Buffer.alloc(kib * kib))).rejects.toThrow(SyncError);
  await new Promise(setImmediate);
  writer.abort();
  expect(() => writer.write(Buffer.alloc(1))).toThrow(SyncError);
  expect(file.counts().closes).toEqual([]);
  file.proceed();
  await writer.closed;
  await last;
  expect(file.counts()).toMatchObject({ opens: 1, closes: [null] });
  await expect(writer.end(0)).rejects.toBeInstanceOf(SyncError);
});

test('no chunk is written beyond the end of the part', async () => {
  const file = fakeFile();
  const writer = new DiskPartWriter({ ...file.target, limitBytes: 10 });
  await writer.write(Buffer.alloc(10));
  expect(() => writer.write(Buffer.alloc(1))).toThrow(SyncError);
});
