import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkContent } from './check.ts';
import type { StoredObject } from './servers.ts';

const contents = ['first', 'other'].map((text) => Buffer.from(text));
const sums = contents.map((content) => crc32(content));
const source = {
  files: { count: 2, sizeBytes: 5, extension: 'mp4' as const },
  checksums: () => Promise.resolve(sums),
};

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cloud-sync-bench-check-'));
  for (const [number, content] of contents.entries()) await writeFile(join(folder, `GX__00${number}.mp4`), content);
});
afterEach(async () => rm(folder, { recursive: true }));

const check = async () => checkContent(source, { kind: 'directory', path: folder });

function sinkOf(stored: readonly StoredObject[]) {
  return { objects: () => Promise.resolve(stored) };
}

test('a complete copy passes the check', async () => {
  await expect(check()).resolves.toBeUndefined();
});

test('the check finds a changed byte', async () => {
  await writeFile(join(folder, 'GX__001.mp4'), 'otheR');
  await expect(check()).rejects.toThrow(/GX__001\.mp4 differs/);
});

test('the check finds a missing file', async () => {
  await rm(join(folder, 'GX__000.mp4'));
  await expect(check()).rejects.toThrow('1 of 2 files are missing');
});

test('the check finds a surplus file', async () => {
  await writeFile(join(folder, '001.mp4'), 'other');
  await expect(check()).rejects.toThrow('exists twice');
});

test('the check compares the objects of a store, except those under .cloud-sync', async () => {
  const objects: StoredObject[] = sums.map((sum, number) => ({ key: `bench/a/${number}.mp4`, sizeBytes: 5, crc32: sum }));
  const own = { key: 'bench/a/.cloud-sync/archive.json', sizeBytes: 1, crc32: 1 };
  await expect(checkContent(source, { kind: 's3', sink: sinkOf([...objects, own]) })).resolves.toBeUndefined();
  const damaged = objects.with(0, { key: 'bench/a/0.mp4', sizeBytes: 5, crc32: 1 });
  await expect(checkContent(source, { kind: 's3', sink: sinkOf(damaged) })).rejects.toThrow('0.mp4 differs');
});
