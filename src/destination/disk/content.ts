import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { crc32 } from '../../lib/crc32.ts';
import type { ContentFacts } from '../destination.ts';

/** As fast as 1 MiB. A smaller read costs more than what it brings. */
export const maxReadBytes = 256 * 1024;

export interface Content extends ContentFacts {
  /** Lower-case hexadecimal; null if not asked for. */
  readonly sha256: string | null;
}

export type HashName = 'sha256' | null;

export interface ReadRangeOptions {
  /** Sees all bytes, in order. */
  readonly onBytes?: ((bytes: Uint8Array) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Reads `sizeBytes` of an open file through `buffer`, from `start` on; fewer at the file's end. */
export async function readRange(
  handle: FileHandle,
  buffer: Uint8Array,
  { start, sizeBytes }: { readonly start: number; readonly sizeBytes: number },
  { onBytes, signal }: ReadRangeOptions = {},
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
    done += bytesRead;
  }
  return { sizeBytes: done, crc32: crc };
}

/** Memory to read a file. A large buffer for each small file would cost more than reading it. */
export function readBuffer(sizeBytes: number): Buffer {
  // A byte more than the file has shows whether it has grown.
  return Buffer.allocUnsafe(Math.min(maxReadBytes, sizeBytes + 1));
}

/** Size and checksums of a whole open file of about `sizeBytes`, as read. */
export async function contentOf(handle: FileHandle, sizeBytes: number, hash: HashName, signal?: AbortSignal): Promise<Content> {
  const digest = createDigest(hash);
  const range = { start: 0, sizeBytes: Infinity };
  const whole = await readRange(handle, readBuffer(sizeBytes), range, { onBytes: digest?.update, signal });
  return { ...whole, sha256: digest?.hex() ?? null };
}

/** A running hash; undefined if none is asked for. */
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
