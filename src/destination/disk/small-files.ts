import { randomUUID } from 'node:crypto';
import { SyncError } from '../../errors.ts';
import type { PartWriter, UploadState, WantedUpload } from '../destination.ts';
import { maxHeldBytes } from '../upload-state.ts';
import { uploadLost } from './drafts.ts';

/**
 * Whole files that stay in memory until their commit. They are not on the disk, so an upload of
 * such a file cannot be resumed.
 */
export interface SmallFiles {
  create(wanted: WantedUpload, id: string): UploadState;
  writePart(state: UploadState, number: number, sizeBytes: number | null): PartWriter;
  /**
   * Returns all bytes of a file. Returns undefined if some bytes are missing or the file was
   * dropped.
   */
  content(id: string): Buffer | undefined;
  drop(id: string): void;
}

/** Returns an id that is never the id of a draft. */
export function newSmallFileId(): string {
  return randomUUID();
}

/** Whether a file of this size stays in memory until its commit. */
export function isSmall({ sizeBytes, partSizeBytes }: WantedUpload): boolean {
  return sizeBytes !== null && sizeBytes <= Math.min(maxHeldBytes, partSizeBytes);
}

interface Held {
  /** The memory is allocated when the first byte arrives. */
  memory: Buffer | undefined;
  content: Buffer | undefined;
  /** Only the writer of the latest attempt may write. */
  writer: PartWriter | undefined;
}

export function createSmallFiles(): SmallFiles {
  const files = new Map<string, Held>();
  // Buffers are used again, because new buffers would use up memory faster than old buffers are
  // freed.
  const free: Buffer[] = [];
  return {
    create: (wanted, id) => {
      const content = wanted.sizeBytes === 0 ? Buffer.alloc(0) : undefined;
      files.set(id, { memory: undefined, content, writer: undefined });
      return { ...wanted, id };
    },
    writePart: ({ id, sizeBytes }, number, partBytes) => {
      const file = files.get(id);
      if (!file) throw uploadLost(id);
      file.writer?.abort();
      file.content = undefined;
      file.writer = createMemoryWriter({
        number,
        exactBytes: partBytes,
        maxBytes: partBytes ?? sizeBytes ?? 0,
        memory: () => (file.memory ??= free.pop() ?? Buffer.allocUnsafeSlow(maxHeldBytes)),
        onEnd: (content) => {
          file.content = content;
        },
      });
      return file.writer;
    },
    content: (id) => files.get(id)?.content,
    drop: (id) => {
      const file = files.get(id);
      if (!file) return;
      files.delete(id);
      file.writer?.abort();
      if (file.memory) free.push(file.memory);
    },
  };
}

interface MemoryTarget {
  readonly number: number;
  /** The size that the part must have at its end. If null, only `maxBytes` is known. */
  readonly exactBytes: number | null;
  readonly maxBytes: number;
  /** Returns a buffer of `maxBytes`. Every call returns the same buffer. */
  memory(): Buffer;
  onEnd(content: Buffer): void;
}

/** Writes a part to memory. Each chunk is copied, because the sender overwrites its own chunk. */
function createMemoryWriter(target: MemoryTarget): PartWriter {
  const { number, exactBytes } = target;
  let length = 0;
  let problem: string | undefined;
  const assertSound = () => {
    if (problem !== undefined) throw new SyncError('STORE_FAILED', `part ${number} ${problem}`);
  };
  return {
    write: (chunk) => {
      if (length + chunk.length > target.maxBytes) problem ??= `got more than its ${target.maxBytes} bytes`;
      assertSound();
      target.memory().set(chunk, length);
      length += chunk.length;
      return undefined;
    },
    end: async (crc32) => {
      if (exactBytes !== null && length !== exactBytes) problem ??= `ended after ${length} of ${exactBytes} bytes`;
      assertSound();
      problem = 'was abandoned';
      target.onEnd(target.memory().subarray(0, length));
      return { number, sizeBytes: length, crc32, receipt: '' };
    },
    abort: () => {
      problem ??= 'was abandoned';
    },
  };
}
