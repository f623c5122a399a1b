/** What faults change: the library before a reply is made, and the reply before it is sent. */
import { expiredReply, wholeReply } from '../cdn.ts';
import { offsetOf, type ByteOfFile } from './byte-of-file.ts';
import { jsonFault, type mediaOf } from './json.ts';
import type { FaultAction, StruckRequest } from './faults.ts';
import type { SimLibrary } from '../library/library.ts';
import { mediumId, type SimFile } from '../library/medium.ts';
import { textReply, type Reply } from '../../reply.ts';
import { photo } from '../library/shapes.ts';

export interface FaultScene {
  readonly struck: StruckRequest;
  /** The path and query of the request. */
  readonly target: string;
  /**
   * The address of this server under the name `localhost`, for redirects. Undefined if the request
   * already used this name.
   */
  readonly otherOrigin: string | undefined;
  /** Returns the media on the page before the requested page. */
  readonly pageBefore: () => ReturnType<typeof mediaOf>;
}

/** Applies a fault that changes the library. Called before the reply is made. */
export function disturbLibrary(action: FaultAction, struck: StruckRequest, library: SimLibrary): void {
  if (action.type === 'etagChange' && struck.mediaId !== undefined && struck.file !== undefined) {
    const { sizeBytes } = action;
    library.replaceContent(struck.mediaId, { key: struck.file.key }, sizeBytes === undefined ? {} : { sizeBytes });
  }
  if (action.type === 'pageDrift') {
    const [newest] = library.list({ orderBy: 'created_at', offset: 0, limit: 1 }).media;
    if (action.change === 'trash' && newest !== undefined) library.trash(newest.id);
    if (action.change === 'add') library.add(lateArrival(library, newest?.record.created_at ?? '2026-01-01T00:00:00Z'));
  }
}

/**
 * Returns the reply with a fault in it. A fault that does not fit the kind of reply changes
 * nothing.
 */
export function faultyReply(reply: Reply, action: FaultAction, scene: FaultScene): Reply {
  switch (action.type) {
    case 'reset':
      return { ...reply, cut: { how: 'reset', afterBytes: within(reply, action.afterBytes) } };
    case 'endEarly':
      return { ...reply, cut: { how: 'close', afterBytes: within(reply, action.afterBytes) } };
    case 'stall':
      return { ...reply, cut: { how: 'silence', afterBytes: within(reply, action.afterBytes), silenceMs: action.forMs } };
    case 'drip':
      return { ...reply, drip: { bytes: action.bytes, everyMs: action.everyMs } };
    case 'delay':
      return { ...reply, delayMs: (reply.delayMs ?? 0) + action.ms };
    case 'status':
      return statusReply(action);
    case 'page':
      return pageInstead(reply, action);
    case 'redirect':
      return scene.otherOrigin === undefined ? reply : redirectTo(`${scene.otherOrigin}${scene.target}`);
    case 'redirectLoop':
      return redirectTo(scene.target);
    case 'header':
      return withHeaders(reply, { [action.name]: action.value });
    case 'gzip':
      return { ...without(reply, 'content-length', { 'content-encoding': 'gzip' }), gzip: true };
    default:
      return scene.struck.host === 'cdn' ? fileFault(reply, action, scene.struck) : jsonFault(reply, action, scene.pageBefore);
  }
}

function fileFault(reply: Reply, action: FaultAction, { file, method }: StruckRequest): Reply {
  if (file === undefined || reply.status >= 300) return reply;
  switch (action.type) {
    case 'expireUrl':
      return expiredReply();
    case 'headLies':
      return method === 'HEAD' ? withHeaders(reply, { 'content-length': String(file.sizeBytes + action.extraBytes) }) : reply;
    case 'missingLength':
      return without(method === 'HEAD' ? reply : wholeAs(reply, file), 'content-length', {});
    case 'ignoreRange':
      return reply.status === 206 ? wholeAs(reply, file) : reply;
    case 'short':
      return method === 'HEAD' ? reply : shortReply(reply, file.sizeBytes - action.missingBytes);
    case 'wrongContentRange':
      return wrongRange(reply, action.shiftBytes ?? 0, file.sizeBytes + (action.totalDelta ?? 0));
    case 'corrupt':
      return corruptReply(reply, action.at, file);
    default:
      return reply;
  }
}

function wholeAs(reply: Reply, file: SimFile): Reply {
  return wholeReply(file, without(reply, 'content-range', {}).headers);
}

function corruptReply(reply: Reply, at: ByteOfFile | undefined, file: SimFile): Reply {
  if (reply.body.kind !== 'content') return reply;
  const flipAt = at === undefined ? middle(reply.body) : offsetOf(at, file);
  return flipAt === undefined ? reply : { ...reply, flipAt };
}

function shortReply(reply: Reply, seemingBytes: number): Reply {
  if (reply.body.kind !== 'content') return reply;
  const { content, start, end } = reply.body;
  const cut = Math.max(0, Math.min(end, seemingBytes));
  if (start >= cut) {
    const refused = textReply(416, 'application/xml', '<Error><Code>InvalidRange</Code></Error>');
    return withHeaders(refused, { 'content-range': `bytes */${seemingBytes}` });
  }
  const headers: Record<string, string> = { 'content-length': String(cut - start) };
  if (reply.status === 206) headers['content-range'] = `bytes ${start}-${cut - 1}/${seemingBytes}`;
  return { ...withHeaders(reply, headers), body: { kind: 'content', content, start, end: cut } };
}

function wrongRange(reply: Reply, shiftBytes: number, totalBytes: number): Reply {
  if (reply.status !== 206 || reply.body.kind !== 'content') return reply;
  const { start, end } = reply.body;
  return withHeaders(reply, { 'content-range': `bytes ${start + shiftBytes}-${end - 1 + shiftBytes}/${totalBytes}` });
}

function pageInstead(reply: Reply, action: Extract<FaultAction, { type: 'page' }>): Reply {
  const html = action.kind === 'html';
  const text = html ? '<!DOCTYPE html><html><body>We will be back soon.</body></html>' : '{"error":"temporarily_unavailable"}';
  const lengthBytes = lengthOf(reply);
  if (action.disguise === 'media') return { ...reply, body: { kind: 'repeated', text, lengthBytes } };
  const type = html ? 'text/html; charset=utf-8' : 'application/json';
  if (action.disguise === undefined) return textReply(200, type, text);
  return {
    status: 200,
    headers: { 'content-type': type, 'content-length': String(lengthBytes) },
    body: { kind: 'repeated', text, lengthBytes },
  };
}

function statusReply(action: Extract<FaultAction, { type: 'status' }>): Reply {
  const reply = textReply(action.status, 'text/plain', action.body ?? '');
  if (action.retryAfter === undefined) return reply;
  const date = new Date(Date.now() + action.retryAfter * 1000).toUTCString();
  return withHeaders(reply, { 'retry-after': action.retryAfterAs === 'date' ? date : String(action.retryAfter) });
}

function redirectTo(location: string): Reply {
  return { status: 302, headers: { location, 'content-length': '0' }, body: { kind: 'none' } };
}

function lateArrival(library: SimLibrary, newestCreatedAt: string) {
  let index = 0;
  while (library.get(mediumId('late', index)) !== undefined) index += 1;
  const createdAt = new Date(Date.parse(newestCreatedAt) + 1000).toISOString().replace('.000Z', 'Z');
  return photo({ id: mediumId('late', index), seed: 'late', filename: `LATE${index}.JPG`, createdAt }, 5_000 + index);
}

function middle(body: { readonly start: number; readonly end: number }): number {
  return Math.floor((body.start + body.end) / 2);
}

/**
 * Limits a cut position to one byte less than the body has, so that at least one byte is missing.
 */
function within(reply: Reply, afterBytes: number | undefined): number | undefined {
  return afterBytes === undefined ? undefined : Math.max(0, Math.min(afterBytes, lengthOf(reply) - 1));
}

function lengthOf(reply: Reply): number {
  switch (reply.body.kind) {
    case 'none':
      return 0;
    case 'text':
      return Buffer.byteLength(reply.body.text);
    case 'json':
      return Buffer.byteLength(JSON.stringify(reply.body.value));
    case 'repeated':
      return reply.body.lengthBytes;
    default:
      return reply.body.end - reply.body.start;
  }
}

function withHeaders(reply: Reply, headers: Readonly<Record<string, string>>): Reply {
  return { ...reply, headers: { ...reply.headers, ...headers } };
}

function without(reply: Reply, name: string, more: Readonly<Record<string, string>>): Reply {
  const { [name]: _dropped, ...headers } = reply.headers;
  return { ...reply, headers: { ...headers, ...more } };
}
