import { mkdir, readdir, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  archive,
  begin,
  content,
  describeFile,
  keys,
  largeBytes,
  partSizeBytes,
  validator,
  wholeOf,
  writeOne,
  useTestDisk,
} from '../../../test/support/disk-archive.ts';
import { crc32 } from '../../lib/crc32.ts';
import type { Part } from '../destination.ts';

const place = useTestDisk();

describe('a small file', () => {
  test('a small file stays in memory until its commit, and its upload is not resumable', async () => {
    const file = describeFile('a');
    const begun = await place.disk.open(file, { partSizeBytes, sizeBytes: content.length, validator });
    expect(begun).toMatchObject({ kind: 'upload', parts: [], resumable: false });
    if (begun.kind !== 'upload') return;
    const parts = await writeOne(place.disk, file, begun.state, content);
    expect(await place.drafts()).toEqual([]);
    await place.disk.commit(file, begun.state, parts, wholeOf(content));
    expect(await readFile(place.path(file.original.key))).toEqual(content);
    expect(await place.drafts()).toEqual([]);
  });

  test('an upload is resumed if its file has several parts or more than 256 KiB', async () => {
    for (const wanted of [
      { partSizeBytes: 10, sizeBytes: 11 },
      { partSizeBytes: largeBytes, sizeBytes: largeBytes },
    ]) {
      expect(await place.disk.open(describeFile('a'), { ...wanted, validator })).toMatchObject({ resumable: true });
    }
  });

  test('a small file that cannot be published leaves no draft', async () => {
    const taken = describeFile('taken');
    await mkdir(place.path(taken.original.key), { recursive: true });
    await expect(archive(place.disk, taken, content)).rejects.toMatchObject({ code: 'KEY_TAKEN' });
    const wrong = describeFile('wrong');
    const state = await begin(place.disk, wrong, content.length);
    await writeOne(place.disk, wrong, state, Buffer.alloc(content.length));
    const parts = [{ number: 1, ...wholeOf(content), receipt: '' }];
    await expect(place.disk.commit(wrong, state, parts, wholeOf(content))).rejects.toMatchObject({ code: 'CHECKSUM_MISMATCH' });
    expect(await place.disk.stat(wrong.original.key)).toBeUndefined();
    expect(await place.drafts()).toEqual([]);
  });

  test('if a crash left a small file without a description, the next commit adds the description without the bytes', async () => {
    const file = describeFile('a');
    const state = await begin(place.disk, file, content.length);
    const parts = await writeOne(place.disk, file, state, content);
    await mkdir(dirname(place.path(file.original.key)), { recursive: true });
    await writeFile(place.path(file.original.key), content);
    const next = place.open();
    await next.commit(file, state, parts, wholeOf(content));
    expect(await keys(next)).toEqual([file.original.key]);
    await rm(place.path(file.original.key));
    await expect(next.commit(file, state, parts, wholeOf(content))).rejects.toMatchObject({ code: 'UPLOAD_LOST' });
  });
});

describe('a resume', () => {
  test('a resumed upload counts only parts that lie within the unfinished file', async () => {
    const file = describeFile('a');
    const sizeBytes = partSizeBytes * 2;
    const state = await begin(place.disk, file, sizeBytes);
    const parts: Part[] = [];
    for (const number of [1, 2]) {
      const writer = place.disk.writePart(file, state, number, partSizeBytes);
      await writer.write(Buffer.alloc(partSizeBytes, number));
      parts.push(await writer.end(crc32(Buffer.alloc(partSizeBytes, number))));
    }
    await truncate(place.draftPath(state), partSizeBytes + 10);
    const resumed = await place.open().open(file, { partSizeBytes, sizeBytes, validator }, { state, parts });
    expect(resumed).toEqual({ kind: 'upload', state, parts: parts.slice(0, 1), resumable: true });
  });

  test('a draft that became a symbolic link is dropped, and its target stays as it is', async () => {
    const file = describeFile('a');
    const state = await begin(place.disk, file, largeBytes);
    const target = join(place.base, 'target');
    await writeFile(target, Buffer.alloc(largeBytes, 7));
    await rm(place.draftPath(state));
    await symlink(target, place.draftPath(state));
    const parts = [{ number: 1, ...wholeOf(Buffer.alloc(partSizeBytes, 7)), receipt: '' }];
    const wanted = { partSizeBytes, sizeBytes: largeBytes, validator };
    const next = place.open();
    const late = next.writePart(file, state, 1, partSizeBytes);
    await expect(late.write(Buffer.alloc(partSizeBytes))).rejects.toMatchObject({ code: 'DESTINATION_UNUSABLE' });
    expect(await next.open(file, wanted, { state, parts })).toMatchObject({ kind: 'upload', parts: [] });
    expect(await readFile(target)).toEqual(Buffer.alloc(largeBytes, 7));
    expect(await place.drafts()).toHaveLength(1);
  });

  test('no file stays open after its parts are abandoned or forgotten', async () => {
    const before = (await readdir('/dev/fd')).length;
    for (let index = 0; index < 50; index += 1) {
      const file = describeFile(`f${index}`);
      const state = await begin(place.disk, file, null);
      const writer = place.disk.writePart(file, state, 1, partSizeBytes);
      await writer.write(Buffer.alloc(10));
      if (index % 2 === 0) writer.abort();
      else await writer.end(0).catch(() => {});
    }
    expect((await readdir('/dev/fd')).length).toBeLessThanOrEqual(before + 1);
  });
});
