import type { FileHandle } from 'node:fs/promises';
import { SyncError } from '../../errors.ts';
import type { Part, PartWriter } from '../destination.ts';
import { writeFully } from './files.ts';

export interface PartTarget {
  readonly number: number;
  readonly offset: number;
  /** The size that the part must have at its end. If null, only `limitBytes` is known. */
  readonly sizeBytes: number | null;
  readonly limitBytes: number;
  /** Called once, before the first byte. Resolves when no other writer uses this part. */
  open(): Promise<FileHandle>;
  /** Called after each write with the number of written bytes. */
  wrote(bytes: number): void;
  /**
   * Called once, after the last write, with the size of the part. The size is null if the part was
   * abandoned.
   */
  close(writtenBytes: number | null): Promise<void>;
  /** Converts the error of a failed system call into the error that is reported. */
  toError(error: unknown): unknown;
}

/** Writes one part directly from the caller's memory, with one system call for each chunk. */
export class DiskPartWriter implements PartWriter {
  readonly #target: PartTarget;
  readonly #closed = Promise.withResolvers<void>();
  #acceptedBytes = 0;
  #file: Promise<FileHandle> | undefined;
  #writing: Promise<void> | undefined;
  #isFinished = false;
  #failure: unknown;

  constructor(target: PartTarget) {
    this.#target = target;
  }

  /** Resolves when this writer will not use the file any more. Never rejects. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  write(chunk: Uint8Array): Promise<void> {
    const { offset, limitBytes } = this.#target;
    if (this.#isFinished) this.#fail('was abandoned');
    const at = offset + this.#acceptedBytes;
    this.#acceptedBytes += chunk.length;
    if (this.#acceptedBytes > limitBytes) this.#fail(`got more than its ${limitBytes} bytes`);
    if (this.#failure) throw this.#failure;
    this.#writing = this.#writeAt(chunk, at);
    return this.#writing;
  }

  async end(crc32: number): Promise<Part> {
    const { number, sizeBytes } = this.#target;
    const acceptedBytes = this.#acceptedBytes;
    if (this.#isFinished) this.#fail('was abandoned');
    if (sizeBytes !== null && acceptedBytes !== sizeBytes) this.#fail(`ended after ${acceptedBytes} of ${sizeBytes} bytes`);
    try {
      await this.#writing;
      if (this.#failure) throw this.#failure;
      return { number, sizeBytes: acceptedBytes, crc32, receipt: '' };
    } finally {
      await this.#finish();
    }
  }

  abort(): void {
    if (this.#isFinished) return;
    this.#fail('was abandoned');
    void this.#finish().catch(() => {});
  }

  /** Records a failure, unless there is an earlier one. */
  #fail(message: string): void {
    this.#failure ??= new SyncError('STORE_FAILED', `part ${this.#target.number} ${message}`);
  }

  async #writeAt(chunk: Uint8Array, at: number): Promise<void> {
    try {
      this.#file ??= this.#target.open();
      const handle = await this.#file;
      // If the part was abandoned during the wait, the chunk may have changed and is not written.
      if (this.#failure) throw this.#failure;
      await writeFully(handle, [chunk], at);
      this.#target.wrote(chunk.length);
    } catch (error) {
      this.#failure ??= this.#target.toError(error);
    }
    // The part may have been abandoned during the write, so the failure is checked again.
    if (this.#failure) throw this.#failure;
  }

  async #finish(): Promise<void> {
    this.#isFinished = true;
    await this.#writing?.catch(() => {});
    try {
      if (this.#file) await this.#target.close(this.#failure ? null : this.#acceptedBytes);
    } catch (error) {
      throw this.#target.toError(error);
    } finally {
      this.#closed.resolve();
    }
  }
}
