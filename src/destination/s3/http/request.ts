import type { ClientRequest, IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { request as httpRequest } from '../../../lib/http/node-http.ts';
import { backoffMs } from '../../../lib/retry.ts';
import type { Bucket } from '../bucket.ts';
import { askedWaitMs, isTransient, refusalOf } from '../errors.ts';
import { Refusal, refusalFromError, refusalFromReply } from './refusal.ts';

/**
 * A request that is made for every file. It uses node:http and only the SDK's signer, because the
 * SDK's commands cost several times the CPU.
 */
export interface Outgoing {
  readonly method: 'HEAD' | 'PUT';
  /** The full key in the bucket. */
  readonly key: string;
  readonly query?: Readonly<Record<string, string>>;
  /** The names of headers are in lower case. */
  readonly headers: Readonly<Record<string, string>>;
}

/** The names of headers are in lower case. Repeated headers are joined. */
export type ReplyHeaders = Readonly<Record<string, string | undefined>>;

/** The same number of attempts and the same pauses as in the SDK's standard mode. */
const maxAttempts = 3;
const pauses = { firstMs: 100, maxMs: 20_000 };
/** The longest additional pause that a store may ask for. The SDK has the same limit. */
const maxExtraMs = 5_000;
const maxErrorCharacters = 64 * 1024;

/**
 * Opens a signed request on a connection that the bucket keeps open. Nothing is sent before the
 * first write.
 */
export async function openRequest(bucket: Bucket, outgoing: Outgoing, signal?: AbortSignal): Promise<ClientRequest> {
  const { method } = outgoing;
  const base = await bucket.address();
  const path = base.pathname + outgoing.key.split('/').map(escape).join('/');
  const query = { ...outgoing.query };
  const headers = { host: base.host, ...outgoing.headers };
  const unsigned = { method, protocol: base.protocol, hostname: base.hostname, path, query, headers };
  // The SDK adjusts its time to the store's clock at every call. We sign with the adjusted time.
  const signed = await bucket.signer.sign(unsigned, {
    signingDate: new Date(Date.now() + bucket.client.config.systemClockOffset),
  });
  const search = Object.entries(query).map(([name, value]) => `${escape(name)}=${escape(value)}`);
  const send = base.protocol === 'http:' ? httpRequest : httpsRequest;
  return send({
    method,
    hostname: base.hostname.replace(/^\[|\]$/g, ''),
    port: base.port,
    path: search.length > 0 ? `${path}?${search.join('&')}` : path,
    headers: signed.headers,
    agent: bucket.agentFor(base),
    ...(signal ? { signal } : {}),
  });
}

/** Escapes everything but unreserved characters, as Signature Version 4 requires. */
function escape(part: string): string {
  return encodeURIComponent(part).replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}

/**
 * Reads a reply to its end, so that the connection can be used again. Rejects with a Refusal if the
 * request failed.
 */
export function readReply(response: IncomingMessage): Promise<ReplyHeaders> {
  const { promise, resolve, reject } = Promise.withResolvers<ReplyHeaders>();
  const status = response.statusCode ?? 0;
  // The cast is safe, because only `set-cookie` would be a list.
  const headers = response.headers as ReplyHeaders;
  let body = '';
  response.setEncoding('utf8');
  response.on('data', (text: string) => {
    if (body.length < maxErrorCharacters) body += text;
  });
  const isSuccess = status >= 200 && status < 300;
  // A store may break the connection after an early refusal. The status is an answer all the same.
  response.on('error', (error) => reject(isSuccess ? refusalFromError(error) : refusalFromReply(status, headers, body)));
  response.on('end', () => {
    if (isSuccess) resolve(headers);
    else reject(refusalFromReply(status, headers, body));
  });
  return promise;
}

/** Sends a request without a body, up to three times. Rejects with the last Refusal. */
export async function exchange(bucket: Bucket, outgoing: Outgoing, signal?: AbortSignal): Promise<ReplyHeaders> {
  const sendOnce = async (): Promise<ReplyHeaders> => {
    const request = await openRequest(bucket, outgoing, signal);
    try {
      return await send(request, bucket.stallMs);
    } catch (error) {
      throw refusalFromError(error);
    }
  };
  return repeatPassing(bucket, sendOnce, signal);
}

/** Makes a request up to three times, while it fails with an error that may pass. */
export async function repeatPassing<Reply>(bucket: Bucket, request: () => Promise<Reply>, signal?: AbortSignal): Promise<Reply> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await request();
    } catch (error) {
      const refusal = error instanceof Refusal ? error : refusalOf(error);
      if (!refusal || signal?.aborted || attempt + 1 === maxAttempts || !isTransient(refusal)) throw error;
      const pauseMs = backoffMs(attempt, pauses);
      const askedMs = askedWaitMs(refusal, bucket.clock.now()) ?? 0;
      // We add at most `maxExtraMs` to our pause. If the store asks for more, the error tells the
      // caller how long to wait.
      await bucket.clock.sleep(Math.max(pauseMs, Math.min(askedMs, pauseMs + maxExtraMs)), signal);
    }
  }
}

function send(request: ClientRequest, stallMs: number): Promise<ReplyHeaders> {
  const { promise, resolve, reject } = Promise.withResolvers<ReplyHeaders>();
  request.on('error', reject);
  request.on('response', (response) => {
    readReply(response).then(resolve, reject);
  });
  request.end();
  const watch = setTimeout(() => request.destroy(stalled(stallMs)), stallMs);
  return promise.finally(() => clearTimeout(watch));
}

/** Returns the error of a request that made no progress for `forMs`. */
export function stalled(forMs: number): Refusal {
  return new Refusal({ status: null, code: 'STALLED', message: `no progress for ${forMs} ms` });
}
