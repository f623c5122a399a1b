import { link, mkdir, open, readFile, rename, stat, truncate, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, test, vi } from 'vitest';
import {
  archive,
  begin,
  content,
  describeFile,
  keys,
  largeBytes,
  wholeOf,
  writeOne,
  useTestDisk,
} from '../../../test/support/disk-archive.ts';
import { crc32 } from '../../lib/crc32.ts';
import { leaseRecord } from '../../../test/support/builders.ts';

const place = useTestDisk();

async function change(path: string): Promise<void> {
  await using file = await open(path, 'r+');
  await file.write(Buffer.from('T'), 0, 1, 0);
}

async function cut(path: string): Promise<void> {
  await truncate(path, content.length - 1);
}

describe('publishing', () => {
  test('a published file gets its capture time, unless that time is invalid', async () => {
    await archive(place.disk, describeFile('a'), content);
    expect((await stat(place.path(describeFile('a').original.key))).mtime).toEqual(new Date('2024-01-02T03:04:05Z'));
    const now = Date.now();
    await archive(place.disk, { ...describeFile('b'), capturedAt: 'yesterday' }, content);
    expect((await stat(place.path(describeFile('b').original.key))).mtimeMs).toBeGreaterThan(now - 60_000);
  });

  test('the next commit completes a publication that was interrupted after the file got its name', async () => {
    for (const hardLinks of ['auto', 'never'] as const) {
      const file = describeFile(hardLinks);
      const state = await begin(place.disk, file, null);
      const parts = await writeOne(place.disk, file, state, content);
      const partial = place.draftPath(state);
      await mkdir(dirname(place.path(file.original.key)), { recursive: true });
      await (hardLinks === 'auto' ? link : rename)(partial, place.path(file.original.key));
      const next = place.open({ hash: 'sha256' });
      expect(await next.commit(file, state, parts, wholeOf(content))).toEqual({ key: file.original.key, ...wholeOf(content) });
      expect(await keys(next)).toContain(file.original.key);
      expect(await readFile(place.path('.cloud-sync', 'SHA256SUMS'), 'utf8')).toContain(file.original.key);
      expect(await place.drafts()).toEqual([]);
    }
  });

  test('no part is ever written into a published file', async () => {
    const file = describeFile('a');
    const state = await begin(place.disk, file, null);
    await writeOne(place.disk, file, state, content);
    await mkdir(dirname(place.path(file.original.key)), { recursive: true });
    await link(place.draftPath(state), place.path(file.original.key));
    const rubbish = Buffer.alloc(content.length, 'x');
    await expect(writeOne(place.open(), file, state, rubbish)).rejects.toMatchObject({ code: 'UPLOAD_LOST' });
    const shorter = content.subarray(0, 5);
    const parts = [{ number: 1, ...wholeOf(shorter), receipt: '' }];
    await expect(place.open().commit(file, state, parts, wholeOf(shorter))).rejects.toMatchObject({ code: 'UPLOAD_LOST' });
    expect(await readFile(place.path(file.original.key))).toEqual(content);
  });

  test('commit fails if the disk changed a part before the file was published', async () => {
    const cases = [
      // In the first two cases commit reads the whole file, because another process wrote the parts
      // or because a hash is needed.
      { harm: change, writer: place.open(), committer: place.disk, message: 'part 1' },
      { harm: change, writer: place.open({ hash: 'sha256' }), committer: undefined, message: 'part 1' },
      { harm: cut, writer: place.disk, committer: place.disk, message: `${content.length - 1} bytes` },
    ];
    for (const [index, { harm, writer, committer = writer, message }] of cases.entries()) {
      const file = describeFile(`harmed-${index}`);
      const state = await begin(writer, file, null);
      const parts = await writeOne(writer, file, state, content);
      await harm(place.draftPath(state));
      await expect(committer.commit(file, state, parts, wholeOf(content))).rejects.toMatchObject({
        code: 'CHECKSUM_MISMATCH',
        message: expect.stringContaining(message),
      });
      expect(await place.disk.stat(file.original.key)).toBeUndefined();
      expect(await place.drafts()).toEqual([]);
    }
  });

  test('the checksum of a part that was read back does not count after the part is written again', async () => {
    const file = describeFile('a');
    const state = await begin(place.disk, file, null);
    const wrong = Buffer.alloc(content.length, 'x');
    await writeOne(place.disk, file, state, content);
    await setTimeout(20);
    const writer = place.disk.writePart(file, state, 1, content.length);
    await writer.write(wrong);
    const parts = [await writer.end(crc32(content))];
    await expect(place.disk.commit(file, state, parts, wholeOf(content))).rejects.toMatchObject({ code: 'CHECKSUM_MISMATCH' });
    const again = await begin(place.disk, file, null);
    await writeOne(place.disk, file, again, wrong);
    await setTimeout(20);
    const right = await writeOne(place.disk, file, again, content);
    await place.disk.commit(file, again, right, wholeOf(content));
    expect(await readFile(place.path(file.original.key))).toEqual(content);
  });

  test('bytes that an abandoned attempt left behind the end of a file are cut off', async () => {
    const file = describeFile('a');
    const state = await begin(place.disk, file, null);
    const writer = place.disk.writePart(file, state, 1, null);
    await writer.write(Buffer.alloc(2000));
    await writer.end(0);
    await place.disk.commit(file, state, await writeOne(place.disk, file, state, content), wholeOf(content));
    expect(await readFile(place.path(file.original.key))).toEqual(content);
  });

  test('publishing without hard links fails if the run does not hold the lease', async () => {
    await expect(archive(place.open({ hardLinks: 'never' }), describeFile('a'), content)).rejects.toMatchObject({
      code: 'LEASE_LOST',
    });
    expect(await place.disk.stat(describeFile('a').original.key)).toBeUndefined();
  });

  test('publishing without hard links stops when another run has taken the lease', async () => {
    const slow = place.open({ hardLinks: 'never' });
    const quick = place.open({ hardLinks: 'never' });
    const lost = leaseRecord();
    await slow.lease.replace(undefined, lost);
    await archive(slow, describeFile('a'), content);
    await quick.lease.replace(lost, leaseRecord());
    await expect(archive(slow, describeFile('b'), content)).rejects.toMatchObject({ code: 'LEASE_LOST' });
    await archive(quick, describeFile('b'), content);
  });
});

test('a file that could not be synced to the disk does not count as archived', async () => {
  const file = describeFile('a');
  const large = Buffer.alloc(largeBytes, 7);
  const state = { ...(await begin(place.disk, file, null)), partSizeBytes: large.length };
  const parts = await writeOne(place.disk, file, state, large);
  await using probe = await open(join(place.base, 'probe'), 'w');
  const sync = vi
    .spyOn(Object.getPrototypeOf(probe) as FileHandle, 'sync')
    .mockRejectedValueOnce(Object.assign(new Error('EIO: i/o error, fsync'), { code: 'EIO', syscall: 'fsync' }));
  await expect(place.disk.commit(file, state, parts, wholeOf(large))).rejects.toMatchObject({ code: 'STORE_FAILED' });
  sync.mockRestore();
  await expect(place.disk.commit(file, state, parts, wholeOf(large))).rejects.toMatchObject({ code: 'UPLOAD_LOST' });
});
