import { SyncError } from '../../errors.ts';
import { sameContent, type Validator } from '../../media.ts';

/**
 * A reply must pass these checks before its bytes are accepted. The checks throw SyncError and do
 * no I/O.
 */

export interface ReplyFacts {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
}

/** What a reply states about its file. */
export interface ServedFile {
  /** Null if the reply does not state a size. */
  readonly sizeBytes: number | null;
  readonly validator: Validator;
}

export interface ContentRange {
  readonly start: number;
  readonly end: number;
  readonly totalBytes: number;
}

/** Longer values of headers are not read. Three numbers of 16 digits need less. */
const maxRangeLength = 100;
/** A longer ETag is no validator, because it would not fit into the description of a file. */
const maxValidatorLength = 256;

/** Parses `bytes 0-9/100` (RFC 9110, 14.4). Returns undefined for any other text or total. */
export function parseContentRange(header: string | undefined): ContentRange | undefined {
  if (header === undefined || header.length > maxRangeLength) return undefined;
  const match = /^\s*bytes\s+(\d+)-(\d+)\/(\d+)\s*$/i.exec(header);
  if (!match) return undefined;
  const [start, end, totalBytes] = match.slice(1).map(Number) as [number, number, number];
  if (!Number.isSafeInteger(totalBytes)) return undefined;
  return start <= end && end < totalBytes ? { start, end, totalBytes } : undefined;
}

/**
 * The declared length. Null if the header is absent or is not a number. Errors: TOO_LARGE for a
 * number that no file has.
 */
export function contentLength(headers: ReplyFacts['headers']): number | null {
  const text = headers['content-length']?.trim();
  if (text === undefined || !/^\d+$/.test(text)) return null;
  if (Number.isSafeInteger(Number(text))) return Number(text);
  throw new SyncError('TOO_LARGE', `the media host states a size of ${text.slice(0, 30)} bytes, which no file has`);
}

export function validatorOf(headers: ReplyFacts['headers']): Validator {
  const etag = shortValue(headers['etag']);
  return { etag: etag?.startsWith('W/') ? null : etag, lastModified: shortValue(headers['last-modified']) };
}

function shortValue(value: string | undefined): string | null {
  return value !== undefined && value.length <= maxValidatorLength ? value : null;
}

/**
 * Returns the value for the header If-Range, or undefined if the validator has neither a strong
 * ETag nor a date.
 */
export function ifRange(validator: Validator): string | undefined {
  return validator.etag ?? validator.lastModified ?? undefined;
}

const pageTypes = /^\s*(?:text\/html|application\/(?:[\w.+-]*\+)?(?:json|xml)|text\/xml|application\/xhtml\+xml)/i;
const textExtensions = new Set(['json', 'xml', 'gpx', 'html', 'txt', 'csv', 'edl']);

/** Refuses an encoded body, and a web page or an API answer that came in place of media. */
export function checkMediaType(reply: ReplyFacts, extension: string): void {
  const encoding = reply.headers['content-encoding'] ?? 'identity';
  if (encoding.toLowerCase() !== 'identity')
    throw new SyncError('NOT_MEDIA', `the reply is encoded as ${encoding}, although no encoding was asked for`);
  const type = reply.headers['content-type'] ?? '';
  if (pageTypes.test(type) && !textExtensions.has(extension))
    throw new SyncError('NOT_MEDIA', `the reply is ${type.trim()} instead of a .${extension} file`);
}

/** A request to the media host, for the whole file or for a range. */
export interface Asked {
  readonly range: { readonly start: number; readonly end: number } | null;
  /** What earlier replies stated about the file. */
  readonly known: ServedFile;
  readonly extension: string;
}

/**
 * Accepts the reply to a GET and returns what the reply states about the file. The caller handles
 * all statuses except 200, 206 and 416. Errors: SOURCE_CHANGED (the content changed, or the file is
 * too short for the range), RANGE_IGNORED (the transfer must continue without ranges),
 * SIZE_UNPROVEN (the length is missing or contradicts another length), NOT_MEDIA.
 */
export function checkReply(reply: ReplyFacts, asked: Asked): ServedFile {
  if (reply.status === 416) throw new SyncError('SOURCE_CHANGED', 'the file is shorter than it was');
  checkMediaType(reply, asked.extension);
  const validator = validatorOf(reply.headers);
  if (!sameContent(asked.known.validator, validator)) throw new SyncError('SOURCE_CHANGED', 'the content changed at the source');
  const served = asked.range ? checkRange(reply, asked.range, asked.known.sizeBytes) : checkWhole(reply, asked.known.sizeBytes);
  return { sizeBytes: served, validator };
}

function checkRange(reply: ReplyFacts, range: NonNullable<Asked['range']>, knownBytes: number | null): number {
  if (reply.status !== 206) throw new SyncError('RANGE_IGNORED', 'the media host answered a range with the whole file');
  const got = parseContentRange(reply.headers['content-range']);
  const wanted = { start: range.start, end: range.end };
  const lengthBytes = contentLength(reply.headers);
  const right = got?.start === wanted.start && got.end === wanted.end && (knownBytes === null || got.totalBytes === knownBytes);
  if (!right) {
    throw new SyncError(
      'RANGE_IGNORED',
      `the media host answered bytes ${wanted.start}-${wanted.end} with "${reply.headers['content-range'] ?? 'no range'}"`,
    );
  }
  if (lengthBytes !== null && lengthBytes !== wanted.end - wanted.start + 1)
    throw new SyncError('SIZE_UNPROVEN', 'Content-Length and Content-Range contradict each other');
  return got.totalBytes;
}

function checkWhole(reply: ReplyFacts, knownBytes: number | null): number | null {
  if (reply.status !== 200)
    throw new SyncError('SIZE_UNPROVEN', `the media host answered a request for the whole file with ${reply.status}`);
  const lengthBytes = contentLength(reply.headers);
  const chunked = /chunked/i.test(reply.headers['transfer-encoding'] ?? '');
  if (lengthBytes === null && knownBytes === null && !chunked)
    throw new SyncError('SIZE_UNPROVEN', 'the reply has no length and no recognisable end');
  if (knownBytes !== null && lengthBytes !== null && lengthBytes !== knownBytes) {
    throw new SyncError('SIZE_UNPROVEN', `the media host announced ${knownBytes} bytes and now serves ${lengthBytes}`);
  }
  return lengthBytes ?? knownBytes;
}
