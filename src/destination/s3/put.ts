import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { SyncError } from '../../errors.ts';
import { crc32Base64 } from '../../transfer/checksum.ts';
import type { Bucket } from './bucket.ts';
import { Refusal, refusalFromError, refusalFromReply, storeError } from './errors.ts';
import { createFraming, decodeCrc32, framedBytes, type Framing } from './framing.ts';

export interface PutTarget {
  /** The full key in the bucket. */
  readonly key: string;
  readonly query?: Readonly<Record<string, string>>;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
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
 * Streams a body with node:http rather than the SDK, whose stream bodies cost two to three times the CPU. The target may be a promise,
 * so that the caller need not wait before it takes bytes.
 */
export function openPut(bucket: Bucket, target: Promise<PutTarget>, about: string): OpenPut {
  const reply = Promise.withResolvers<PutReply>();
  reply.promise.catch(() => {}); // whoever writes or finishes next is told
  let request: ClientRequest | undefined;
  let framing: Framing | undefined;
  let failure: SyncError | undefined;
  let flushed: PromiseWithResolvers<void> | undefined;
  let waiting = false;
  /** The whole body was handed on. */
  let isSent = false;
  const watch = setTimeout(() => {
    // Only our own waiting counts: a slow source is none of the store's fault.
    if (waiting) fail(new Refusal({ status: null, code: 'STALLED', message: `no progress for ${bucket.stallMs} ms` }));
    else watch.refresh();
  }, bucket.stallMs);

  function fail(refusal: Refusal): void {
    failure ??= storeError(refusal, `${bucket.location}: ${about}`, bucket.clock.now());
    clearTimeout(watch);
    request?.destroy();
    flushed?.reject(failure);
    reply.reject(failure);
  }

  function await_(what: Promise<unknown>): void {
    waiting = true;
    watch.refresh();
    what.then(
      () => (waiting = false),
      () => (waiting = false),
    );
  }

  async function open(ready: PutTarget): Promise<void> {
    const prepared = await prepare(bucket, ready);
    if (failure) throw failure;
    request = prepared;
    framing = ready.trailer ? createFraming(ready.sizeBytes) : undefined;
    request.on('error', (error) => fail(refusalFromError(error)));
    request.on('response', (response) => {
      readReply(response).then(
        (answer) => {
          if (answer instanceof Refusal) return fail(answer);
          if (!isSent)
            return fail(new Refusal({ status: null, code: 'EARLY_REPLY', message: 'answered before it had the whole body' }));
          clearTimeout(watch);
          reply.resolve(answer);
        },
        (error: unknown) => fail(refusalFromError(error)),
      );
    });
  }

  const opened = target.then(open).catch((error: unknown) => {
    if (error instanceof SyncError) failure ??= error;
    fail(refusalFromError(error));
    throw failure;
  });
  opened.catch(() => {}); // told by whatever comes next

  /** One write each: written together, TLS would first copy them into one. */
  async function send(chunk: Uint8Array): Promise<void> {
    await opened;
    for (const piece of framing?.frame(chunk) ?? [chunk]) {
      if (failure) throw failure;
      const { promise, resolve } = (flushed = Promise.withResolvers());
      request?.write(piece, 'latin1', (error) => {
        if (!error) resolve(); // `fail` tells of errors
      });
      await promise;
    }
  }

  function write(chunk: Uint8Array): Promise<void> {
    const sent = send(chunk);
    await_(sent);
    return sent;
  }

  return {
    write,
    finish: async (crc32) => {
      await_(reply.promise);
      await opened.catch(() => {}); // told by `reply`
      isSent = true;
      if (!failure) request?.end(framing?.end(crc32), 'latin1');
      return reply.promise;
    },
    abort: () => fail(new Refusal({ status: null, code: 'ABORTED', message: 'given up' })),
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

async function prepare(bucket: Bucket, target: PutTarget): Promise<ClientRequest> {
  const base = await bucket.address();
  const path = base.pathname + target.key.split('/').map(escape).join('/');
  const headers = {
    host: base.host,
    'content-length': String(target.trailer ? framedBytes(target.sizeBytes) : target.sizeBytes),
    'x-amz-content-sha256': target.trailer ? 'STREAMING-UNSIGNED-PAYLOAD-TRAILER' : 'UNSIGNED-PAYLOAD',
    ...(target.trailer
      ? {
          'content-encoding': 'aws-chunked',
          'x-amz-decoded-content-length': String(target.sizeBytes),
          'x-amz-trailer': 'x-amz-checksum-crc32',
        }
      : {}),
    ...target.headers,
  };
  const query = { ...target.query };
  const unsigned = { method: 'PUT', protocol: base.protocol, hostname: base.hostname, path, query, headers };
  // The SDK corrects its clock by the store's; so do we, after it.
  const signed = await bucket.signer.sign(unsigned, {
    signingDate: new Date(Date.now() + bucket.client.config.systemClockOffset),
  });
  const search = Object.entries(query).map(([name, value]) => `${escape(name)}=${escape(value)}`);
  const send = base.protocol === 'http:' ? httpRequest : httpsRequest;
  return send({
    method: 'PUT',
    hostname: base.hostname.replace(/^\[|\]$/g, ''),
    port: base.port,
    path: search.length > 0 ? `${path}?${search.join('&')}` : path,
    headers: signed.headers,
    agent: bucket.agentFor(base),
  });
}

/** As Signature Version 4 wants it: everything but unreserved characters. */
function escape(part: string): string {
  return encodeURIComponent(part).replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}

async function readReply(response: IncomingMessage): Promise<PutReply | Refusal> {
  const status = response.statusCode ?? 0;
  let body = '';
  for await (const chunk of response.setEncoding('utf8')) if (body.length < 64 * 1024) body += String(chunk);
  if (status < 200 || status >= 300) return refusalFromReply(status, response.headers, body);
  const crc32 = response.headers['x-amz-checksum-crc32'];
  return { etag: response.headers.etag ?? '', crc32: decodeCrc32(typeof crc32 === 'string' ? crc32 : undefined) };
}
