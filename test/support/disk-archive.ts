/** What the tests of the disk adapter share: an archive in a directory, and files to archive. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import type { Destination, FileDescription, Part, UploadState } from '../../src/destination/destination.ts';
import { openDisk, type DiskOptions } from '../../src/destination/disk/index.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { crc32 } from '../../src/lib/crc32.ts';
import { description, original } from './builders.ts';
import { collect } from './collect.ts';

type Disk = ReturnType<typeof openDisk>;

export const partSizeBytes = 64 * 1024;
export const validator = { etag: '"v1"', lastModified: null };
export const content = Buffer.from('the bytes of an original');
/**
 * The adapter writes a file of this size as a draft first. The adapter holds only smaller files in
 * memory.
 */
export const largeBytes = 256 * 1024 + 1;

/** The new archive of one test. After the test its adapters are closed and its files removed. */
export interface TestDisk {
  /** The directory that contains the archive. */
  readonly base: string;
  readonly root: string;
  readonly disk: Disk;
  /** Opens a further adapter, as another process would. Default directory: the archive. */
  readonly open: (options?: Partial<DiskOptions>, directory?: string) => Disk;
  /** Returns a path in the archive. */
  readonly path: (...names: string[]) => string;
  readonly draftPath: (upload: UploadState) => string;
  /** Returns the names of the unfinished files. */
  readonly drafts: () => Promise<string[]>;
}

export function useTestDisk(): TestDisk {
  const opened: Disk[] = [];
  const open = (options: Partial<DiskOptions> = {}, directory = place.root) => {
    const disk = openDisk(directory, { clock: systemClock, ...options });
    opened.push(disk);
    return disk;
  };
  const path = (...names: string[]) => join(place.root, ...names);
  const draftPath = ({ id }: UploadState) => path('.cloud-sync', 'partial', `${id}.part`);
  const drafts = async () => readdir(path('.cloud-sync', 'partial'));
  const place = { open, path, draftPath, drafts } as { -readonly [Name in keyof TestDisk]: TestDisk[Name] };
  beforeEach(async () => {
    place.base = await mkdtemp(join(tmpdir(), 'cloud-sync-disk-'));
    place.root = join(place.base, 'archive');
    place.disk = open();
    await place.disk.initialise('archive-1');
  });
  afterEach(async () => {
    for (const disk of opened.splice(0)) await disk.close();
    await rm(place.base, { recursive: true });
  });
  return place;
}

export function describeFile(mediaId: string, key = `gopro-videos/2024/01/${mediaId}.MP4`): FileDescription {
  return description(original(mediaId, { key }), { capturedAt: '2024-01-02T03:04:05Z', roles: ['source'], validator });
}

export async function begin(disk: Destination, file: FileDescription, sizeBytes: number | null): Promise<UploadState> {
  const begun = await disk.open(file, { partSizeBytes, sizeBytes, validator });
  if (begun.kind !== 'upload') throw new Error('finished already');
  return begun.state;
}

export async function writeOne(disk: Destination, file: FileDescription, state: UploadState, bytes: Buffer): Promise<Part[]> {
  const writer = disk.writePart(file, state, 1, bytes.length);
  await writer.write(bytes);
  return [await writer.end(crc32(bytes))];
}

export function wholeOf(bytes: Buffer): { readonly sizeBytes: number; readonly crc32: number } {
  return { sizeBytes: bytes.length, crc32: crc32(bytes) };
}

/** Archives one file, from the first step to the last. */
export async function archive(disk: Destination, file: FileDescription, bytes: Buffer): Promise<void> {
  const state = await begin(disk, file, bytes.length);
  await disk.commit(file, state, await writeOne(disk, file, state, bytes), wholeOf(bytes));
}

export async function keys(disk: Destination): Promise<string[]> {
  return (await collect(disk.list())).map((file) => file.key);
}
