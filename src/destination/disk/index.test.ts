import { link, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { leaseRecord } from '../../../test/support/builders.ts';
import { collect } from '../../../test/support/collect.ts';
import {
  archive,
  begin,
  content,
  describeFile,
  largeBytes,
  partSizeBytes,
  validator,
  wholeOf,
  writeOne,
  useTestDisk,
} from '../../../test/support/disk-archive.ts';

const place = useTestDisk();

describe('the archive directory', () => {
  test('only `initialise` creates the directory and its parents', async () => {
    const directory = join(place.base, 'not', 'yet');
    const fresh = place.open({}, directory);
    expect(await fresh.identify()).toBeUndefined();
    expect(await fresh.freeBytes()).toBeNull();
    await expect(stat(directory)).rejects.toThrow('ENOENT');
    await fresh.initialise('x');
    expect(JSON.parse(await readFile(join(directory, '.cloud-sync', 'archive.json'), 'utf8'))).toMatchObject({
      id: 'x',
      version: 1,
    });
  });

  test('a path that is not a directory is refused', async () => {
    await writeFile(join(place.base, 'file'), '');
    await symlink(join(place.base, 'circle'), join(place.base, 'circle'));
    for (const name of ['file', join('file', 'below'), 'circle']) {
      await expect(place.open({}, join(place.base, name)).initialise('x')).rejects.toMatchObject({
        code: 'DESTINATION_UNUSABLE',
      });
    }
  });

  test('an archive whose archive file is unreadable or too new is refused', async () => {
    for (const text of ['{}', '"x"', '{"id":""}']) {
      await writeFile(place.path('.cloud-sync', 'archive.json'), text);
      await expect(place.disk.identify()).rejects.toMatchObject({ code: 'DESTINATION_UNUSABLE' });
    }
    await writeFile(place.path('.cloud-sync', 'archive.json'), '{"id":"x","version":2,"createdAt":"2030-01-01T00:00:00Z"}');
    await expect(place.disk.identify()).rejects.toMatchObject({ code: 'DESTINATION_UNUSABLE' });
  });

  test('an incomplete id counts as no id, unless a folder or the manifest shows that files were archived', async () => {
    for (const text of ['', '{"id":', '\0'.repeat(80)]) {
      await writeFile(place.path('.cloud-sync', 'archive.json'), text);
      expect(await place.disk.identify()).toBeUndefined();
    }
    expect(await place.disk.initialise('anew')).toBe('anew');
    await writeFile(place.path('.cloud-sync', 'archive.json'), '');
    const manifest = place.path('.cloud-sync', 'manifest.jsonl');
    for (const path of [manifest, place.path('gopro-videos')]) {
      await (path === manifest ? writeFile(path, '{}') : mkdir(path));
      await expect(place.disk.identify()).rejects.toMatchObject({ hint: expect.stringContaining('Restore that file') });
      await rm(path, { recursive: true });
    }
  });

  test.each([undefined, '', '{"id":"o'])('simultaneous first runs agree on one id (old archive file: %j)', async (text) => {
    for (let round = 0; round < 30; round += 1) {
      const directory = join(place.base, `shared-${round}`);
      await mkdir(join(directory, '.cloud-sync'), { recursive: true });
      if (text !== undefined) await writeFile(join(directory, '.cloud-sync', 'archive.json'), text);
      const proposals = Array.from({ length: 8 }, (_, index) => `id-${index}`);
      const ids = await Promise.all(proposals.map(async (id) => place.open({}, directory).initialise(id)));
      expect(new Set(ids)).toEqual(new Set([await place.open({}, directory).identify()]));
      expect(await readdir(join(directory, '.cloud-sync', 'partial'))).toEqual([]);
    }
  });

  test('nothing is written if `.cloud-sync` has vanished, as on an unmounted disk', async () => {
    await rm(place.path('.cloud-sync'), { recursive: true });
    for (const sizeBytes of [null, largeBytes]) {
      await expect(begin(place.disk, describeFile('a'), sizeBytes)).rejects.toMatchObject({ code: 'DESTINATION_UNUSABLE' });
    }
    await expect(archive(place.disk, describeFile('a'), content)).rejects.toMatchObject({ code: 'DESTINATION_UNUSABLE' });
    await expect(place.disk.lease.replace(undefined, leaseRecord())).rejects.toMatchObject({ code: 'DESTINATION_UNUSABLE' });
    expect(await readdir(place.root)).toEqual([]);
  });

  test('a disk without space for a file is reported as full before the first byte is written', async () => {
    const free = (await place.disk.freeBytes()) ?? 0;
    await expect(begin(place.disk, describeFile('a'), free)).rejects.toMatchObject({ code: 'DESTINATION_FULL' });
    expect(await place.drafts()).toEqual([]);
    const full = place.open({ minimumFreeBytes: free * 2 });
    await expect(begin(full, describeFile('a'), null)).rejects.toMatchObject({ code: 'DESTINATION_FULL' });
  });

  test('a disk that becomes full during a part is reported as full', async () => {
    const state = await begin(place.disk, describeFile('a'), null);
    const full = place.open({ minimumFreeBytes: ((await place.disk.freeBytes()) ?? 0) * 2 });
    await expect(writeOne(full, describeFile('a'), state, content)).rejects.toMatchObject({ code: 'DESTINATION_FULL' });
  });
});

describe('keys', () => {
  test.each(['../out', 'a/../../out', '/abs', 'a//b', './a', '', '.cloud-sync/manifest.jsonl', '.CLOUD-SYNC/x', 'a\0b'])(
    'the key %j is refused, because it is not a path inside the archive',
    async (key) => {
      const state = await begin(place.disk, describeFile('a'), content.length);
      const parts = await writeOne(place.disk, describeFile('a'), state, content);
      await expect(place.disk.commit(describeFile('a', key), state, parts, wholeOf(content))).rejects.toMatchObject({
        code: 'BUG',
      });
      await expect(place.disk.stat(key)).rejects.toMatchObject({ code: 'BUG' });
    },
  );

  test('a key may lead through a link to a directory inside the archive, but not through a link out of the archive', async () => {
    await mkdir(place.path('elsewhere'));
    await mkdir(place.path('gopro-videos'));
    await symlink(place.path('elsewhere'), place.path('gopro-videos', '2024'));
    await symlink(place.base, place.path('gopro-videos', '2025'));
    await archive(place.disk, describeFile('inside'), content);
    expect(await readFile(place.path('elsewhere', '01', 'inside.MP4'))).toEqual(content);
    const outside = describeFile('outside', 'gopro-videos/2025/01/outside.MP4');
    await expect(archive(place.open(), outside, content)).rejects.toMatchObject({ code: 'DESTINATION_UNUSABLE' });
    expect(await readdir(place.base)).toEqual(['archive']);
  });

  test('a directory that vanished during a run is created again', async () => {
    await archive(place.disk, describeFile('a'), content);
    await rm(place.path('gopro-videos'), { recursive: true });
    await archive(place.disk, describeFile('b'), content);
    const present = (await collect(place.disk.list())).filter(({ presentBytes }) => presentBytes !== null);
    expect(present.map(({ key }) => key)).toEqual([describeFile('b').original.key]);
  });
});

test('an archived file does not count as finished if the wanted size or validator differs', async () => {
  await archive(place.disk, describeFile('a'), content);
  const wanted = { partSizeBytes, sizeBytes: content.length, validator };
  expect((await place.disk.open(describeFile('a'), wanted)).kind).toBe('finished');
  expect((await place.disk.open(describeFile('a'), { ...wanted, sizeBytes: null })).kind).toBe('finished');
  expect((await place.disk.open(describeFile('a'), { ...wanted, sizeBytes: 5 })).kind).toBe('upload');
  expect((await place.disk.open(describeFile('a'), { ...wanted, validator: { etag: '"v2"', lastModified: null } })).kind).toBe(
    'upload',
  );
});

test('a folder that links to a place outside the archive is refused before anything is fetched', async () => {
  await mkdir(join(place.base, 'elsewhere', '01'), { recursive: true });
  await mkdir(join(place.root, 'gopro-videos'));
  await symlink(join(place.base, 'elsewhere'), join(place.root, 'gopro-videos', '2024'));
  await expect(place.disk.open(describeFile('a'), { partSizeBytes, sizeBytes: 10, validator })).rejects.toMatchObject({
    code: 'DESTINATION_UNUSABLE',
  });
});

test('a described file is no unknown file, however the file system spells its name', async () => {
  const file = describeFile('a');
  await archive(place.disk, file, content);
  // A second name of the same file stands for what a file system shows that ignores case.
  await link(place.path(file.original.key), place.path(file.original.key.toLowerCase()));
  await writeFile(place.path('gopro-videos', 'notes.txt'), 'mine');
  expect(await collect(place.disk.unknown(new Set([file.original.key])))).toEqual(['gopro-videos/notes.txt']);
});
