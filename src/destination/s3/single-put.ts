import type { SyncError } from '../../errors.ts';
import { describedClaimOf } from '../description.ts';
import type { FileDescription, Part, PartWriter } from '../destination.ts';
import { maxHeldBytes } from '../upload-state.ts';
import { metadataOf, taggingHeader, tagsOf } from './attributes.ts';
import { encryptionHeaders, type Bucket } from './bucket.ts';
import type { Capabilities, PutCapabilities } from './probe/capabilities.ts';
import { refusalOf } from './errors.ts';
import { putBuffered } from './http/buffered-put.ts';
import { OpenPut, type PutReply, type PutTarget } from './http/put.ts';
import { afterRefusal, misfitError } from './part-writer.ts';
import { asDenialOfFile } from './unusable-keys.ts';

/** If a file is larger than `maxHeldBytes`, this many of its last bytes are held back. */
const heldBackBytes = 16 * 1024;

/**
 * Writes a file with a single PUT. The file must not appear before `publish` is called, so its last
 * bytes are held back. `end` returns a part while the request is still open. `publish` sends the
 * last bytes and waits for the reply. A file of at most `maxHeldBytes` is sent only by `publish`:
 * no connection stays open until then, and the checksum is sent before the bytes.
 */
export class HeldPut implements PartWriter {
  readonly #bucket: Bucket;
  readonly #capabilities: Capabilities;
  readonly #file: FileDescription;
  readonly #about: string;
  readonly #sizeBytes: number;
  #target: Promise<PutTarget>;
  #put: OpenPut | undefined;
  #held: Uint8Array[] = [];
  #writtenBytes = 0;
  #crc32 = 0;
  /** A refusal that arrived before the whole body was sent. Only `publish` throws it. */
  #refusal: unknown;

  constructor(bucket: Bucket, capabilities: Capabilities, file: FileDescription, sizeBytes: number) {
    this.#bucket = bucket;
    this.#capabilities = capabilities;
    this.#file = file;
    this.#about = `writing ${file.original.key}`;
    this.#sizeBytes = sizeBytes;
    this.#target = this.#chooseTarget();
  }

  write(chunk: Uint8Array): Promise<void> | undefined {
    const sizeBytes = this.#sizeBytes;
    const sendable = sizeBytes <= maxHeldBytes ? 0 : Math.max(0, sizeBytes - heldBackBytes - this.#writtenBytes);
    this.#writtenBytes += chunk.length;
    if (this.#writtenBytes > sizeBytes) return Promise.reject(this.#misfit());
    if (this.#refusal) return undefined;
    if (chunk.length > sendable) this.#held.push(Buffer.from(chunk.subarray(sendable)));
    if (sendable === 0) return undefined;
    this.#put ??= new OpenPut(this.#bucket, this.#target, this.#about);
    return this.#put.write(chunk.subarray(0, sendable)).catch(async (error: unknown) => this.#noteRefusal(error));
  }

  async end(crc32: number): Promise<Part> {
    if (this.#writtenBytes !== this.#sizeBytes) throw this.#misfit();
    this.#crc32 = crc32;
    return { number: 1, sizeBytes: this.#sizeBytes, crc32, receipt: '' };
  }

  /** Whether the request has this header. */
  async carries(header: 'if-none-match' | 'x-amz-tagging'): Promise<boolean> {
    return header in (await this.#target).headers;
  }

  /** The claim in the metadata of the request. */
  get describedClaim(): string | null {
    return describedClaimOf(this.#file);
  }

  /** Whether all bytes are in memory, so that `publish` may be called again. */
  get isInMemory(): boolean {
    return this.#put === undefined && !this.#refusal;
  }

  /** Prepares another `publish`, without tags if the store denies them by now. */
  renew(): void {
    this.#target = this.#chooseTarget();
  }

  async publish(): Promise<PutReply> {
    if (this.#refusal) throw this.#refusal;
    if (this.#put) {
      for (const chunk of this.#held) await this.#put.write(chunk);
      return this.#put.finish(this.#crc32);
    }
    const [target, { headerChecksum: checksum }] = await Promise.all([this.#target, this.#capabilities.puts()]);
    return putBuffered(this.#bucket, target, { chunks: this.#held, checksum, crc32: this.#crc32 }, this.#about);
  }

  abort(): void {
    this.#held = [];
    this.#put?.abort();
  }

  /**
   * Remembers that the key is taken (412 or 409), or that the tags may be denied (403). After that
   * no more bytes are sent. Any other error is thrown immediately. UPLOAD_LOST means that the store
   * takes the file in another form.
   */
  async #noteRefusal(error: unknown): Promise<void> {
    const status = refusalOf(error)?.status;
    const mayDenyTags = status === 403 && (await this.carries('x-amz-tagging'));
    if (status !== 412 && status !== 409 && !mayDenyTags) {
      const refused = await afterRefusal(this.#capabilities, error, 'UPLOAD_LOST');
      throw await asDenialOfFile(this.#bucket, this.#capabilities, this.#file.original.key, refused);
    }
    this.#refusal = error;
  }

  #chooseTarget(): Promise<PutTarget> {
    const target = putTarget(this.#bucket, this.#capabilities, this.#file, this.#sizeBytes);
    target.catch(() => {}); // the put that awaits it reports the error
    return target;
  }

  #misfit(): SyncError {
    this.#put?.abort();
    return misfitError(this.#bucket, this.#about, this.#writtenBytes, this.#sizeBytes);
  }
}

async function putTarget(
  bucket: Bucket,
  capabilities: Capabilities,
  file: FileDescription,
  sizeBytes: number,
): Promise<PutTarget> {
  const puts = await capabilities.puts();
  const key = bucket.base + file.original.key;
  return { key, headers: headersFor(bucket, file, puts), sizeBytes, trailer: puts.trailers, asksFirst: sizeBytes > maxHeldBytes };
}

function headersFor(bucket: Bucket, file: FileDescription, puts: PutCapabilities): Record<string, string> {
  const metadata = Object.entries(metadataOf(file)).map(([name, value]) => [`x-amz-meta-${name}`, value]);
  return {
    ...Object.fromEntries(metadata),
    ...encryptionHeaders(bucket),
    ...(bucket.storageClass === undefined || !puts.storageClass ? {} : { 'x-amz-storage-class': bucket.storageClass }),
    ...(puts.tags ? { 'x-amz-tagging': taggingHeader(tagsOf(file, bucket)) } : {}),
    ...(puts.conditionalWrites === 'honoured' ? { 'if-none-match': '*' } : {}),
  };
}
