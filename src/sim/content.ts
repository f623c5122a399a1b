/**
 * The bytes of simulated files. Nothing is stored. Each block of 256 KiB is a piece of one shared
 * pseudo-random pool. The file's seed and the block's number decide which piece, so a range of a
 * file can be read without the bytes before it. A block in the wrong place or from the wrong file
 * has other bytes. The bytes never repeat at a fixed distance, so a misplaced part of any size is
 * noticed.
 */
import { createCipheriv, createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import { headerBytes } from './content-header.ts';

/**
 * What decides the bytes of a file. Files with different seeds have different bytes, unless they
 * are shorter than their header.
 */
export interface SimContent {
  readonly seed: string;
  readonly sizeBytes: number;
  /** In lower case, without a dot. The extension decides the first bytes. */
  readonly extension: string;
}

const BLOCK_BYTES = 256 * 1024;
const POOL_STARTS = 16 * 1024 * 1024;
const BYTES_PER_TURN = 64 * 1024 * 1024;

let sharedPool: Buffer | undefined;

function pool(): Buffer {
  if (sharedPool === undefined) {
    const cipher = createCipheriv('aes-128-ctr', Buffer.from('sim content pool'), Buffer.alloc(16));
    sharedPool = cipher.update(Buffer.alloc(POOL_STARTS + BLOCK_BYTES));
  }
  return sharedPool;
}

/**
 * Returns the offset in the pool at which a block begins. The step from block to block is odd, so
 * all blocks of one file begin at different offsets, up to 16 Mi blocks (4 TiB).
 */
function poolOffset(seedHash: Buffer, block: number): number {
  const first = seedHash.readUInt32LE(0);
  const step = seedHash.readUInt32LE(4) | 1;
  return ((first + Math.imul(step, block)) >>> 0) % POOL_STARTS;
}

/**
 * Yields the bytes from `start` up to but not including `end`, in pieces of up to 256 KiB. An `end`
 * beyond the file is cut to the file's size. The pieces are shared memory, so never write to them.
 */
export function* chunksOf(content: SimContent, start = 0, end = content.sizeBytes): Generator<Buffer, void> {
  const seedHash = createHash('sha256').update(content.seed).digest();
  const header = headerBytes(content, seedHash.subarray(0, 16));
  const stop = Math.min(end, content.sizeBytes);
  let at = start;
  while (at < stop) {
    if (at < header.length) {
      const piece = header.subarray(at, Math.min(stop, header.length));
      yield piece;
      at += piece.length;
      continue;
    }
    const block = Math.floor(at / BLOCK_BYTES);
    const blockStart = block * BLOCK_BYTES;
    const offset = poolOffset(seedHash, block);
    const until = Math.min(stop, blockStart + BLOCK_BYTES);
    yield pool().subarray(offset + at - blockStart, offset + until - blockStart);
    at = until;
  }
}

/**
 * Returns a copy of the bytes from `start` up to but not including `end`. Use it for ranges that
 * fit in memory.
 */
export function contentOf(content: SimContent, start = 0, end = content.sizeBytes): Buffer {
  return Buffer.concat([...chunksOf(content, start, end)]);
}

/**
 * Computes the SHA-256 of the whole file, in lower-case hex. Other code can run during the
 * computation.
 */
export async function sha256Of(content: SimContent): Promise<string> {
  const hash = createHash('sha256');
  await forEachTurn(content, (chunk) => void hash.update(chunk));
  return hash.digest('hex');
}

/** Computes the CRC32 (as in zip and gzip) of the whole file, as an unsigned number. */
export async function crc32Of(content: SimContent): Promise<number> {
  let value = 0;
  await forEachTurn(content, (chunk) => {
    value = crc32(chunk, value);
  });
  return value;
}

/**
 * Computes the MD5 of each part of `partBytes` bytes, and returns the digests in order, 16 bytes
 * each. The last part has the rest. A file without bytes is one empty part.
 */
export async function md5sOf(content: SimContent, partBytes: number): Promise<Buffer> {
  const digests: Buffer[] = [];
  let [hash, missing] = [createHash('md5'), partBytes];
  await forEachTurn(content, (chunk) => {
    let rest = chunk;
    while (rest.length >= missing) {
      digests.push(hash.update(rest.subarray(0, missing)).digest());
      rest = rest.subarray(missing);
      [hash, missing] = [createHash('md5'), partBytes];
    }
    hash.update(rest);
    missing -= rest.length;
  });
  if (missing < partBytes || digests.length === 0) digests.push(hash.digest());
  return Buffer.concat(digests);
}

async function forEachTurn(content: SimContent, use: (chunk: Buffer) => void): Promise<void> {
  let sinceTurn = 0;
  for (const chunk of chunksOf(content)) {
    use(chunk);
    sinceTurn += chunk.length;
    if (sinceTurn >= BYTES_PER_TURN) {
      sinceTurn = 0;
      await nextTurn();
    }
  }
}
