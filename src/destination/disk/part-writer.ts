import type { FileHandle } from 'node:fs/promises';
import { SyncError } from '../../errors.ts';
import type { Part, PartWriter } from '../destination.ts';
import { writeFully } from './files.ts';

/** One system call for about so many bytes; as many again may collect while it runs. */
const batchBytes = 1024 * 1024;
/** No system call takes more buffers than this (IOV_MAX). */
const batchChunks = 1024;

export interface PartTarget {
  readonly number: number;
  readonly offset: number;
  /** What the part must have in the end, or null when only `limitBytes` is known. */
  readonly sizeBytes: number | null;
  readonly limitBytes: number;
  /** Resolves when nobody else writes this part any more and there is room for it; called once, before the first byte. */
  open(): Promise<FileHandle>;
  /** Called once, when nothing more will be written. */
  close(): Promise<void>;
  /** For messages and failed system calls. */
  toError(error: unknown): unknown;
}

/** A writer that holds at most two batches, and whether it is through with the file. */
export interface DiskPartWriter extends PartWriter {
  /** Resolves when this writer will never touch the file again. Never rejects. */
  readonly closed: Promise<void>;
}

export function createPartWriter(target: PartTarget): DiskPartWriter {
  const { promise: closed, resolve: setClosed } = Promise.withResolvers<void>();
  let collected: Uint8Array[] = [];
  let collectedBytes = 0;
  let acceptedBytes = 0;
  let position = target.offset;
  let file: Promise<FileHandle> | undefined;
  let writing: Promise<void> | undefined;
  let finished = false;
  let failure: unknown;

  const flush = () => {
    const batch = collected;
    const at = position;
    position += collectedBytes;
    collected = [];
    collectedBytes = 0;
    const write = async () => {
      file ??= target.open();
      await writeFully(await file, batch, at);
    };
    writing = write()
      .catch((error: unknown) => {
        failure ??= target.toError(error);
      })
      .finally(() => {
        writing = undefined;
      });
  };
  const failed = (message: string) => new SyncError('STORE_FAILED', `part ${target.number} ${message}`);
  const flushWhenFree = async () => {
    await writing;
    if (failure) throw failure;
    if (collected.length > 0) flush();
  };
  const finish = async () => {
    finished = true;
    await writing;
    try {
      if (file) await target.close();
    } catch (error) {
      throw target.toError(error);
    } finally {
      setClosed();
    }
  };
  return {
    closed,
    write: (chunk) => {
      failure ??= finished ? failed('was given up') : undefined;
      acceptedBytes += chunk.length;
      if (acceptedBytes > target.limitBytes) failure ??= failed(`got more than its ${target.limitBytes} bytes`);
      if (failure) throw failure;
      collected.push(chunk);
      collectedBytes += chunk.length;
      if (collectedBytes < batchBytes && collected.length < batchChunks) return undefined;
      if (writing) return flushWhenFree();
      flush();
      return undefined;
    },
    end: async (crc32): Promise<Part> => {
      failure ??= finished ? failed('was given up') : undefined;
      if (target.sizeBytes !== null && acceptedBytes !== target.sizeBytes) {
        failure ??= failed(`ended after ${acceptedBytes} of ${target.sizeBytes} bytes`);
      }
      try {
        await flushWhenFree();
        await flushWhenFree();
        return { number: target.number, sizeBytes: acceptedBytes, crc32, receipt: '' };
      } finally {
        await finish();
      }
    },
    abort: () => {
      if (finished) return;
      failure ??= failed('was given up');
      collected = [];
      void finish().catch(() => {});
    },
  };
}
