import { execFile } from 'node:child_process';
import {
  link,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
  type FileHandle,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { systemClock } from '../../lib/clock.ts';
import { thisOwner } from '../../lib/owner.ts';
import { crc32 } from '../../lib/crc32.ts';
import type { Destination, FileDescription, Part, UploadState } from '../destination.ts';
import { openDisk, type DiskOptions } from './index.ts';

const partSizeBytes = 64 * 1024;
const validator = { etag: '"v1"', lastModified: null };

let base: string;
let root: string;
let disk: Destination;
const opened: Destination[] = [];

function openHere(options: Partial<DiskOptions> = {}, directory = root): Destination {
  const destination = openDisk(directory, { clock: systemClock, ...options });
  opened.push(destination);
  return destination;
}

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'cloud-sync-disk-'));
  root = join(base, 'archive');
  disk = openHere();
  await disk.initialise('archive-1');
});
afterEach(async () => {
  for (const destination of opened.splice(0)) await destination.close();
  await rm(base, { recursive: true });
});

function describeFile(mediaId: string, key = `gopro-videos/2024/01/${mediaId}.MP4`): FileDescription {
  return {
    original: {
      provider: 'gopro',
      account: 'a',
      mediaId,
      role: 'source',
      label: 'source',
      type: 'mp4',
      position: 'default',
      itemNumber: 1,
      ordinal: 1,
      revision: 1,
      key,
    },
    originalName: 'GX010001.MP4',
    capturedAt: '2024-01-02T03:04:05Z',
    originalsOfMedium: 1,
    roles: ['source'],
    validator,
    mediumVersion: '',
  };
}

async function begin(destination: Destination, file: FileDescription, sizeBytes: number | null): Promise<UploadState> {
  const begun = await destination.open(file, { partSizeBytes, sizeBytes, validator });
  if (begun.kind !== 'upload') throw new Error('finished already');
  return begun.state;
}

async function writeOne(destination: Destination, file: FileDescription, state: UploadState, content: Buffer): Promise<Part[]> {
  const writer = destination.writePart(file, state, 1, content.length);
  await writer.write(content);
  return [await writer.end(crc32(content))];
}

const wholeOf = (content: Buffer) => ({ sizeBytes: content.length, crc32: crc32(content) });

async function archive(destination: Destination, file: FileDescription, content: Buffer): Promise<void> {
  const state = await begin(destination, file, content.length);
  await destination.commit(file, state, await writeOne(destination, file, state, content), wholeOf(content));
}

async function keys(destination: Destination): Promise<string[]> {
  const listed: string[] = [];
  for await (const file of destination.list()) listed.push(file.key);
  return listed;
}

const content = Buffer.from('the bytes of an original');
/** Too large to be kept in memory until it is published. */
const largeBytes = 256 * 1024 + 1;
const inRoot = (...names: string[]) => join(root, ...names);
const drafts = async () => readdir(inRoot('.cloud-sync', 'partial'));

async function change(path: string): Promise<void> {
  await using file = await open(path, 'r+');
  await file.write(Buffer.from('T'), 0, 1, 0);
}

async function cut(path: string): Promise<void> {
  await truncate(path, content.length - 1);
}

describe('the place', () => {
  test('is created with its parents by initialise, and by nothing else', async () => {
    const directory = join(base, 'not', 'yet');
    const fresh = openHere({}, directory);
    expect(await fresh.identify()).toBeUndefined();
    expect(await fresh.freeBytes()).toBeNull();
    await expect(stat(directory)).rejects.toThrow('ENOENT');
    await fresh.initialise('x');
    expect(JSON.parse(await readFile(join(directory, '.cloud-sync', 'archive.json'), 'utf8'))).toMatchObject({
      id: 'x',
      version: 1,
    });
  });

  test('must be a directory', async () => {
    await writeFile(join(base, 'file'), '');
    await symlink(join(base, 'circle'), join(base, 'circle'));
    for (const name of ['file', join('file', 'below'), 'circle']) {
      await expect(openHere({}, join(base, name)).initialise('x')).rejects.toMatchObject({ code: 'DESTINATION_UNUSABLE' });
    }
  });

  test('is refused when its description is unreadable or newer', async () => {
    await writeFile(inRoot('.cloud-sync', 'archive.json'), '{"id":');
    await expect(disk.identify()).rejects.toMatchObject({ code: 'DESTINATION_UNUSABLE' });
    await writeFile(inRoot('.cloud-sync', 'archive.json'), '{"id":"x","version":2,"createdAt":"2030-01-01T00:00:00Z"}');
    await expect(disk.identify()).rejects.toMatchObject({ code: 'DESTINATION_UNUSABLE' });
  });

  test('that lost our directory, as one does that is not mounted, gets nothing', async () => {
    await rm(inRoot('.cloud-sync'), { recursive: true });
    for (const sizeBytes of [null, largeBytes]) {
      await expect(begin(disk, describeFile('a'), sizeBytes)).rejects.toMatchObject({ code: 'DESTINATION_UNUSABLE' });
    }
    await expect(archive(disk, describeFile('a'), content)).rejects.toMatchObject({ code: 'DESTINATION_UNUSABLE' });
    await expect(disk.lease(thisOwner('r'))).rejects.toMatchObject({ code: 'DESTINATION_UNUSABLE' });
    expect(await readdir(root)).toEqual([]);
  });

  test('without room for a file is full before its first byte', async () => {
    const free = (await disk.freeBytes()) ?? 0;
    await expect(begin(disk, describeFile('a'), free)).rejects.toMatchObject({ code: 'DESTINATION_FULL' });
    expect(await drafts()).toEqual([]);
    const full = openHere({ minimumFreeBytes: free * 2 });
    await expect(begin(full, describeFile('a'), null)).rejects.toMatchObject({ code: 'DESTINATION_FULL' });
  });

  test('that fills up while a part is on its way says so', async () => {
    const state = await begin(disk, describeFile('a'), null);
    const full = openHere({ minimumFreeBytes: ((await disk.freeBytes()) ?? 0) * 2 });
    await expect(writeOne(full, describeFile('a'), state, content)).rejects.toMatchObject({ code: 'DESTINATION_FULL' });
  });
});

describe('keys', () => {
  test.each(['../out', 'a/../../out', '/abs', 'a//b', './a', '', '.cloud-sync/manifest.jsonl', '.CLOUD-SYNC/x', 'a\0b'])(
    'never leave the archive: %j',
    async (key) => {
      const state = await begin(disk, describeFile('a'), content.length);
      const parts = await writeOne(disk, describeFile('a'), state, content);
      await expect(disk.commit(describeFile('a', key), state, parts, wholeOf(content))).rejects.toMatchObject({ code: 'BUG' });
      await expect(disk.stat(key)).rejects.toMatchObject({ code: 'BUG' });
    },
  );

  test('may pass a link to a directory inside the archive, not one that leads out', async () => {
    await mkdir(inRoot('elsewhere'));
    await mkdir(inRoot('gopro-videos'));
    await symlink(inRoot('elsewhere'), inRoot('gopro-videos', '2024'));
    await symlink(base, inRoot('gopro-videos', '2025'));
    await archive(disk, describeFile('inside'), content);
    expect(await readFile(inRoot('elsewhere', '01', 'inside.MP4'))).toEqual(content);
    const outside = describeFile('outside', 'gopro-videos/2025/01/outside.MP4');
    await expect(archive(openHere(), outside, content)).rejects.toMatchObject({ code: 'DESTINATION_UNUSABLE' });
    expect(await readdir(base)).toEqual(['archive']);
  });

  test('whose directory vanished in the middle of a run get it again', async () => {
    await archive(disk, describeFile('a'), content);
    await rm(inRoot('gopro-videos'), { recursive: true });
    await archive(disk, describeFile('b'), content);
    expect(await keys(disk)).toEqual([describeFile('b').original.key]);
  });
});

describe('publishing', () => {
  test('gives the file its capture time, unless that is no time', async () => {
    await archive(disk, describeFile('a'), content);
    expect((await stat(inRoot(describeFile('a').original.key))).mtime).toEqual(new Date('2024-01-02T03:04:05Z'));
    const now = Date.now();
    await archive(disk, { ...describeFile('b'), capturedAt: 'yesterday' }, content);
    expect((await stat(inRoot(describeFile('b').original.key))).mtimeMs).toBeGreaterThan(now - 60_000);
  });

  test('that was interrupted after the name appeared is finished by the next commit, from either adapter', async () => {
    for (const hardLinks of ['auto', 'never'] as const) {
      const file = describeFile(hardLinks);
      const state = await begin(disk, file, null);
      const parts = await writeOne(disk, file, state, content);
      const partial = inRoot('.cloud-sync', 'partial', `${state.id}.part`);
      await mkdir(dirname(inRoot(file.original.key)), { recursive: true });
      await (hardLinks === 'auto' ? link : rename)(partial, inRoot(file.original.key));
      const next = openHere({ hash: 'sha256' });
      expect(await next.commit(file, state, parts, wholeOf(content))).toEqual({ key: file.original.key, ...wholeOf(content) });
      expect(await keys(next)).toContain(file.original.key);
      expect(await readFile(inRoot('.cloud-sync', 'SHA256SUMS'), 'utf8')).toContain(file.original.key);
      expect(await drafts()).toEqual([]);
    }
  });

  test('never lets a part be written into a file that has been published', async () => {
    const file = describeFile('a');
    const state = await begin(disk, file, null);
    await writeOne(disk, file, state, content);
    await mkdir(dirname(inRoot(file.original.key)), { recursive: true });
    await link(inRoot('.cloud-sync', 'partial', `${state.id}.part`), inRoot(file.original.key));
    const rubbish = Buffer.alloc(content.length, 'x');
    await expect(writeOne(openHere(), file, state, rubbish)).rejects.toMatchObject({ code: 'UPLOAD_LOST' });
    const shorter = content.subarray(0, 5);
    const parts = [{ number: 1, ...wholeOf(shorter), receipt: '' }];
    await expect(openHere().commit(file, state, parts, wholeOf(shorter))).rejects.toMatchObject({ code: 'UPLOAD_LOST' });
    expect(await readFile(inRoot(file.original.key))).toEqual(content);
  });

  test('notices what the disk did to a part before it was published', async () => {
    const cases = [
      // What another process wrote was never read back here, and a hash needs all bytes in order anyway.
      { harm: change, writer: openHere(), committer: disk, message: 'part 1' },
      { harm: change, writer: openHere({ hash: 'sha256' }), committer: undefined, message: 'part 1' },
      { harm: cut, writer: disk, committer: disk, message: `${content.length - 1} bytes` },
    ];
    for (const [index, { harm, writer, committer = writer, message }] of cases.entries()) {
      const file = describeFile(`harmed-${index}`);
      const state = await begin(writer, file, null);
      const parts = await writeOne(writer, file, state, content);
      await harm(inRoot('.cloud-sync', 'partial', `${state.id}.part`));
      await expect(committer.commit(file, state, parts, wholeOf(content))).rejects.toMatchObject({
        code: 'CHECKSUM_MISMATCH',
        message: expect.stringContaining(message),
      });
      expect(await disk.stat(file.original.key)).toBeUndefined();
      expect(await drafts()).toEqual([]);
    }
  });

  test('trusts what was read back of a part only until it is written again', async () => {
    const file = describeFile('a');
    const state = await begin(disk, file, null);
    const wrong = Buffer.alloc(content.length, 'x');
    await writeOne(disk, file, state, content);
    await setTimeout(20);
    const writer = disk.writePart(file, state, 1, content.length);
    await writer.write(wrong);
    const parts = [await writer.end(crc32(content))];
    await expect(disk.commit(file, state, parts, wholeOf(content))).rejects.toMatchObject({ code: 'CHECKSUM_MISMATCH' });
    const again = await begin(disk, file, null);
    await writeOne(disk, file, again, wrong);
    await setTimeout(20);
    const right = await writeOne(disk, file, again, content);
    await disk.commit(file, again, right, wholeOf(content));
    expect(await readFile(inRoot(file.original.key))).toEqual(content);
  });

  test('cuts off what an abandoned try left behind the end', async () => {
    const file = describeFile('a');
    const state = await begin(disk, file, null);
    const writer = disk.writePart(file, state, 1, null);
    await writer.write(Buffer.alloc(2000));
    await writer.end(0);
    await disk.commit(file, state, await writeOne(disk, file, state, content), wholeOf(content));
    expect(await readFile(inRoot(file.original.key))).toEqual(content);
  });

  test('without hard links needs the lease', async () => {
    await expect(archive(openHere({ hardLinks: 'never' }), describeFile('a'), content)).rejects.toMatchObject({ code: 'LOCKED' });
    expect(await disk.stat(describeFile('a').original.key)).toBeUndefined();
  });

  test('stops when another run has taken the lease', async () => {
    let aheadMs = 0;
    const clock = { ...systemClock, now: () => Date.now() + aheadMs };
    const slow = openHere({ clock });
    const quick = openHere({ clock });
    const elsewhere = JSON.stringify({ host: 'another-machine', bootId: '', pid: 1, processStart: '', runId: 'r' });
    await using lost = await slow.lease(elsewhere);
    await expect(quick.lease(thisOwner('quick'))).rejects.toMatchObject({ code: 'LOCKED' });
    aheadMs = 61_000;
    await using held = await quick.lease(thisOwner('quick'));
    await expect(archive(slow, describeFile('a'), content)).rejects.toMatchObject({ code: 'LOCKED' });
    await archive(quick, describeFile('a'), content);
    expect([lost, held]).toHaveLength(2);
  });
});

describe('a small file', () => {
  test('is in memory until its commit, and its upload is not worth remembering', async () => {
    const file = describeFile('a');
    const begun = await disk.open(file, { partSizeBytes, sizeBytes: content.length, validator });
    expect(begun).toMatchObject({ kind: 'upload', parts: [], resumable: false });
    if (begun.kind !== 'upload') return;
    const parts = await writeOne(disk, file, begun.state, content);
    expect(await drafts()).toEqual([]);
    await disk.commit(file, begun.state, parts, wholeOf(content));
    expect(await readFile(inRoot(file.original.key))).toEqual(content);
    expect(await drafts()).toEqual([]);
  });

  test('of more than one part, or larger than 256 KiB, is resumed like any other', async () => {
    for (const wanted of [
      { partSizeBytes: 10, sizeBytes: 11 },
      { partSizeBytes: largeBytes, sizeBytes: largeBytes },
    ]) {
      expect(await disk.open(describeFile('a'), { ...wanted, validator })).toMatchObject({ resumable: true });
    }
  });

  test('leaves no draft behind when it cannot be published', async () => {
    const taken = describeFile('taken');
    await mkdir(inRoot(taken.original.key), { recursive: true });
    await expect(archive(disk, taken, content)).rejects.toMatchObject({ code: 'KEY_TAKEN' });
    const wrong = describeFile('wrong');
    const state = await begin(disk, wrong, content.length);
    await writeOne(disk, wrong, state, Buffer.alloc(content.length));
    const parts = [{ number: 1, ...wholeOf(content), receipt: '' }];
    await expect(disk.commit(wrong, state, parts, wholeOf(content))).rejects.toMatchObject({ code: 'CHECKSUM_MISMATCH' });
    expect(await disk.stat(wrong.original.key)).toBeUndefined();
    expect(await drafts()).toEqual([]);
  });

  test('whose name had appeared before a crash is described without its bytes, also by another process', async () => {
    const file = describeFile('a');
    const state = await begin(disk, file, content.length);
    const parts = await writeOne(disk, file, state, content);
    await mkdir(dirname(inRoot(file.original.key)), { recursive: true });
    await writeFile(inRoot(file.original.key), content);
    const next = openHere();
    await next.commit(file, state, parts, wholeOf(content));
    expect(await keys(next)).toEqual([file.original.key]);
    await rm(inRoot(file.original.key));
    await expect(next.commit(file, state, parts, wholeOf(content))).rejects.toMatchObject({ code: 'UPLOAD_LOST' });
  });
});

describe('a resume', () => {
  test('counts only parts that the unfinished file is long enough for', async () => {
    const file = describeFile('a');
    const sizeBytes = partSizeBytes * 2;
    const state = await begin(disk, file, sizeBytes);
    const parts: Part[] = [];
    for (const number of [1, 2]) {
      const writer = disk.writePart(file, state, number, partSizeBytes);
      await writer.write(Buffer.alloc(partSizeBytes, number));
      parts.push(await writer.end(crc32(Buffer.alloc(partSizeBytes, number))));
    }
    await truncate(inRoot('.cloud-sync', 'partial', `${state.id}.part`), partSizeBytes + 10);
    const resumed = await openHere().open(file, { partSizeBytes, sizeBytes, validator }, { state, parts });
    expect(resumed).toEqual({ kind: 'upload', state, parts: parts.slice(0, 1), resumable: true });
  });

  test('leaves no file open when parts are given up or forgotten', async () => {
    const before = (await readdir('/dev/fd')).length;
    for (let index = 0; index < 50; index += 1) {
      const file = describeFile(`f${index}`);
      const state = await begin(disk, file, null);
      const writer = disk.writePart(file, state, 1, partSizeBytes);
      await writer.write(Buffer.alloc(10));
      if (index % 2 === 0) writer.abort();
      else await writer.end(0).catch(() => {});
    }
    expect((await readdir('/dev/fd')).length).toBeLessThanOrEqual(before + 1);
  });
});

const manifestPath = () => inRoot('.cloud-sync', 'manifest.jsonl');

describe('the manifest', () => {
  test('is read although lines are cut off, foreign or hostile, and goes on behind them', async () => {
    await archive(disk, describeFile('a'), content);
    const [line = ''] = (await readFile(manifestPath(), 'utf8')).split('\n');
    const hostile = JSON.stringify({ ...(JSON.parse(line) as object), key: '../../etc/passwd' });
    await writeFile(manifestPath(), `not json\n[]\nnull\n${hostile}\n${line}\n${line.slice(0, 200)}`);
    const next = openHere();
    expect(await keys(next)).toEqual([describeFile('a').original.key]);
    await archive(next, describeFile('b'), content);
    expect(await keys(openHere())).toEqual([describeFile('a').original.key, describeFile('b').original.key]);
  });

  test('lists a file whose description it cannot read, without one', async () => {
    await archive(disk, describeFile('a'), content);
    const line = await readFile(manifestPath(), 'utf8');
    await writeFile(manifestPath(), line.replace('"role":"source"', '"role":"hologram"'));
    for await (const file of disk.list())
      expect(file).toEqual({ key: describeFile('a').original.key, ...wholeOf(content), description: undefined });
    expect(await keys(disk)).toHaveLength(1);
  });

  test('skips a file of another size than it says', async () => {
    await archive(disk, describeFile('a'), content);
    await truncate(inRoot(describeFile('a').original.key), 3);
    expect(await keys(disk)).toEqual([]);
  });
});

test('what another version of the content is does not count as finished', async () => {
  await archive(disk, describeFile('a'), content);
  const wanted = { partSizeBytes, sizeBytes: content.length, validator };
  expect((await disk.open(describeFile('a'), wanted)).kind).toBe('finished');
  expect((await disk.open(describeFile('a'), { ...wanted, sizeBytes: null })).kind).toBe('finished');
  expect((await disk.open(describeFile('a'), { ...wanted, sizeBytes: 5 })).kind).toBe('upload');
  expect((await disk.open(describeFile('a'), { ...wanted, validator: { etag: '"v2"', lastModified: null } })).kind).toBe(
    'upload',
  );
});

async function checkSums(): Promise<{ stdout: string; stderr: string }> {
  return promisify(execFile)('sha256sum', ['--check', '--strict', '--quiet', '.cloud-sync/SHA256SUMS'], { cwd: root });
}

test('SHA256SUMS is accepted by the stock sha256sum, odd names included', async () => {
  const hashing = openHere({ hash: 'sha256' });
  const odd = ['plain.MP4', ' leading space.MP4', '-dash.MP4', 'line\nbreak.MP4', 'return\r.MP4', 'snö 🏄.MP4', '*star.MP4'];
  for (const [index, name] of odd.entries()) {
    await archive(hashing, describeFile(`m${index}`, `gopro-videos/${name}`), Buffer.from(`content ${index}`));
  }
  await archive(hashing, describeFile('top', '-top.MP4'), content);
  expect(await checkSums()).toEqual({ stdout: '', stderr: '' });
  await writeFile(inRoot('gopro-videos', 'plain.MP4'), 'changed');
  await expect(checkSums()).rejects.toMatchObject({ stdout: 'gopro-videos/plain.MP4: FAILED\n' });
});

test('relies on nothing of a file that could not be brought to the disk', async () => {
  const file = describeFile('a');
  const large = Buffer.alloc(largeBytes, 7);
  const state = { ...(await begin(disk, file, null)), partSizeBytes: large.length };
  const parts = await writeOne(disk, file, state, large);
  await using probe = await open(join(base, 'probe'), 'w');
  const sync = vi
    .spyOn(Object.getPrototypeOf(probe) as FileHandle, 'sync')
    .mockRejectedValueOnce(Object.assign(new Error('EIO: i/o error, fsync'), { code: 'EIO', syscall: 'fsync' }));
  await expect(disk.commit(file, state, parts, wholeOf(large))).rejects.toMatchObject({ code: 'STORE_FAILED' });
  sync.mockRestore();
  await expect(disk.commit(file, state, parts, wholeOf(large))).rejects.toMatchObject({ code: 'UPLOAD_LOST' });
});

test('a folder that leads out of the archive is told before anything is fetched', async () => {
  await mkdir(join(base, 'elsewhere', '01'), { recursive: true });
  await mkdir(join(root, 'gopro-videos'));
  await symlink(join(base, 'elsewhere'), join(root, 'gopro-videos', '2024'));
  await expect(disk.open(describeFile('a'), { partSizeBytes, sizeBytes: 10, validator })).rejects.toMatchObject({
    code: 'DESTINATION_UNUSABLE',
  });
});
