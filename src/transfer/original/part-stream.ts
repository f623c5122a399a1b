import type { Part, PartWriter } from '../../destination/destination.ts';
import { SyncError } from '../../errors.ts';
import { crc32 } from '../../lib/crc32.ts';
import type { Reply } from '../../lib/http/index.ts';
import type { Copy, Upload } from '../context.ts';
import { createSniffer, type Sniffer } from '../media-host/first-bytes.ts';
import { writeThrottled } from '../media-host/limits.ts';
import { networkError } from '../media-host/media-hosts.ts';
import { beginDigest, type PartDigest } from './part-digests.ts';
import { maxPartNumber, type ByteRange } from './parts.ts';

export interface PartStreamHooks {
  /** Called with the number of bytes of the range that the destination has taken. */
  readonly onBytes: (offset: number) => void;
  /** Called when a part is stored, before the next one begins. */
  readonly onPart: (part: Part) => Promise<void>;
  /** The part before the first part of the range, if it is stored. */
  readonly before: Part | undefined;
}

/**
 * Passes the bytes of one range from the reply to the destination. On the way it counts them,
 * checks the first bytes, and computes the CRC32 and the digests of each part. The media host must
 * wait for the destination and for the bandwidth limit. A chunk is not copied. It stays in the
 * socket's buffer (lib/http/connection.ts) until the destination has taken it. After a failed
 * attempt the next one may continue the same stream.
 */
export class PartStream {
  readonly copy: Copy;
  readonly upload: Upload;
  readonly range: ByteRange;
  readonly #hooks: PartStreamHooks;
  /** Opened when the first byte of a part arrives, because a store closes a silent request. */
  #writer: PartWriter | undefined;
  #digest: PartDigest | undefined;
  #before: Part | undefined;
  #number: number;
  #partBytes = 0;
  #crc = 0;
  #offset = 0;
  #lastByteAtMs: number;
  /** Set only if the range begins at the first byte of the file. */
  #sniff: Sniffer | undefined;
  #isAborted = false;

  constructor(copy: Copy, upload: Upload, range: ByteRange, hooks: PartStreamHooks) {
    this.copy = copy;
    this.upload = upload;
    this.range = range;
    this.#hooks = hooks;
    this.#number = range.number;
    this.#before = hooks.before;
    this.#lastByteAtMs = copy.transfer.clock.elapsed();
  }

  /** How many bytes of the range the stream has taken. */
  get offset(): number {
    return this.#offset;
  }

  /** For how many ms the media host has been silent in the middle of the range. */
  get pausedMs(): number {
    return this.#offset > 0 ? this.copy.transfer.clock.elapsed() - this.#lastByteAtMs : 0;
  }

  /** How many bytes the range still lacks. Null if the size is unknown. */
  get leftBytes(): number | null {
    return this.range.sizeBytes === null ? null : this.range.sizeBytes - this.#offset;
  }

  /**
   * Reads a reply to its end. Errors: NOT_MEDIA, SIZE_UNPROVEN (the reply is too long), TRUNCATED
   * (the reply is too short), and the errors of the network and the writer.
   */
  async pump(reply: Reply, extension: string): Promise<void> {
    // A later reply continues with the same sniffer: the first bytes may come in several replies.
    if (this.range.start + this.#offset === 0) this.#sniff = createSniffer(extension);
    const { accounting, slice, throttle } = this.copy.transfer;
    const write = (piece: Uint8Array) => this.#write(piece);
    try {
      await reply.body.pump((chunk) => {
        accounting.countFetched(chunk.length);
        // A later slice cannot continue an open-ended range.
        if (!this.range.isOpenEnded) slice.countMoved(chunk.length);
        if (chunk.length > (this.leftBytes ?? Infinity))
          throw new SyncError('SIZE_UNPROVEN', 'the media host sent more bytes than it announced');
        this.#sniff?.(chunk);
        return writeThrottled(chunk, write, throttle);
      });
    } catch (error) {
      throw networkError(error, 'the media host', this.copy.signal);
    }
    // The caller ends the last part only if these checks pass, because the writer expects the
    // announced length.
    if (this.range.isOpenEnded && this.#offset === 0) throw emptyFile();
    if (this.leftBytes) throw new SyncError('TRUNCATED', `the reply ended ${this.leftBytes} bytes early`);
  }

  /** Stores the last part. Call it when all bytes have arrived. */
  async end(): Promise<Part> {
    return this.#endPart(true);
  }

  /** Abandons the part that is not stored yet. Then the range must begin again. */
  abort(): void {
    this.#isAborted = true;
    this.#writer?.abort();
    this.#digest?.abandon();
    this.copy.transfer.accounting.advanceFile(this.copy.row.original.key, -this.#offset);
  }

  #beginPart(): PartWriter {
    const { file, state } = this.upload;
    const left = this.leftBytes;
    const sizeBytes = left === null ? null : Math.min(state.partSizeBytes, left);
    this.#digest = beginDigest(this.copy, this.upload, { number: this.#number, before: this.#before });
    return this.copy.transfer.destination.writePart(file, state, this.#number, sizeBytes);
  }

  #write(bytes: Uint8Array): Promise<void> | undefined {
    const room = this.upload.state.partSizeBytes - this.#partBytes;
    return bytes.length <= room ? this.#writeToPart(bytes) : this.#writeAcrossParts(bytes);
  }

  #writeToPart(bytes: Uint8Array): Promise<void> | undefined {
    // A chunk that waited for the bandwidth limit may come after the abort.
    if (this.#isAborted) throw abandoned();
    const { clock, accounting } = this.copy.transfer;
    this.#writer ??= this.#beginPart();
    this.#crc = crc32(bytes, this.#crc);
    this.#partBytes += bytes.length;
    this.#offset += bytes.length;
    this.#lastByteAtMs = clock.elapsed();
    accounting.advanceFile(this.copy.row.original.key, bytes.length);
    this.#hooks.onBytes(this.#offset);
    const digested = this.#digest?.update(bytes);
    const written = this.#writer.write(bytes);
    return digested ? Promise.all([written, digested]).then(() => {}) : written;
  }

  async #writeAcrossParts(bytes: Uint8Array): Promise<void> {
    const { partSizeBytes } = this.upload.state;
    for (let at = 0; at < bytes.length;) {
      if (this.#partBytes === partSizeBytes) await this.#beginNextPart();
      const piece = bytes.subarray(at, at + partSizeBytes - this.#partBytes);
      at += piece.length;
      await this.#writeToPart(piece);
    }
  }

  async #beginNextPart(): Promise<void> {
    const part = await this.#endPart(false);
    if (!this.#isAborted) await this.#hooks.onPart(part);
    // The file was abandoned while this part was stored, so no other part may begin.
    if (this.#isAborted) throw abandoned();
    this.#number += 1;
    if (this.#number > maxPartNumber) throw new SyncError('TOO_LARGE', `the file does not end after ${maxPartNumber} parts`);
    this.#partBytes = 0;
    this.#crc = 0;
    this.#writer = undefined;
    this.#before = part;
  }

  async #endPart(isLastOfStream: boolean): Promise<Part> {
    if (!this.#writer) throw emptyFile();
    const part = await this.#writer.end(this.#crc);
    const { range, upload } = this;
    const { sizeBytes } = upload.state;
    const isLastOfFile = isLastOfStream && (range.isOpenEnded || range.start + this.#offset === sizeBytes);
    return this.#digest ? this.#digest.end(part, isLastOfFile) : part;
  }
}

/** The error for an empty file. No original is empty. */
export function emptyFile(): SyncError {
  return new SyncError('NOT_MEDIA', 'the media host serves an empty file');
}

function abandoned(): SyncError {
  return new SyncError('CONNECTION_LOST', 'the file was abandoned');
}
