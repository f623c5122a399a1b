import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { crc32 } from '../../transfer/checksum.ts';

const readBytes = 1024 * 1024;

export interface Content {
  readonly sizeBytes: number;
  readonly crc32: number;
  /** Lower-case hexadecimal; null when not asked for. */
  readonly sha256: string | null;
}

export type HashName = 'sha256' | null;

/**
 * Reads on through an open file of about `sizeBytes` from its start. `next` reads up to so many bytes and gives their CRC32; fewer come back
 * only at the end of the file. All that was read goes into one hash.
 */
export function readContent(handle: FileHandle, sizeBytes: number, hash: HashName, signal?: AbortSignal) {
  // A byte more than the file has shows whether it has grown. A large buffer for each of many small files would cost more than reading them.
  const buffer = Buffer.allocUnsafe(Math.min(readBytes, sizeBytes + 1));
  const digest = hash === null ? undefined : createHash(hash);
  let position = 0;
  return {
    next: async (upToBytes: number): Promise<{ readonly sizeBytes: number; readonly crc32: number }> => {
      const start = position;
      let crc = 0;
      while (position - start < upToBytes) {
        signal?.throwIfAborted();
        const { bytesRead } = await handle.read(buffer, 0, Math.min(buffer.length, upToBytes - (position - start)), position);
        if (bytesRead === 0) break;
        const bytes = buffer.subarray(0, bytesRead);
        crc = crc32(bytes, crc);
        digest?.update(bytes);
        position += bytesRead;
      }
      return { sizeBytes: position - start, crc32: crc };
    },
    sha256: () => digest?.digest('hex') ?? null,
  };
}

/** Size and checksums of a whole open file, as read. */
export async function contentOf(handle: FileHandle, sizeBytes: number, hash: HashName, signal?: AbortSignal): Promise<Content> {
  const reader = readContent(handle, sizeBytes, hash, signal);
  const whole = await reader.next(Infinity);
  return { ...whole, sha256: reader.sha256() };
}
