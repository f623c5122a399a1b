import { expect, test } from 'vitest';
import { SyncError } from '../../errors.ts';
import { isDraftId } from './drafts.ts';
import { createSmallFiles, isSmall, newSmallFileId } from './small-files.ts';

const wanted = { partSizeBytes: 1000, sizeBytes: 10, validator: { etag: null, lastModified: null } };

test('a file is small if it has one part, a known length and at most 256 KiB', () => {
  expect(isSmall({ ...wanted, sizeBytes: 0 })).toBe(true);
  expect(isSmall({ ...wanted, sizeBytes: 1000 })).toBe(true);
  expect(isSmall({ ...wanted, sizeBytes: 1001 })).toBe(false);
  expect(isSmall({ ...wanted, sizeBytes: null })).toBe(false);
  expect(isSmall({ ...wanted, partSizeBytes: 1e9, sizeBytes: 256 * 1024 })).toBe(true);
  expect(isSmall({ ...wanted, partSizeBytes: 1e9, sizeBytes: 256 * 1024 + 1 })).toBe(false);
});

test('a small file keeps its bytes when the sender overwrites the chunk', async () => {
  const files = createSmallFiles();
  const state = files.create(wanted, newSmallFileId());
  expect(isDraftId(state.id)).toBe(false);
  const chunk = Buffer.from('01234');
  const writer = files.writePart(state, 1, 10);
  expect(writer.write(chunk)).toBeUndefined();
  chunk.write('56789');
  void writer.write(chunk);
  chunk.fill(0);
  expect(await writer.end(7)).toEqual({ number: 1, sizeBytes: 10, crc32: 7, receipt: '' });
  expect(files.content(state.id)).toEqual(Buffer.from('0123456789'));
  files.drop(state.id);
  expect(files.content(state.id)).toBeUndefined();
});

test('an empty file is complete without a writer', () => {
  const files = createSmallFiles();
  expect(files.content(files.create({ ...wanted, sizeBytes: 0 }, newSmallFileId()).id)).toEqual(Buffer.alloc(0));
});

test('a small file refuses a wrong number of bytes, and any byte after its part has ended', async () => {
  const files = createSmallFiles();
  const state = files.create(wanted, newSmallFileId());
  const short = files.writePart(state, 1, 10);
  void short.write(Buffer.alloc(9));
  await expect(short.end(0)).rejects.toMatchObject({ code: 'STORE_FAILED' });
  for (const sizeBytes of [10, null]) {
    const long = files.writePart(state, 1, sizeBytes);
    expect(() => long.write(Buffer.alloc(11))).toThrow(SyncError);
    await expect(long.end(0)).rejects.toMatchObject({ code: 'STORE_FAILED' });
  }
  const aborted = files.writePart(state, 1, 10);
  aborted.abort();
  aborted.abort();
  expect(() => aborted.write(Buffer.alloc(1))).toThrow(SyncError);
  const ended = files.writePart(state, 1, null);
  await ended.end(0);
  expect(() => ended.write(Buffer.alloc(1))).toThrow(SyncError);
});

test('a dropped small file accepts no more parts', async () => {
  const files = createSmallFiles();
  const state = files.create(wanted, newSmallFileId());
  const writer = files.writePart(state, 1, 10);
  void writer.write(Buffer.alloc(10));
  files.drop(state.id);
  await expect(writer.end(0)).rejects.toBeInstanceOf(SyncError);
  expect(() => files.writePart(state, 1, 10)).toThrow(expect.objectContaining({ code: 'UPLOAD_LOST' }));
  expect(files.content(state.id)).toBeUndefined();
});

test('only the latest of several attempts writes a small file, and each file has its own memory', async () => {
  const files = createSmallFiles();
  const [one, other] = [files.create(wanted, newSmallFileId()), files.create(wanted, newSmallFileId())];
  const early = files.writePart(one, 1, 10);
  void early.write(Buffer.alloc(10, 'x'));
  await early.end(0);
  const late = files.writePart(one, 1, 10);
  expect(files.content(one.id)).toBeUndefined();
  const between = files.writePart(other, 1, 10);
  void late.write(Buffer.alloc(10, 'a'));
  void between.write(Buffer.alloc(10, 'b'));
  expect(() => early.write(Buffer.alloc(1))).toThrow(SyncError);
  await late.end(0);
  await between.end(0);
  expect(String(files.content(one.id))).toBe('a'.repeat(10));
  files.drop(one.id);
  const next = files.create(wanted, newSmallFileId());
  const reusing = files.writePart(next, 1, 10);
  void reusing.write(Buffer.alloc(10, 'c'));
  await reusing.end(0);
  expect(String(files.content(other.id))).toBe('b'.repeat(10));
});
