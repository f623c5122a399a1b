import { constants } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, expect, test, vi } from 'vitest';
import { leaseRecord } from '../../../test/support/builders.ts';
import { begin, describeFile, partSizeBytes, useTestDisk, validator, wholeOf } from '../../../test/support/disk-archive.ts';
import { crc32 } from '../../lib/crc32.ts';
import type { KnownUpload, Part } from '../destination.ts';

/** A small disk that cannot share blocks between files. Its drafts take up its space. */
const system = vi.hoisted(() => ({ sizeBytes: 0, drafts: '', isFull: false }));

vi.mock('node:fs/promises', async (importOriginal) => {
  const fs = await importOriginal<typeof import('node:fs/promises')>();
  const statfs = async () => {
    const sizes = (await fs.readdir(system.drafts)).map(async (name) => (await fs.stat(join(system.drafts, name))).size);
    const usedBytes = (await Promise.all(sizes)).reduce((sum, bytes) => sum + bytes, 0);
    return { blocks: system.sizeBytes, bsize: 1, bavail: system.sizeBytes - usedBytes };
  };
  const copyFile: typeof fs.copyFile = async (from, to, how = 0) => {
    const code = how & constants.COPYFILE_FICLONE_FORCE ? 'ENOTSUP' : system.isFull && 'ENOSPC';
    if (code) throw Object.assign(new Error(code), { code, syscall: 'copyfile' });
    return fs.copyFile(from, to, how);
  };
  return { ...fs, statfs, copyFile };
});

const place = useTestDisk();
const file = describeFile('a');
const content = Buffer.alloc(2 * partSizeBytes, 7);
const wanted = { partSizeBytes, sizeBytes: content.length, validator };

beforeEach(() => {
  Object.assign(system, { sizeBytes: 1e9, drafts: place.path('.cloud-sync', 'partial'), isFull: false });
});

/**
 * Stores the first `count` parts, and opens the archive in a process that may not write into their
 * draft.
 */
async function takeOver(count: number) {
  const state = await begin(place.disk, file, content.length);
  const parts: Part[] = [];
  for (let number = 1; number <= count; number += 1) {
    const bytes = content.subarray((number - 1) * partSizeBytes, number * partSizeBytes);
    const writer = place.disk.writePart(file, state, number, bytes.length);
    await writer.write(bytes);
    parts.push(await writer.end(crc32(bytes)));
  }
  const heir = place.open({ minimumFreeBytes: 0 });
  await heir.lease.replace(undefined, leaseRecord({ fence: 2, unprovenFence: 1 }));
  const known: KnownUpload = { state, parts };
  return { heir, known };
}

test.each([
  ['less space than the copy and the missing part need', { sizeBytes: 2.5 * partSizeBytes }],
  ['a disk that becomes full during the copy', { isFull: true }],
])('an upload begins with an empty file, not with a copy of its parts, if there is %s', async (_, change) => {
  const { heir, known } = await takeOver(1);
  Object.assign(system, change);
  const opened = await heir.open(file, wanted, known);
  expect(opened).toMatchObject({ kind: 'upload', parts: [], resumable: true });
  expect(opened.kind === 'upload' && (await place.drafts())).toEqual([opened.kind === 'upload' && `${opened.state.id}.part`]);
});

test('an upload continues in a copy if there is just enough space, and otherwise keeps its parts', async () => {
  const { heir, known } = await takeOver(1);
  system.sizeBytes = 1.5 * partSizeBytes;
  await expect(heir.open(file, wanted, known)).rejects.toMatchObject({ code: 'DESTINATION_FULL' });
  expect(await place.drafts()).toHaveLength(1);
  system.sizeBytes = 3 * partSizeBytes;
  expect(await heir.open(file, wanted, known)).toMatchObject({ parts: known.parts });
});

test('a finished upload is fetched again if there is no space for a copy', async () => {
  const { heir, known } = await takeOver(2);
  system.sizeBytes = 3 * partSizeBytes;
  const commit = async () => heir.commit(file, known.state, known.parts, wholeOf(content));
  await expect(commit()).rejects.toMatchObject({ code: 'UPLOAD_LOST' });
  expect(await place.drafts()).toEqual([]);
  await expect(readFile(place.path(file.original.key))).rejects.toThrow('ENOENT');
});
