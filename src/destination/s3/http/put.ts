import type { ClientRequest } from 'node:http';
import { SyncError } from '../../../errors.ts';
import type { Bucket } from '../bucket.ts';
import { storeError } from '../errors.ts';
import { answerToHeaders, refusesToBeAsked } from './expectation.ts';
import { Refusal, refusalFromError } from './refusal.ts';
import { createFraming, decodeCrc32, framedBytes, type Framing } from './framing.ts';
import { openRequest, readReply, stalled, type Outgoing, type ReplyHeaders } from './request.ts';

export interface PutTarget extends Omit<Outgoing, 'method'> {
  readonly sizeBytes: number;
  /**
   * If true, the bytes wait until the store has accepted the headers. A store that refuses them
   * closes the connection, and its answer could get lost while we still send.
   */
  readonly asksFirst?: boolean;
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
 * How long writes may follow each other before the event loop gets a turn to read an answer, in ms.
 */
const maxBlindMs = 2;

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
  #lookedAtMs = -Infinity;
  /** True from the write of the last bytes on. */
  #isSent = false;
  /** True when the headers of a reply have arrived. */
  #isAnswered = false;

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
    const { leftOut } = this.#bucket;
    const asksFirst = target.asksFirst === true && !leftOut.has('expect');
    const request = await openRequest(this.#bucket, outgoingPut(target, asksFirst));
    if (this.#failure) throw this.#failure;
    this.#request = request;
    // No answer can come before the headers have left. Node sends them together with the first
    // bytes.
    this.#lookedAtMs = this.#bucket.clock.elapsed();
    this.#framing = target.trailer ? createFraming(target.sizeBytes) : undefined;
    this.#leftBytes = target.sizeBytes;
    let mayRepeat = asksFirst;
    request.on('error', (error) => {
      // A reply that has begun says more than the broken connection after it.
      if (!this.#isAnswered && request === this.#request) this.#fail(refusalFromError(error));
    });
    request.on('response', (response) => {
      if (asksFirst && refusesToBeAsked(response)) {
        leftOut.add('expect');
        if (mayRepeat) return;
      }
      this.#isAnswered = true;
      readReply(response).then(
        (headers) => this.#succeed(headers),
        (error: unknown) => this.#fail(refusalFromError(error)),
      );
    });
    if (!asksFirst) return;
    this.#reply.promise.then(
      () => leftOut.add('expect'), // a store that took one body is asked no more, to save a round trip
      () => {}, // the next `write` or `finish` reports the error
    );
    const answer = await answerToHeaders(request, this.#bucket.stallMs);
    mayRepeat = false;
    if (answer === 'none') leftOut.add('expect');
    if (answer !== 'refused') return;
    this.#request = undefined;
    request.destroy();
    await this.#start(target);
  }

  /** Writes each piece separately, because TLS would first copy several pieces into one. */
  async #send(chunk: Uint8Array): Promise<void> {
    await this.#opened;
    await this.#lookForAnswer();
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

  /**
   * Lets the event loop read an answer that arrived while we waited for bytes. A write to a
   * connection that the store has closed would destroy the unread answer.
   */
  async #lookForAnswer(): Promise<void> {
    const { clock } = this.#bucket;
    if (clock.elapsed() - this.#lookedAtMs < maxBlindMs) return;
    await new Promise(setImmediate);
    this.#lookedAtMs = clock.elapsed();
  }

  async #hand(piece: string | Uint8Array): Promise<void> {
    if (this.#failure) throw this.#failure;
    this.#taking = Promise.withResolvers();
    const { promise, resolve } = this.#taking;
    this.#request?.write(piece, 'latin1', (error) => {
      if (!error) resolve();
      else if (!this.#isAnswered) this.#fail(refusalFromError(error));
    });
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

function outgoingPut({ sizeBytes, trailer, headers, key, query = {} }: PutTarget, asksFirst: boolean): Outgoing {
  const length = String(trailer ? framedBytes(sizeBytes) : sizeBytes);
  const framed = {
    'content-encoding': 'aws-chunked',
    'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
    'x-amz-decoded-content-length': String(sizeBytes),
    'x-amz-trailer': 'x-amz-checksum-crc32',
  };
  const encoding = trailer ? framed : { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' };
  const expect = asksFirst ? { expect: '100-continue' } : {};
  return { key, query, method: 'PUT', headers: { 'content-length': length, ...expect, ...encoding, ...headers } };
}
