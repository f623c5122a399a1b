import type { ClientRequest } from 'node:http';
import { SyncError } from '../../../errors.ts';
import { crc32Base64 } from '../../../lib/crc32.ts';
import type { Bucket } from '../bucket.ts';
import { Refusal, refusalFromError, storeError } from '../errors.ts';
import { createFraming, decodeCrc32, framedBytes, type Framing } from './framing.ts';
import { openRequest, readReply, stalled, type Outgoing, type ReplyHeaders } from './request.ts';

export interface PutTarget extends Omit<Outgoing, 'method'> {
  readonly sizeBytes: number;
  /** If true, the CRC32 is sent after the bytes, so that the store checks it. */
  readonly trailer: boolean;
}

export interface PutReply {
  readonly etag: string;
  /** The store's checksum. null if the store does not state one. */
  readonly crc32: number | null;
}

/**
 * How many bytes one write has until the connection has shown that it is quick. A write counts as
 * progress only when the system has accepted all of its bytes. On a slow line a large write would
 * look like a stall. On a quick line small writes cost more CPU.
 */
const cautiousBytes = 64 * 1024;

/**
 * One running PUT over one connection, without retries. Every failure is a SyncError whose cause is
 * a Refusal. The body is sent with node:http, because the SDK needs two to three times the CPU for
 * a stream. The target is a promise, so that the caller can begin to write before the target is
 * known.
 */
export class OpenPut {
  readonly #bucket: Bucket;
  readonly #about: string;
  readonly #reply = Promise.withResolvers<PutReply>();
  readonly #stallTimer: StallTimer;
  readonly #opened: Promise<void>;
  #request: ClientRequest | undefined;
  #framing: Framing | undefined;
  #failure: SyncError | undefined;
  /** Resolves when the system has accepted the most recent write. */
  #taking: PromiseWithResolvers<void> | undefined;
  #stepBytes = cautiousBytes;
  #leftBytes = 0;
  /** True from the write of the last bytes on. */
  #isSent = false;

  constructor(bucket: Bucket, target: Promise<PutTarget>, about: string) {
    this.#bucket = bucket;
    this.#about = about;
    this.#stallTimer = startStallTimer(bucket.stallMs, () => this.#fail(stalled(bucket.stallMs)));
    this.#reply.promise.catch(() => {}); // the next `write` or `finish` reports the error
    this.#opened = this.#open(target);
    this.#opened.catch(() => {}); // the next call reports the error
  }

  /** Resolves when the system has accepted the bytes. The caller may then overwrite the chunk. */
  async write(chunk: Uint8Array): Promise<void> {
    this.#stallTimer.begin();
    await this.#send(chunk).finally(() => this.#stallTimer.rest());
  }

  /** Ends the body after the last byte. Resolves when the store has reported success. */
  async finish(crc32: number): Promise<PutReply> {
    this.#stallTimer.begin();
    await this.#opened.catch(() => {}); // `#reply` reports the error
    this.#isSent = true;
    if (!this.#failure) this.#request?.end(this.#framing?.end(crc32), 'latin1');
    return this.#reply.promise.finally(() => this.#stallTimer.end());
  }

  abort(): void {
    this.#fail(new Refusal({ status: null, code: 'ABORTED', message: 'abandoned' }));
  }

  async #open(target: Promise<PutTarget>): Promise<void> {
    try {
      await this.#start(await target);
    } catch (error) {
      if (error instanceof SyncError) this.#failure ??= error;
      this.#fail(refusalFromError(error));
      throw this.#failure;
    }
  }

  async #start(target: PutTarget): Promise<void> {
    const request = await openRequest(this.#bucket, outgoingPut(target));
    if (this.#failure) throw this.#failure;
    this.#request = request;
    this.#framing = target.trailer ? createFraming(target.sizeBytes) : undefined;
    this.#leftBytes = target.sizeBytes;
    request.on('error', (error) => this.#fail(refusalFromError(error)));
    request.on('response', (response) => {
      readReply(response).then(
        (headers) => this.#succeed(headers),
        (error: unknown) => this.#fail(refusalFromError(error)),
      );
    });
  }

  /** Writes each piece separately, because TLS would first copy several pieces into one. */
  async #send(chunk: Uint8Array): Promise<void> {
    await this.#opened;
    const { clock, stallMs } = this.#bucket;
    for (let at = 0; at < chunk.length;) {
      const step = chunk.subarray(at, at + this.#stepBytes);
      at += step.length;
      this.#leftBytes -= step.length;
      // Without a trailer this write ends the body. `#isSent` is set first, because the reply may
      // arrive during the write.
      if (this.#leftBytes === 0 && !this.#framing) this.#isSent = true;
      const beganMs = clock.elapsed();
      for (const piece of this.#framing?.frame(step) ?? [step]) {
        this.#stallTimer.begin();
        await this.#hand(piece);
      }
      this.#stepBytes = clock.elapsed() - beganMs < stallMs / 10 ? Infinity : cautiousBytes;
    }
  }

  async #hand(piece: string | Uint8Array): Promise<void> {
    if (this.#failure) throw this.#failure;
    this.#taking = Promise.withResolvers();
    const { promise, resolve } = this.#taking;
    this.#request?.write(piece, 'latin1', (error) => (error ? this.#fail(refusalFromError(error)) : resolve()));
    await promise;
  }

  #succeed(headers: ReplyHeaders): void {
    if (!this.#isSent) {
      this.#fail(new Refusal({ status: null, code: 'EARLY_REPLY', message: 'the store answered before it had the whole body' }));
      return;
    }
    this.#reply.resolve({ etag: headers['etag'] ?? '', crc32: decodeCrc32(headers['x-amz-checksum-crc32']) });
  }

  #fail(refusal: Refusal): void {
    const { location, clock } = this.#bucket;
    this.#failure ??= storeError(refusal, `${location}: ${this.#about}`, clock.now());
    this.#stallTimer.end();
    this.#request?.destroy();
    this.#taking?.reject(this.#failure);
    this.#reply.reject(this.#failure);
  }
}

/**
 * Measures how long we wait for the store. The time that we wait for a slow source does not count.
 */
interface StallTimer {
  /** Restarts the measurement. Called when we begin to wait, and before each piece that we send. */
  begin(): void;
  rest(): void;
  end(): void;
}

function startStallTimer(stallMs: number, onStall: () => void): StallTimer {
  let isWaiting = false;
  const timer = setTimeout(() => {
    if (isWaiting) onStall();
  }, stallMs);
  return {
    begin: () => {
      isWaiting = true;
      timer.refresh();
    },
    rest: () => {
      isWaiting = false;
    },
    end: () => clearTimeout(timer),
  };
}

/** Sends a body that is in memory. Its CRC32 is in a header. */
export async function putBuffered(
  bucket: Bucket,
  target: Omit<PutTarget, 'sizeBytes' | 'trailer'>,
  body: { readonly chunks: readonly Uint8Array[]; readonly crc32: number | null },
  about: string,
): Promise<PutReply> {
  const sizeBytes = body.chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  const checksum = body.crc32 === null ? {} : { 'x-amz-checksum-crc32': crc32Base64(body.crc32) };
  const put = new OpenPut(
    bucket,
    Promise.resolve({ ...target, headers: { ...target.headers, ...checksum }, sizeBytes, trailer: false }),
    about,
  );
  for (const chunk of body.chunks) await put.write(chunk);
  return put.finish(0);
}

function outgoingPut({ sizeBytes, trailer, headers, ...place }: PutTarget): Outgoing {
  const length = String(trailer ? framedBytes(sizeBytes) : sizeBytes);
  const framed = {
    'content-encoding': 'aws-chunked',
    'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
    'x-amz-decoded-content-length': String(sizeBytes),
    'x-amz-trailer': 'x-amz-checksum-crc32',
  };
  const encoding = trailer ? framed : { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' };
  return { ...place, method: 'PUT', headers: { 'content-length': length, ...encoding, ...headers } };
}
