/** Replies as data, so that faults can change a reply before `sendReply` sends it. */
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { createGzip } from 'node:zlib';
import { chunksOf, type SimContent } from './content.ts';
import type { LoggedRequest } from './request-log.ts';

/** The body of a reply. In a `content` body, `end` is exclusive. */
export type ReplyBody =
  | { readonly kind: 'none' }
  | { readonly kind: 'text'; readonly text: string }
  /** The text is repeated until it has `lengthBytes`, and cut there. */
  | { readonly kind: 'repeated'; readonly text: string; readonly lengthBytes: number }
  | { readonly kind: 'json'; readonly value: unknown }
  | { readonly kind: 'content'; readonly content: SimContent; readonly start: number; readonly end: number };

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: ReplyBody;
  /** How long to wait before the head is sent, in ms. */
  readonly delayMs?: number;
  /**
   * Ends the reply early, after `afterBytes` bytes of the body, or before the head if `afterBytes`
   * is absent. `how` says whether the connection is then reset, closed or silent.
   */
  readonly cut?: {
    readonly how: 'reset' | 'close' | 'silence';
    readonly afterBytes?: number | undefined;
    readonly silenceMs?: number | undefined;
  };
  /** Sends the body slowly: after every `bytes` bytes there is a pause. */
  readonly drip?: { readonly bytes: number; readonly everyMs: number };
  readonly gzip?: boolean;
  /** Flips one bit in the byte at this offset of the file. */
  readonly flipAt?: number;
}

/**
 * How long to wait before a reset, because a reset discards the bytes that have not reached the
 * client.
 */
const BEFORE_RESET_MS = 20;

/** Makes a JSON reply of the API. */
export function jsonReply(status: number, value: unknown): Reply {
  return { status, headers: { 'content-type': 'application/json; charset=utf-8' }, body: { kind: 'json', value } };
}

/** Makes a reply with a short text and its length, such as an error of the CDN. */
export function textReply(status: number, contentType: string, text: string): Reply {
  return {
    status,
    headers: { 'content-type': contentType, 'content-length': String(Buffer.byteLength(text)) },
    body: text === '' ? { kind: 'none' } : { kind: 'text', text },
  };
}

/**
 * Sends the reply with back-pressure and keeps `entry` up to date. Resolves with true if the whole
 * reply was sent. Resolves with false if `cut` or the client ended the reply early. An error of the
 * client causes no rejection.
 */
export async function sendReply(response: ServerResponse, reply: Reply, entry: LoggedRequest): Promise<boolean> {
  const closed = new AbortController();
  response.once('close', () => closed.abort());
  response.on('error', () => closed.abort());
  if (response.destroyed) return false;
  try {
    return await send(response, reply, entry, closed.signal);
  } catch (error) {
    if (closed.signal.aborted) return false;
    throw error;
  }
}

async function send(response: ServerResponse, reply: Reply, entry: LoggedRequest, closed: AbortSignal): Promise<boolean> {
  if (reply.delayMs !== undefined) await sleep(reply.delayMs, undefined, { signal: closed });
  // A HEAD reply is complete after its head, so a silence after the head is left out. The client
  // may already send its next request on this connection.
  const isWhole = entry.method === 'HEAD' && reply.cut?.how === 'silence' && reply.cut.afterBytes !== undefined;
  const cut = isWhole ? undefined : reply.cut;
  if (cut !== undefined && cut.afterBytes === undefined) {
    await cutOff(response, cut, closed);
    if (cut.how !== 'silence' || closed.aborted) return false;
  }
  entry.status = reply.status;
  response.writeHead(reply.status, headersOf(reply));
  const allowance = cut?.afterBytes ?? Number.POSITIVE_INFINITY;
  for await (const chunk of entry.method === 'HEAD' ? [] : bodyChunks(reply)) {
    const rest = allowance - entry.bytesSent;
    await write(response, rest < chunk.length ? chunk.subarray(0, rest) : chunk, entry, closed);
    if (entry.bytesSent >= allowance) break;
    if (reply.drip !== undefined) await sleep(reply.drip.everyMs, undefined, { signal: closed });
  }
  if (cut?.afterBytes !== undefined) {
    response.flushHeaders();
    await cutOff(response, cut, closed);
    return false;
  }
  response.end();
  if (!response.writableFinished) await once(response, 'finish', { signal: closed });
  return true;
}

/** Returns the headers. The length of JSON is computed last, because faults may change the JSON. */
function headersOf(reply: Reply): Record<string, string> {
  if (reply.body.kind !== 'json' || reply.gzip === true) return { ...reply.headers };
  return { ...reply.headers, 'content-length': String(Buffer.byteLength(JSON.stringify(reply.body.value))) };
}

/**
 * Cuts a reply. When a silence before the head ends, the reply follows. When a silence after the
 * head ends, the connection closes.
 */
async function cutOff(response: ServerResponse, cut: NonNullable<Reply['cut']>, closed: AbortSignal): Promise<void> {
  if (cut.how === 'silence') {
    await (cut.silenceMs === undefined ? once(response, 'close') : sleep(cut.silenceMs, undefined, { signal: closed }));
    if (!response.headersSent) return;
  }
  if (cut.how === 'reset') {
    await sleep(BEFORE_RESET_MS, undefined, { signal: closed });
    response.socket?.resetAndDestroy();
  } else {
    response.socket?.end();
    response.socket?.once('finish', () => response.destroy());
  }
}

async function write(response: ServerResponse, chunk: Buffer, entry: LoggedRequest, closed: AbortSignal): Promise<void> {
  closed.throwIfAborted();
  entry.bytesSent += chunk.length;
  if (!response.write(chunk)) await once(response, 'drain', { signal: closed });
}

function bodyChunks(reply: Reply): Iterable<Buffer> | AsyncIterable<Buffer> {
  let chunks = plainChunks(reply.body);
  if (reply.flipAt !== undefined && reply.body.kind === 'content') chunks = withFlip(chunks, reply.flipAt - reply.body.start);
  if (reply.drip !== undefined) chunks = inPieces(chunks, reply.drip.bytes);
  return reply.gzip === true ? Readable.from(chunks).pipe(createGzip({ level: 1 })) : chunks;
}

function plainChunks(body: ReplyBody): Iterable<Buffer> {
  switch (body.kind) {
    case 'none':
      return [];
    case 'text':
      return [Buffer.from(body.text)];
    case 'repeated':
      return repeated(Buffer.from(body.text.repeat(Math.ceil(65_536 / body.text.length))), body.lengthBytes);
    case 'json':
      return [Buffer.from(JSON.stringify(body.value))];
    default:
      return chunksOf(body.content, body.start, body.end);
  }
}

function* repeated(chunk: Buffer, lengthBytes: number): Generator<Buffer, void> {
  for (let rest = lengthBytes; rest > 0; rest -= chunk.length) yield chunk.subarray(0, rest);
}

function* withFlip(chunks: Iterable<Buffer>, position: number): Generator<Buffer, void> {
  let at = 0;
  for (const chunk of chunks) {
    const inside = position - at;
    at += chunk.length;
    const byte = chunk[inside];
    if (byte === undefined) {
      yield chunk;
    } else {
      const copy = Buffer.from(chunk);
      copy[inside] = byte ^ 1;
      yield copy;
    }
  }
}

function* inPieces(chunks: Iterable<Buffer>, bytes: number): Generator<Buffer, void> {
  for (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at += bytes) yield chunk.subarray(at, at + bytes);
  }
}
