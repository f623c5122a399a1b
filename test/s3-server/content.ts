import { randomUUID } from 'node:crypto';
import { closeSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { S3Error } from './wire.ts';

/** The stored bytes of a whole object or of one part. */
export interface Content {
  readonly sizeBytes: number;
  /** The CRC32 of the bytes when they were stored. A later `flip` does not change this value. */
  readonly crc32: number;
  /** False if the bytes were only counted. Then `read` and `flip` throw. */
  readonly kept: boolean;
  /** Returns the bytes from `start` to before `end`. */
  read(start: number, end: number): Generator<Buffer>;
  /** Inverts all bits of the byte at `offset`. */
  flip(offset: number): void;
  release(): void;
}

/** Takes the bytes in order. The last call is `finish` or `abandon`. */
interface ContentWriter {
  write(chunk: Buffer): void;
  finish(): Content;
  abandon(): void;
}

/** Where bytes are stored. `discard` stores only the bytes of small bodies. */
export type Keeping =
  | { readonly kind: 'memory' }
  | { readonly kind: 'files'; readonly dir: string }
  | { readonly kind: 'discard' };

/** `discard` still keeps bodies up to this size, so that an archive can read its own records. */
const KEPT_IN_SPITE_BYTES = 64 * 1024;
const READ_BYTES = 256 * 1024;

export function createContentWriter(keeping: Keeping): ContentWriter {
  return keeping.kind === 'files'
    ? writeFileContent(keeping.dir)
    : writeMemoryContent(keeping.kind === 'discard' ? KEPT_IN_SPITE_BYTES : Infinity);
}

function writeMemoryContent(keptBytes: number): ContentWriter {
  let chunks: Buffer[] = [];
  let sizeBytes = 0;
  let crc = 0;
  return {
    write(chunk) {
      crc = crc32(chunk, crc);
      sizeBytes += chunk.length;
      if (sizeBytes <= keptBytes) chunks.push(chunk);
      else chunks = [];
    },
    finish() {
      const kept = sizeBytes <= keptBytes;
      return {
        sizeBytes,
        crc32: crc,
        kept,
        read: (start, end) => readChunks(mustBeKept(chunks, kept), start, end),
        flip: (offset) => flipInChunks(mustBeKept(chunks, kept), offset),
        release: () => (chunks = []),
      };
    },
    abandon: () => (chunks = []),
  };
}

function mustBeKept(chunks: Buffer[], kept: boolean): Buffer[] {
  if (!kept) throw new Error('the bytes of this object were counted but not kept');
  return chunks;
}

function* readChunks(chunks: readonly Buffer[], start: number, end: number): Generator<Buffer> {
  let position = 0;
  for (const chunk of chunks) {
    if (position >= end) return;
    const slice = chunk.subarray(Math.max(0, start - position), Math.max(0, end - position));
    if (slice.length > 0) yield slice;
    position += chunk.length;
  }
}

function flipInChunks(chunks: Buffer[], offset: number): void {
  let position = 0;
  for (const [index, chunk] of chunks.entries()) {
    if (offset < position + chunk.length) {
      chunks[index] = withFlippedByte(chunk, offset - position);
      return;
    }
    position += chunk.length;
  }
}

/** Returns a copy with one inverted byte, because other code may still use the chunk. */
export function withFlippedByte(chunk: Buffer, offset: number): Buffer {
  const copy = Buffer.from(chunk);
  copy.writeUInt8(copy.readUInt8(offset) ^ 0xff, offset);
  return copy;
}

/** Writes synchronously, because a write to the page cache costs less than a promise. */
function writeFileContent(dir: string): ContentWriter {
  const path = join(dir, randomUUID());
  const file = openSync(path, 'wx');
  let sizeBytes = 0;
  let crc = 0;
  return {
    write(chunk) {
      crc = crc32(chunk, crc);
      sizeBytes += chunk.length;
      for (let written = 0; written < chunk.length;) written += writeSync(file, chunk, written);
    },
    finish() {
      closeSync(file);
      return {
        sizeBytes,
        crc32: crc,
        kept: true,
        read: (start, end) => readFileContent(path, start, end),
        flip: (offset) => flipInFile(path, offset),
        release: () => rmSync(path, { force: true }),
      };
    },
    abandon() {
      closeSync(file);
      rmSync(path, { force: true });
    },
  };
}

function* readFileContent(path: string, start: number, end: number): Generator<Buffer> {
  const file = openSync(path, 'r');
  try {
    for (let position = start; position < end;) {
      const chunk = Buffer.allocUnsafe(Math.min(READ_BYTES, end - position));
      const length = readSync(file, chunk, 0, chunk.length, position);
      if (length === 0) throw new S3Error('InternalError', 'A stored file is shorter than it was.');
      yield chunk.subarray(0, length);
      position += length;
    }
  } finally {
    closeSync(file);
  }
}

function flipInFile(path: string, offset: number): void {
  const file = openSync(path, 'r+');
  try {
    const byte = Buffer.alloc(1);
    readSync(file, byte, 0, 1, offset);
    writeSync(file, withFlippedByte(byte, 0), 0, 1, offset);
  } finally {
    closeSync(file);
  }
}

/** Returns the bytes from `start` to before `end` of the joined pieces. */
export function* readPieces(pieces: readonly Content[], start: number, end: number): Generator<Buffer> {
  let position = 0;
  for (const piece of pieces) {
    const from = Math.max(0, start - position);
    const to = Math.min(piece.sizeBytes, end - position);
    if (from < to) yield* piece.read(from, to);
    position += piece.sizeBytes;
  }
}

/**
 * Inverts the byte at `offset` of the joined pieces. Throws RangeError if no piece has the byte.
 */
export function flipInPieces(pieces: readonly Content[], offset: number): void {
  let position = 0;
  for (const piece of pieces) {
    if (offset < position + piece.sizeBytes) return piece.flip(offset - position);
    position += piece.sizeBytes;
  }
  throw new RangeError(`offset ${offset} lies beyond the ${position} bytes of the object`);
}

/** Computes the CRC32 of joined pieces from the CRC32 and size of each piece. */
export function crc32OfPieces(pieces: readonly Pick<Content, 'crc32' | 'sizeBytes'>[]): number {
  return pieces.reduce((whole, piece) => (multiply(whole, shiftBy(piece.sizeBytes)) ^ piece.crc32) >>> 0, 0);
}

// A CRC is a remainder of polynomials over GF(2), here with the coefficient of x^0 in the highest
// bit. Appending n bytes multiplies the earlier remainder by x^(8n). The pre- and post-conditioning
// of both halves cancel out.
const POLYNOMIAL = 0xedb88320;
const ONE = 0x80000000;
const BYTE = 0x00800000;

function multiply(a: number, b: number): number {
  let product = 0;
  for (let bit = 31, shifted = b; bit >= 0; bit -= 1) {
    if ((a >>> bit) & 1) product ^= shifted;
    shifted = shifted & 1 ? (shifted >>> 1) ^ POLYNOMIAL : shifted >>> 1;
  }
  return product >>> 0;
}

function shiftBy(bytes: number): number {
  let power = ONE;
  for (let rest = bytes, square = BYTE; rest > 0; rest = Math.floor(rest / 2), square = multiply(square, square)) {
    if (rest % 2 === 1) power = multiply(power, square);
  }
  return power;
}
