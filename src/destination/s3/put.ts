import type { ClientRequest } from 'node:http';
import { SyncError } from '../../errors.ts';
import { crc32Base64 } from '../../lib/crc32.ts';
import type { Bucket } from './bucket.ts';
import { Refusal, refusalFromError, storeError } from './errors.ts';
import { createFraming, decodeCrc32, framedBytes, type Framing } from './framing.ts';
import { openRequest, readReply, stalled, type Outgoing, type ReplyHeaders } from './request.ts';

export interface PutTarget extends Omit<Outgoing, 'method'> {
  readonly sizeBytes: number;
  /** Send the CRC32 behind the bytes, for the store to check. */
  readonly trailer: boolean;
}

export interface PutReply {
  readonly etag: string;
  /** As the store has it, where it says. */
  readonly crc32: number | null;
}

/** A PUT on its way. One connection, no retry; every failure is a SyncError with its Refusal as cause. */
export interface OpenPut {
  /** Resolves when the system has taken the bytes: the chunk is the caller's again, and the next may come. */
  write(chunk: Uint8Array): Promise<void>;
  /** All bytes were written; resolves when the store has answered with success. */
  finish(crc32: number): Promise<PutReply>;
  abort(): void;
}

/**
 * How much is written at once until the connection has shown that it is quick. A write is seen to move only when all of it has, so on a slow line
 * a large one would look like a stall; on a quick one small ones cost more CPU.
 */
const cautiousBytes = 64 * 1024;

/**
 * Streams a body with node:http rather than the SDK, whose stream bodies cost two to three times the CPU. The target may be a promise,
 * so that the caller need not wait before it takes bytes.
 */
export function openPut(bucket: Bucket, target: Promise<PutTarget>, about: string): OpenPut {
  const { stallMs, clock } = bucket;
  const reply = Promise.withResolvers<PutReply>();
  reply.promise.catch(() => {}); // whoever writes or finishes next is told
  const patience = createPatience(stallMs, () => fail(stalled(stallMs)));
  let request: ClientRequest | undefined;
  let framing: Framing | undefined;
  let failure: SyncError | undefined;
  /** The write that the system has not taken yet. */
  let taking: PromiseWithResolvers<void> | undefined;
  let stepBytes = cautiousBytes;
  let leftBytes = 0;
  /** The whole body was handed on. */
  let isSent = false;

  function fail(refusal: Refusal): void {
    failure ??= storeError(refusal, `${bucket.location}: ${about}`, clock.now());
    patience.end();
    request?.destroy();
    taking?.reject(failure);
    reply.reject(failure);
  }

  function succeed(headers: ReplyHeaders): void {
    if (!isSent)
      return fail(new Refusal({ status: null, code: 'EARLY_REPLY', message: 'answered before it had the whole body' }));
    reply.resolve({ etag: headers['etag'] ?? '', crc32: decodeCrc32(headers['x-amz-checksum-crc32']) });
  }

  async function open(ready: PutTarget): Promise<void> {
    const prepared = await openRequest(bucket, outgoingPut(ready));
    if (failure) throw failure;
    request = prepared;
    framing = ready.trailer ? createFraming(ready.sizeBytes) : undefined;
    leftBytes = ready.sizeBytes;
    request.on('error', (error) => fail(refusalFromError(error)));
    request.on('response', (response) => {
      readReply(response).then(succeed, (error: unknown) => fail(refusalFromError(error)));
    });
  }

  const opened = target.then(open).catch((error: unknown) => {
    if (error instanceof SyncError) failure ??= error;
    fail(refusalFromError(error));
    throw failure;
  });
  opened.catch(() => {}); // told by whatever comes next

  async function hand(piece: string | Uint8Array): Promise<void> {
    if (failure) throw failure;
    taking = Promise.withResolvers();
    const { promise, resolve } = taking;
    request?.write(piece, 'latin1', (error) => (error ? fail(refusalFromError(error)) : resolve()));
    await promise;
  }

  /** One write for each piece: written together, TLS would first copy them into one. */
  async function send(chunk: Uint8Array): Promise<void> {
    await opened;
    for (let at = 0; at < chunk.length;) {
      const step = chunk.subarray(at, at + stepBytes);
      at += step.length;
      leftBytes -= step.length;
      // Without a trailer the body ends here, and the reply may come before this write is known to be done.
      if (leftBytes === 0 && !framing) isSent = true;
      const beganMs = clock.elapsed();
      for (const piece of framing?.frame(step) ?? [step]) {
        patience.begin();
        await hand(piece);
      }
      stepBytes = clock.elapsed() - beganMs < stallMs / 10 ? Infinity : cautiousBytes;
    }
  }

  return {
    write: async (chunk) => {
      patience.begin();
      await send(chunk).finally(() => patience.rest());
    },
    finish: async (crc32) => {
      patience.begin();
      await opened.catch(() => {}); // told by `reply`
      isSent = true;
      if (!failure) request?.end(framing?.end(crc32), 'latin1');
      return reply.promise.finally(() => patience.end());
    },
    abort: () => fail(new Refusal({ status: null, code: 'ABORTED', message: 'given up' })),
  };
}

/** Measures how long the store lets us wait. Only our own waiting counts: a slow source is none of the store's fault. */
function createPatience(
  stallMs: number,
  onEnd: () => void,
): {
  /** The store is waited for, or did something: the time begins anew. */
  begin(): void;
  rest(): void;
  end(): void;
} {
  let waiting = false;
  const timer = setTimeout(() => {
    if (waiting) onEnd();
  }, stallMs);
  return {
    begin: () => {
      waiting = true;
      timer.refresh();
    },
    rest: () => {
      waiting = false;
    },
    end: () => clearTimeout(timer),
  };
}

/** Sends bytes that are all there already, their CRC32 in a header. */
export async function putBuffered(
  bucket: Bucket,
  target: Omit<PutTarget, 'sizeBytes' | 'trailer'>,
  body: { readonly chunks: readonly Uint8Array[]; readonly crc32: number | null },
  about: string,
): Promise<PutReply> {
  const sizeBytes = body.chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  const checksum = body.crc32 === null ? {} : { 'x-amz-checksum-crc32': crc32Base64(body.crc32) };
  const put = openPut(
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
