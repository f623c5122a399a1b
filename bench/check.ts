/** Whether what arrived is what was served, byte for byte by CRC32. */
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { Sink, Source } from './servers.ts';

/** What was served: how many files, and the CRC32 of each. */
type Served = Pick<Source, 'files' | 'checksums'>;

/** Where it arrived. */
type Place =
  | { readonly kind: 'directory'; readonly path: string }
  | { readonly kind: 's3'; readonly sink: Pick<Sink, 'objects'> };

interface Arrived {
  readonly name: string;
  readonly sizeBytes: number;
  readonly crc32: number;
}

/** In words, one for each file, in what a target differs from a whole copy of its source. */
export interface Differences {
  /** Files under the name of a served one that hold something else. */
  readonly wrong: readonly string[];
  /** Files that were not served, or are there twice. */
  readonly surplus: readonly string[];
  /** Numbers of the files that are not there at all. */
  readonly missing: readonly number[];
}

/** Throws unless the target holds each file of the source exactly once and nothing else, but for what is Cloud Sync's own. */
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
  for await (const { name, sizeBytes, crc32: sum } of arrived(target)) {
    // Every tool names a file so that its number comes last: 000000000042.mp4, GX000042__000000000042.mp4.
    const number = Number(new RegExp(`(\\d+)\\.${source.files.extension}$`).exec(name)?.[1]);
    if (!missing.delete(number)) surplus.push(`${name} was not served, or is there twice`);
    else if (sizeBytes !== source.files.sizeBytes || sum !== expected[number]) {
      const served = `${source.files.sizeBytes} with ${expected[number]}`;
      wrong.push(`${name} differs: ${sizeBytes} bytes with CRC32 ${sum}, served were ${served}`);
    }
  }
  return { wrong, surplus, missing: [...missing] };
}

async function* arrived(target: Place): AsyncGenerator<Arrived> {
  if (target.kind === 's3') {
    for (const { key, ...rest } of await target.sink.objects()) if (!key.includes('/.cloud-sync/')) yield { name: key, ...rest };
    return;
  }
  for (const entry of await readdir(target.path, { recursive: true, withFileTypes: true })) {
    const name = join(entry.parentPath, entry.name);
    if (entry.isFile() && !name.includes('/.cloud-sync/')) yield { name, ...(await summed(name)) };
  }
}

async function summed(path: string): Promise<Omit<Arrived, 'name'>> {
  let sizeBytes = 0;
  let sum = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 4 * 1024 * 1024 })) {
    sizeBytes += (chunk as Buffer).length;
    sum = crc32(chunk as Buffer, sum);
  }
  return { sizeBytes, crc32: sum };
}
