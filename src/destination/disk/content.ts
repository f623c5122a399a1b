import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { crc32 } from '../../lib/crc32.ts';
import type { ContentFacts, TakeBytes } from '../destination.ts';

/** Reading 256 KiB at a time is as fast as reading 1 MiB. Smaller reads cost more time. */
export const maxReadBytes = 256 * 1024;

export interface Content extends ContentFacts {
  /** The SHA-256 in lower-case hexadecimal. null if no SHA-256 was requested. */
  readonly sha256: string | null;
}

export type HashName = 'sha256' | null;

export interface ReadRangeOptions {
  /** Called for each read with the bytes that were read, in the order of the file. */
  readonly onBytes?: ((bytes: Uint8Array) => void) | undefined;
  readonly take?: TakeBytes | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads `sizeBytes` of an open file through `buffer`, from `start` on. Reads fewer bytes if the
 * file is shorter.
 */
export async function readRange(
  handle: FileHandle,
  buffer: Uint8Array,
  { start, sizeBytes }: { readonly start: number; readonly sizeBytes: number },
  { onBytes, take, signal }: ReadRangeOptions = {},
): Promise<ContentFacts> {
  let crc = 0;
  let done = 0;
  while (done < sizeBytes) {
    signal?.throwIfAborted();
    const { bytesRead } = await handle.read(buffer, 0, Math.min(buffer.length, sizeBytes - done), start + done);
    if (bytesRead === 0) break;
    const bytes = buffer.subarray(0, bytesRead);
    crc = crc32(bytes, crc);
    onBytes?.(bytes);
    await take?.(bytes);
    done += bytesRead;
  }
  return { sizeBytes: done, crc32: crc };
}

/**
 * Allocates the buffer to read a file. A large buffer for a small file would cost more than the
 * read. A large buffer is shared memory, so other threads read it without a copy.
 */
export function readBuffer(sizeBytes: number): Buffer {
  if (sizeBytes >= maxReadBytes) return Buffer.from(new SharedArrayBuffer(maxReadBytes));
  // One byte is added, because an empty buffer could not show that an empty file has grown.
  return Buffer.allocUnsafe(sizeBytes + 1);
}

interface ContentOptions extends Omit<ReadRangeOptions, 'onBytes'> {
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

/**
 * Computes the size and checksums of an open file from its bytes, from the byte `from` to
 * before the byte `to`. `sizeBytes` is an estimate.
 */
export async function contentOf(
  handle: FileHandle,
  sizeBytes: number,
  hash: HashName,
  { from = 0, to = Infinity, ...options }: ContentOptions = {},
): Promise<Content> {
  const digest = createDigest(hash);
  const range = { start: from, sizeBytes: Math.max(0, to - from) };
  const whole = await readRange(handle, readBuffer(sizeBytes), range, { ...options, onBytes: digest?.update });
  return { ...whole, sha256: digest?.hex() ?? null };
}

/** Begins a hash. Returns undefined if no hash is configured. */
export function createDigest(hash: HashName) {
  if (hash === null) return undefined;
  const running = createHash(hash);
  return {
    update: (bytes: Uint8Array): void => {
      running.update(bytes);
    },
    hex: () => running.digest('hex'),
  };
}
