/** Compares the files of a target with the served files, by size and CRC32. */
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { Sink, Source } from './servers.ts';

/** The served files: their number, and the CRC32 of each. */
type Served = Pick<Source, 'files' | 'checksums'>;

/** The target of a copy. */
type Place =
  | { readonly kind: 'directory'; readonly path: string }
  | { readonly kind: 's3'; readonly sink: Pick<Sink, 'objects'> };

interface StoredFile {
  readonly name: string;
  readonly sizeBytes: number;
  readonly crc32: number;
}

/** The differences between a target and a complete copy of its source. */
export interface Differences {
  /** Files that have the name of a served file but other content. */
  readonly wrong: readonly string[];
  /** Files that were not served, or that exist twice. */
  readonly surplus: readonly string[];
  /** The numbers of the missing files. */
  readonly missing: readonly number[];
}

/** Throws unless the target holds exactly the source's files. `.cloud-sync` is ignored. */
export async function checkContent(source: Served, target: Place): Promise<void> {
  const { wrong, surplus, missing } = await differences(source, target);
  const [first] = [...wrong, ...surplus];
  if (first !== undefined) throw new Error(first);
  if (missing.length > 0) throw new Error(`${missing.length} of ${source.files.count} files are missing`);
}

export async function differences(source: Served, target: Place): Promise<Differences> {
  const expected = await source.checksums();
  const missing = new Set(expected.keys());
  const wrong: string[] = [];
  const surplus: string[] = [];
  for await (const { name, sizeBytes, crc32: sum } of storedFiles(target)) {
    // In every target the name of a file ends with its number, as in GX000042__000000000042.mp4 or
    // GX000042.MP4.
    const number = Number(new RegExp(`(\\d+)\\.${source.files.extension}$`, 'i').exec(name)?.[1]);
    if (!missing.delete(number)) surplus.push(`${name} was not served, or exists twice`);
    else if (sizeBytes !== source.files.sizeBytes || sum !== expected[number]) {
      const served = `${source.files.sizeBytes} bytes with CRC32 ${expected[number]}`;
      wrong.push(`${name} differs: it has ${sizeBytes} bytes with CRC32 ${sum}, but the source served ${served}`);
    }
  }
  return { wrong, surplus, missing: [...missing] };
}

/** Yields the files of a target with their sizes and checksums. `.cloud-sync` is ignored. */
export async function* storedFiles(target: Place): AsyncGenerator<StoredFile> {
  if (target.kind === 's3') {
    for (const { key, ...rest } of await target.sink.objects()) if (!key.includes('/.cloud-sync/')) yield { name: key, ...rest };
    return;
  }
  for (const entry of await readdir(target.path, { recursive: true, withFileTypes: true })) {
    const name = join(entry.parentPath, entry.name);
    if (entry.isFile() && !name.includes('/.cloud-sync/')) yield { name, ...(await checksumFile(name)) };
  }
}

async function checksumFile(path: string): Promise<Omit<StoredFile, 'name'>> {
  let sizeBytes = 0;
  let sum = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 4 * 1024 * 1024 })) {
    sizeBytes += (chunk as Buffer).length;
    sum = crc32(chunk as Buffer, sum);
  }
  return { sizeBytes, crc32: sum };
}
