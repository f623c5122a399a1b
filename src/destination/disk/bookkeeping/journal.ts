import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { exists, shorten, syncDirectory, writeFully } from '../files.ts';
import { openOwnFile } from '../own-files.ts';

/**
 * What to do with a last line that a crash cut off. `end` adds a line end, so that readers can skip
 * the cut line. `drop` removes the cut line, for files whose readers trust every line. A cut line
 * may be lost, because its `append` never resolved.
 */
export type TornLine = 'end' | 'drop';

interface OpenJournal {
  readonly handle: FileHandle;
  sizeBytes: number;
}

interface Waiting {
  readonly bytes: Buffer;
  readonly done: (offset: number) => void;
  readonly failed: (error: unknown) => void;
}

/** A text file of whole lines that only grows. The first `append` opens or creates the file. */
export class Journal {
  readonly #path: string;
  readonly #tornLine: TornLine;
  readonly #queue: Waiting[] = [];
  #file: OpenJournal | undefined;
  #draining = Promise.resolve();
  #isDraining = false;

  constructor(path: string, tornLine: TornLine) {
    this.#path = path;
    this.#tornLine = tornLine;
  }

  /**
   * Adds a line, and resolves with its offset once the line is durable. Simultaneous calls share
   * one write and one sync.
   */
  async append(line: string): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    this.#queue.push({ bytes: Buffer.from(`${line}\n`), done: resolve, failed: reject });
    if (!this.#isDraining) {
      this.#isDraining = true;
      this.#draining = this.#drain();
    }
    return promise;
  }

  async close(): Promise<void> {
    await this.#draining;
    await this.#file?.handle.close();
    this.#file = undefined;
  }

  async #drain(): Promise<void> {
    while (this.#queue.length > 0) {
      const batch = this.#queue.splice(0);
      await this.#write(batch).catch(async (error: unknown) => {
        // A failed write may leave half a line. The next `append` opens the file and repairs that
        // line.
        const { handle } = this.#file ?? {};
        this.#file = undefined;
        await handle?.close().catch(() => {});
        for (const entry of batch) entry.failed(error);
      });
    }
    this.#isDraining = false;
  }

  async #write(batch: readonly Waiting[]): Promise<void> {
    this.#file ??= await openAtLineStart(this.#path, this.#tornLine);
    const file = this.#file;
    await writeFully(file.handle, [Buffer.concat(batch.map((entry) => entry.bytes))], null);
    await file.handle.datasync();
    for (const entry of batch) {
      entry.done(file.sizeBytes);
      file.sizeBytes += entry.bytes.length;
    }
  }
}

async function openAtLineStart(path: string, tornLine: TornLine): Promise<OpenJournal> {
  const isNew = !(await exists(path));
  const handle = await openOwnFile(path, constants.O_RDWR | constants.O_APPEND | constants.O_CREAT);
  try {
    if (isNew) await syncDirectory(dirname(path));
    return { handle, sizeBytes: await repairEnd(handle, tornLine) };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/**
 * Repairs a cut last line. Returns the new size of the file, which is where the next line begins.
 */
async function repairEnd(handle: FileHandle, tornLine: TornLine): Promise<number> {
  const { size } = await handle.stat();
  const wholeLines = await endOfLastLine(handle, size);
  if (wholeLines === size) return size;
  // A file system that cannot shorten a file keeps the cut line, which readers then only report.
  if (tornLine === 'drop' && (await shorten(handle, wholeLines))) return wholeLines;
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
