import { SyncError } from '../errors.ts';
import { sameContent, type Validator } from '../media.ts';

/** What must be true of a reply before a byte of it counts. Pure; throws SyncError. */

export interface ReplyFacts {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
}

/** What a reply says of the file that it belongs to. */
export interface ServedFile {
  /** null: the reply does not say. */
  readonly sizeBytes: number | null;
  readonly validator: Validator;
}

export interface ContentRange {
  readonly start: number;
  readonly end: number;
  readonly totalBytes: number;
}

/** `bytes 0-9/100` (RFC 9110, 14.4); undefined for anything else, also for an unknown total. */
export function parseContentRange(header: string | undefined): ContentRange | undefined {
  const match = /^\s*bytes\s+(\d+)-(\d+)\/(\d+)\s*$/i.exec(header ?? '');
  if (!match) return undefined;
  const [start, end, totalBytes] = match.slice(1).map(Number) as [number, number, number];
  return start <= end && end < totalBytes ? { start, end, totalBytes } : undefined;
}

/** A declared length, or null when the header is absent or no number. */
export function contentLength(headers: ReplyFacts['headers']): number | null {
  const text = headers['content-length']?.trim();
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : null;
}

export function validatorOf(headers: ReplyFacts['headers']): Validator {
  const etag = headers['etag'] ?? null;
  return { etag: etag?.startsWith('W/') ? null : etag, lastModified: headers['last-modified'] ?? null };
}

/** The value for If-Range, or undefined when nothing can be compared. */
export function ifRange(validator: Validator): string | undefined {
  return validator.etag ?? validator.lastModified ?? undefined;
}

const pageTypes = /^\s*(?:text\/html|application\/(?:[\w.+-]*\+)?(?:json|xml)|text\/xml|application\/xhtml\+xml)/i;
const textExtensions = new Set(['json', 'xml', 'gpx', 'html', 'txt', 'csv', 'edl']);

/** Refuses an encoded body and a page or API answer in place of media. */
export function checkMediaType(reply: ReplyFacts, extension: string): void {
  const encoding = reply.headers['content-encoding'] ?? 'identity';
  if (encoding.toLowerCase() !== 'identity')
    throw new SyncError('NOT_MEDIA', `the reply is encoded as ${encoding}, although identity was asked for`);
  const type = reply.headers['content-type'] ?? '';
  if (pageTypes.test(type) && !textExtensions.has(extension))
    throw new SyncError('NOT_MEDIA', `the reply is ${type.trim()} instead of a .${extension} file`);
}

type Kind = 'markup' | 'json' | 'gzip' | 'zip' | 'pdf' | 'jpeg' | 'png' | 'tiff' | 'isoMedia' | 'riff';

/** So much of a file is enough for `checkFirstBytes`. */
export const firstBytesNeeded = 16;

const still: readonly Kind[] = ['jpeg', 'png', 'tiff', 'isoMedia', 'riff'];
const film: readonly Kind[] = ['isoMedia', 'riff'];

/** Phones give HEIC and PNG photos the extension .jpg, so any kind of photo will do for a photo, and any kind of film for a film. */
const plausible: Readonly<Record<string, readonly Kind[]>> = {
  ...Object.fromEntries(['mp4', 'mov', 'm4v', '360', 'lrv', 'm4a', 'avi', 'wav'].map((extension) => [extension, film])),
  ...Object.fromEntries(
    ['jpg', 'jpeg', 'thm', 'png', 'gpr', 'dng', 'tif', 'tiff', 'heic', 'heif', 'avif', 'webp'].map((extension) => [
      extension,
      still,
    ]),
  ),
};

/**
 * Refuses a file whose beginning is evidently something else than its extension says: a page, JSON, an archive, or another kind of
 * media. A beginning that is nothing we know is accepted, because cameras write more formats than any list holds. Of a page of a few
 * bytes there may be less to see than `firstBytesNeeded`; what is refused is refused however much follows.
 */
export function checkFirstBytes(first: Uint8Array, extension: string): void {
  const kinds = plausible[extension];
  const kind = kinds && kindOf(Buffer.from(first.buffer, first.byteOffset, first.byteLength));
  if (kinds && kind && !kinds.includes(kind))
    throw new SyncError('NOT_MEDIA', `the content begins like ${kind}, not like a .${extension} file`);
}

function kindOf(first: Buffer): Kind | undefined {
  const text = first.toString('latin1');
  if (/^(?:\u00ef\u00bb\u00bf)?\s*<[!?a-z]/i.test(text)) return 'markup';
  if (/^\s*(?:\{\s*["}]|\[\s*[[{"\]])/.test(text)) return 'json';
  if (text.startsWith('\x1f\x8b\x08')) return 'gzip';
  if (text.startsWith('PK\x03\x04')) return 'zip';
  if (text.startsWith('%PDF')) return 'pdf';
  if (text.startsWith('\xff\xd8\xff')) return 'jpeg';
  if (text.startsWith('\x89PNG')) return 'png';
  if (text.startsWith('II*\0') || text.startsWith('MM\0*')) return 'tiff';
  if (text.slice(4, 8) === 'ftyp') return 'isoMedia';
  if (text.startsWith('RIFF')) return 'riff';
  return undefined;
}

/** What was asked of the media host: the whole file, or a range of it. */
export interface Asked {
  readonly range: { readonly start: number; readonly end: number } | null;
  /** What is known of the file already. */
  readonly known: ServedFile;
  readonly extension: string;
}

/**
 * Accepts the reply to a GET or says why not: SOURCE_CHANGED (another content, or shorter than asked for), RANGE_IGNORED (go on without ranges), SIZE_UNPROVEN
 * (lengths contradict each other), NOT_MEDIA. Statuses other than 200 and 206 are the caller's. Returns what it says of the file.
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
    throw new SyncError('SIZE_UNPROVEN', 'the reply has neither a length nor an end that could be recognised');
  if (knownBytes !== null && lengthBytes !== null && lengthBytes !== knownBytes) {
    throw new SyncError('SIZE_UNPROVEN', `the media host announced ${knownBytes} bytes and now serves ${lengthBytes}`);
  }
  return lengthBytes ?? knownBytes;
}
