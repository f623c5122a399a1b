import type { FileHandle } from 'node:fs/promises';
import { SyncError } from '../../errors.ts';
import type { Part, PartWriter } from '../destination.ts';
import { writeFully } from './files.ts';

export interface PartTarget {
  readonly number: number;
  readonly offset: number;
  /** What the part must have in the end, or null when only `limitBytes` is known. */
  readonly sizeBytes: number | null;
  readonly limitBytes: number;
  /** Resolves when nobody else writes this part any more and there is room for it; called once, before the first byte. */
  open(): Promise<FileHandle>;
  /** So many bytes more are in the file. */
  wrote(bytes: number): void;
  /** Called once, when nothing more will be written; with the size of the part, or null when it was given up. */
  close(writtenBytes: number | null): Promise<void>;
  /** For messages and failed system calls. */
  toError(error: unknown): unknown;
}

/** A writer that holds nothing back, and whether it is through with the file. */
export interface DiskPartWriter extends PartWriter {
  /** Resolves when this writer will never touch the file again. Never rejects. */
  readonly closed: Promise<void>;
}

export function createPartWriter(target: PartTarget): DiskPartWriter {
  const { promise: closed, resolve: setClosed } = Promise.withResolvers<void>();
  let acceptedBytes = 0;
  let file: Promise<FileHandle> | undefined;
  let writing: Promise<void> | undefined;
  let finished = false;
  let failure: unknown;

  const failed = (message: string) => new SyncError('STORE_FAILED', `part ${target.number} ${message}`);
  const write = async (chunk: Uint8Array, at: number) => {
    try {
      file ??= target.open();
      const handle = await file;
      // Given up meanwhile: the chunk may be filled anew.
      if (failure) throw failure;
      await writeFully(handle, [chunk], at);
      target.wrote(chunk.length);
    } catch (error) {
      failure ??= target.toError(error);
    }
    // Also when it was given up meanwhile: nobody may go on to write.
    if (failure) throw failure;
  };
  const finish = async () => {
    finished = true;
    await writing?.catch(() => {});
    try {
      if (file) await target.close(failure ? null : acceptedBytes);
    } catch (error) {
      throw target.toError(error);
    } finally {
      setClosed();
    }
  };
  return {
    closed,
    // One system call per chunk, straight from the caller's memory; those of the fast lane are large.
    write: (chunk) => {
      failure ??= finished ? failed('was given up') : undefined;
      const at = target.offset + acceptedBytes;
      acceptedBytes += chunk.length;
      if (acceptedBytes > target.limitBytes) failure ??= failed(`got more than its ${target.limitBytes} bytes`);
      if (failure) throw failure;
      writing = write(chunk, at);
      return writing;
    },
    end: async (crc32): Promise<Part> => {
      failure ??= finished ? failed('was given up') : undefined;
      if (target.sizeBytes !== null && acceptedBytes !== target.sizeBytes) {
        failure ??= failed(`ended after ${acceptedBytes} of ${target.sizeBytes} bytes`);
      }
      try {
        await writing;
        if (failure) throw failure;
        return { number: target.number, sizeBytes: acceptedBytes, crc32, receipt: '' };
      } finally {
        await finish();
      }
    },
    abort: () => {
      if (finished) return;
      failure ??= failed('was given up');
      void finish().catch(() => {});
    },
  };
}
