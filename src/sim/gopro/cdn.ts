/**
 * The CDN without faults. It serves a file, whole or by range, for the method that the URL is
 * signed for.
 */
import type { IncomingMessage } from 'node:http';
import { encryptionHeadersOf, etagOf } from '../etag.ts';
import type { SimFile } from './library/medium.ts';
import { textReply, type Reply } from '../reply.ts';
import type { UrlVerdict } from './signed-urls.ts';

const CONTENT_TYPES = new Map([
  ['mp4', 'video/mp4'],
  ['m4v', 'video/mp4'],
  ['360', 'video/mp4'],
  ['lrv', 'video/mp4'],
  ['mov', 'video/quicktime'],
  ['jpg', 'image/jpeg'],
  ['jpeg', 'image/jpeg'],
  ['png', 'image/png'],
  ['gif', 'image/gif'],
  ['wav', 'audio/wav'],
  ['mp3', 'audio/mpeg'],
  ['json', 'application/json'],
  ['gpx', 'application/gpx+xml'],
  ['xml', 'application/xml'],
]);

/** Returns the path of a file. Clients recognise the file's kind by the extension of the path. */
export function filePath(mediaId: string, file: SimFile): string {
  return `/${encodeURIComponent(mediaId)}/${encodeURIComponent(file.key)}.${file.extension}`;
}

/** The inverse of `filePath`. Both fields are undefined for a path in another form. */
export function parseFilePath(path: string): { readonly mediaId: string | undefined; readonly key: string | undefined } {
  const [, mediaId, key] = /^\/([^/]+)\/([^/]+)\.[^./]+$/.exec(path) ?? [];
  try {
    return { mediaId: mediaId && decodeURIComponent(mediaId), key: key && decodeURIComponent(key) };
  } catch {
    return { mediaId: undefined, key: undefined };
  }
}

/**
 * Returns the requested range, with an exclusive end. Without a valid range it is the whole file. A
 * suffix range counts from the end of the file.
 */
export function rangeOf(range: string | undefined, sizeBytes: number): { readonly start: number; readonly end: number } {
  return parseRange(range, sizeBytes) ?? { start: 0, end: sizeBytes };
}

/** Makes the reply to a request for a file. `file` is undefined if no file has the path. */
export async function cdnReply(request: IncomingMessage, file: SimFile | undefined, verdict: UrlVerdict): Promise<Reply> {
  const { headers, method } = request;
  if (headers.authorization !== undefined || headers.cookie !== undefined) return tooManyAuthentications();
  if (method !== 'GET' && method !== 'HEAD') return xmlError(405, 'MethodNotAllowed', 'The method is not allowed here.');
  if (verdict === 'expired') return expiredReply();
  if (verdict === 'denied') return xmlError(403, 'SignatureDoesNotMatch', 'The signature does not fit this request.');
  if (file === undefined) return xmlError(404, 'NoSuchKey', 'There is no such file.');
  const etag = await etagOf(file, file.stored);
  const about = fileHeaders(file, etag);
  if (method === 'HEAD') return { ...wholeReply(file, about), body: { kind: 'none' } };
  const range = parseRange(headers.range, file.sizeBytes);
  if (range === undefined || !rangeStillValid(headers['if-range']?.toString(), file, etag)) return wholeReply(file, about);
  return range.start >= file.sizeBytes ? unsatisfiable(file) : rangeReply(file, about, range);
}

/** Makes a reply with status 200 and all bytes. `about` has the headers of all replies. */
export function wholeReply(file: SimFile, about: Reply['headers']): Reply {
  return {
    status: 200,
    headers: { ...about, 'content-length': String(file.sizeBytes) },
    body: { kind: 'content', content: file, start: 0, end: file.sizeBytes },
  };
}

function rangeReply(file: SimFile, about: Reply['headers'], { start, end }: ReturnType<typeof rangeOf>): Reply {
  return {
    status: 206,
    headers: {
      ...about,
      'content-length': String(end - start),
      'content-range': `bytes ${start}-${end - 1}/${file.sizeBytes}`,
    },
    body: { kind: 'content', content: file, start, end },
  };
}

/** Makes a reply with status 403, as for a signed URL that has expired. */
export function expiredReply(): Reply {
  return xmlError(403, 'AccessDenied', 'Request has expired');
}

function unsatisfiable(file: SimFile): Reply {
  const reply = xmlError(416, 'InvalidRange', 'The requested range is not satisfiable');
  return { ...reply, headers: { ...reply.headers, 'content-range': `bytes */${file.sizeBytes}` } };
}

function tooManyAuthentications(): Reply {
  return xmlError(400, 'InvalidArgument', 'Only one auth mechanism allowed');
}

function xmlError(status: number, code: string, message: string): Reply {
  const xml = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message></Error>`;
  return textReply(status, 'application/xml', xml);
}

function fileHeaders(file: SimFile, etag: string): Record<string, string> {
  return {
    ...encryptionHeadersOf(file.stored),
    'accept-ranges': 'bytes',
    'content-type': CONTENT_TYPES.get(file.extension) ?? 'binary/octet-stream',
    etag,
    'last-modified': new Date(file.modifiedAt).toUTCString(),
  };
}

function rangeStillValid(ifRange: string | undefined, file: SimFile, etag: string): boolean {
  if (ifRange === undefined) return true;
  if (ifRange.startsWith('"')) return ifRange === etag;
  return Date.parse(ifRange) === Math.floor(Date.parse(file.modifiedAt) / 1000) * 1000;
}

/**
 * Returns the requested byte range with an exclusive end. Returns undefined for no range, several
 * ranges or a malformed range, because each of these means the whole file.
 */
function parseRange(range: string | undefined, sizeBytes: number): { start: number; end: number } | undefined {
  const [, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/.exec(range ?? '') ?? [];
  if (first === '' && last === '') return undefined;
  if (first === '') return { start: Number(last) === 0 ? sizeBytes : Math.max(0, sizeBytes - Number(last)), end: sizeBytes };
  if (last !== '' && Number(last) < Number(first)) return undefined;
  return { start: Number(first), end: last === '' ? sizeBytes : Math.min(Number(last) + 1, sizeBytes) };
}
