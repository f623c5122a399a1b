import { open, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { exists, syncDirectory, writeFully } from '../files.ts';

/** An append-only text file of whole lines. */
export interface Journal {
  /** Resolves, when the line is durable, to the offset at which it begins. Calls at the same time share one write and one fsync. */
  append(line: string): Promise<number>;
  close(): Promise<void>;
}

/**
 * What becomes of a last line that a crash cut off: `end` it, so that readers can skip it, or `drop` it, for files whose
 * readers take every line at its word. It was never reported as written.
 */
export type TornLine = 'end' | 'drop';

interface Waiting {
  readonly bytes: Buffer;
  readonly done: (offset: number) => void;
  readonly failed: (error: unknown) => void;
}

/** Nothing is opened or created before the first append. */
export function createJournal(path: string, tornLine: TornLine): Journal {
  let queue: Waiting[] = [];
  let file: { readonly handle: FileHandle; sizeBytes: number } | undefined;
  let draining = Promise.resolve();
  let busy = false;

  const write = async (batch: readonly Waiting[]) => {
    file ??= await openAtLineStart(path, tornLine);
    await writeFully(file.handle, [Buffer.concat(batch.map((entry) => entry.bytes))], null);
    await file.handle.datasync();
    for (const entry of batch) {
      entry.done(file.sizeBytes);
      file.sizeBytes += entry.bytes.length;
    }
  };
  const drain = async () => {
    while (queue.length > 0) {
      const batch = queue.splice(0);
      // A failed write may have left half a line, which opening it again repairs.
      await write(batch).catch(async (error: unknown) => {
        const { handle } = file ?? {};
        file = undefined;
        await handle?.close().catch(() => {});
        for (const entry of batch) entry.failed(error);
      });
    }
    busy = false;
  };
  return {
    append: async (line) => {
      const { promise, resolve, reject } = Promise.withResolvers<number>();
      queue.push({ bytes: Buffer.from(`${line}\n`), done: resolve, failed: reject });
      if (!busy) {
        busy = true;
        draining = drain();
      }
      return promise;
    },
    close: async () => {
      await draining;
      await file?.handle.close();
      file = undefined;
    },
  };
}

async function openAtLineStart(path: string, tornLine: TornLine) {
  const isNew = !(await exists(path));
  const handle = await open(path, 'a+');
  try {
    if (isNew) await syncDirectory(dirname(path));
    return { handle, sizeBytes: await repairEnd(handle, tornLine) };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Returns the size after which a new line may begin. */
async function repairEnd(handle: FileHandle, tornLine: TornLine): Promise<number> {
  const { size } = await handle.stat();
  const wholeLines = await endOfLastLine(handle, size);
  if (wholeLines === size) return size;
  if (tornLine === 'drop') {
    await handle.truncate(wholeLines);
    return wholeLines;
  }
  await writeFully(handle, [Buffer.from('\n')], null);
  return size + 1;
}

async function endOfLastLine(handle: FileHandle, size: number): Promise<number> {
  const buffer = Buffer.allocUnsafe(4096);
  for (let end = size; end > 0;) {
    const start = Math.max(0, end - buffer.length);
    const { bytesRead } = await handle.read(buffer, 0, end - start, start);
    const newline = buffer.subarray(0, bytesRead).lastIndexOf(0x0a);
    if (newline >= 0) return start + newline + 1;
    end = start;
  }
  return 0;
}
