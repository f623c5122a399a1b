import { createHash, type Hash } from 'node:crypto';
import { type Content, createContentWriter, type Keeping, withFlippedByte } from './content.ts';
import type { S3Damage, S3Legacy } from './faults.ts';
import { header, S3Error, type S3Request } from './wire.ts';

/** How a body is stored and verified. */
export interface ReceiveOptions {
  readonly keeping: Keeping;
  /** If true, the MD5 is computed even if the client sent none. */
  readonly md5: boolean;
  readonly legacy: S3Legacy;
  readonly damage?: S3Damage | undefined;
}

export interface Received {
  readonly content: Content;
  /** The MD5 in hexadecimal digits. Undefined if it was not computed. */
  readonly md5: string | undefined;
  /** The CRC32 that replies show. */
  readonly shownCrc32: number;
}

/** A body that was read to its end but is not verified yet. */
interface Arrived extends Omit<Received, 'shownCrc32'> {
  readonly sha256: string | undefined;
  /** Undefined if the body was not framed, or if the store does not understand the framing. */
  readonly trailers: ReadonlyMap<string, string> | undefined;
}

/** The largest body that PutObject and UploadPart accept. */
const MAX_BODY_BYTES = 5 * 1024 ** 3;
const CRC32 = 'x-amz-checksum-crc32';
const HEX_SHA256 = /^[\da-f]{64}$/;

/**
 * Stores the body of a request and checks it against these headers and trailers: Content-Length,
 * x-amz-decoded-content-length, x-amz-content-sha256, Content-MD5, x-amz-checksum-crc32. Nothing is
 * stored if a check fails (S3Error) or the connection breaks. If the option `damage` is set, no
 * digest and no checksum is compared.
 */
export async function receiveBody(request: S3Request, options: ReceiveOptions): Promise<Received> {
  checkAnnouncement(request, options.legacy);
  const arrived = await storeBody(request, options);
  try {
    if (options.damage === undefined) verify(request, arrived, options.legacy);
    return { ...arrived, shownCrc32: shownCrc32(request, arrived, options.legacy) };
  } catch (error) {
    arrived.content.release();
    throw error;
  }
}

function checkAnnouncement(request: S3Request, legacy: S3Legacy): void {
  const announced = isFramed(request) ? header(request, 'x-amz-decoded-content-length') : header(request, 'content-length');
  if (announced === undefined) throw new S3Error('MissingContentLength');
  if (Number(announced) > MAX_BODY_BYTES) throw new S3Error('EntityTooLarge');
  if (legacy.rejectsTrailers && header(request, 'x-amz-trailer') !== undefined)
    throw new S3Error('NotImplemented', 'Trailers are unknown here.');
  if (legacy.noChecksums) return;
  const names = [...Object.keys(request.message.headers), header(request, 'x-amz-trailer') ?? ''];
  const unknown = names.find((name) => /^x-amz-checksum-(?!crc32$|algorithm$|type$|mode$)/.test(name));
  if (unknown !== undefined) throw new S3Error('NotImplemented', `This store verifies CRC32 only, not ${unknown}.`);
}

async function storeBody(request: S3Request, options: ReceiveOptions): Promise<Arrived> {
  const writer = createContentWriter(options.keeping);
  const md5 = options.md5 || header(request, 'content-md5') !== undefined ? createHash('md5') : undefined;
  const sha256 = HEX_SHA256.test(header(request, 'x-amz-content-sha256') ?? '') ? createHash('sha256') : undefined;
  const write = damagedWrite((chunk) => writer.write(chunk), options.damage, announcedBytes(request));
  const take = (chunk: Buffer): void => {
    md5?.update(chunk);
    sha256?.update(chunk);
    write(chunk);
  };
  try {
    const decoder = isFramed(request) && !options.legacy.storesChunkedFraming ? createChunkedDecoder(take) : undefined;
    await readBody(request, decoder?.push ?? take);
    const trailers = decoder?.end();
    return { content: writer.finish(), md5: finishHash(md5), sha256: finishHash(sha256), trailers };
  } catch (error) {
    writer.abandon();
    throw error;
  }
}

function finishHash(hash: Hash | undefined): string | undefined {
  return hash?.digest('hex');
}

function isFramed(request: S3Request): boolean {
  return header(request, 'x-amz-content-sha256')?.startsWith('STREAMING-') ?? false;
}

function announcedBytes(request: S3Request): number {
  return Number(header(request, 'x-amz-decoded-content-length') ?? header(request, 'content-length'));
}

function damagedWrite(write: (chunk: Buffer) => void, damage: S3Damage | undefined, totalBytes: number): (chunk: Buffer) => void {
  if (damage === undefined) return write;
  if (damage.kind === 'cutBody') {
    let rest = damage.keptBytes ?? Math.floor(totalBytes / 2);
    return (chunk) => {
      if (rest > 0) write(chunk.subarray(0, rest));
      rest -= chunk.length;
    };
  }
  let mangled = false;
  return (chunk) => {
    write(mangled || chunk.length === 0 ? chunk : withFlippedByte(chunk, 0));
    mangled ||= chunk.length > 0;
  };
}

/** Throws S3Error if a header or trailer contradicts the body. */
function verify(request: S3Request, { content, md5, sha256, trailers }: Arrived, legacy: S3Legacy): void {
  if (trailers !== undefined && content.sizeBytes !== announcedBytes(request)) throw new S3Error('IncompleteBody');
  if (sha256 !== undefined && sha256 !== header(request, 'x-amz-content-sha256')) throw new S3Error('XAmzContentSHA256Mismatch');
  const sentMd5 = header(request, 'content-md5');
  if (sentMd5 !== undefined && decodeDigest(sentMd5, 16, 'InvalidDigest').toString('hex') !== md5) throw new S3Error('BadDigest');
  if (!sendsCrc32(request, legacy)) return;
  const crc32 = header(request, CRC32) ?? trailers?.get(CRC32);
  if (crc32 === undefined) throw new S3Error('MalformedTrailerError');
  if (decodeCrc32(crc32) !== content.crc32 && !legacy.trustsChecksums) throw new S3Error('BadDigest');
}

function shownCrc32(request: S3Request, { content, trailers }: Arrived, legacy: S3Legacy): number {
  const sent = header(request, CRC32) ?? trailers?.get(CRC32);
  return legacy.trustsChecksums === 'repeats sent' && sent !== undefined ? decodeCrc32(sent) : content.crc32;
}

/** True if the client sends a CRC32 with the body, and the store understands it. */
export function sendsCrc32(request: S3Request, legacy: S3Legacy): boolean {
  if (legacy.noChecksums) return false;
  return header(request, CRC32) !== undefined || (header(request, 'x-amz-trailer') === CRC32 && !legacy.storesChunkedFraming);
}

/** Decodes a CRC32 in base64. Throws S3Error InvalidRequest. */
export function decodeCrc32(text: string): number {
  return decodeDigest(text, 4, 'InvalidRequest').readUInt32BE();
}

/** Encodes a CRC32 for headers and XML: base64 of the four bytes, the highest byte first. */
export function encodeCrc32(crc32: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc32);
  return bytes.toString('base64');
}

function decodeDigest(text: string, sizeBytes: number, code: 'InvalidDigest' | 'InvalidRequest'): Buffer {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length !== sizeBytes || bytes.toString('base64') !== text)
    throw new S3Error(code, `'${text}' is no digest of ${sizeBytes} bytes.`);
  return bytes;
}

/** Reads a whole body as text. This is for the small XML documents that clients send. */
export async function readText(request: S3Request): Promise<string> {
  const chunks: Buffer[] = [];
  await readBody(request, (chunk) => chunks.push(chunk));
  return Buffer.concat(chunks).toString();
}

/**
 * Calls `take` with every chunk as it arrives, unlike an async iterator, which joins waiting
 * chunks. Rejects if `take` throws (the rest is then read and dropped) or the connection breaks.
 */
export function readBody(request: S3Request, take: (chunk: Buffer) => void): Promise<void> {
  const { message } = request;
  return new Promise((resolve, reject) => {
    let failed = false;
    message.on('data', (chunk: Buffer) => {
      request.bytesIn += chunk.length;
      if (failed) return;
      try {
        take(chunk);
      } catch (error) {
        failed = true;
        reject(error);
      }
    });
    message.on('end', resolve);
    message.on('error', reject);
    message.on('close', () => reject(new S3Error('IncompleteBody')));
  });
}

/**
 * Removes the aws-chunked framing, signed or not. Each chunk is `size-in-hex[;chunk-signature=…]`
 * and its bytes. After a chunk of size 0, `name:value` trailers follow up to an empty line. `end`
 * returns the trailers or throws S3Error IncompleteBody.
 */
function createChunkedDecoder(take: (data: Buffer) => void) {
  let state: 'size' | 'data' | 'gap' | 'trailer' | 'end' = 'size';
  let restBytes = 0;
  let line = '';
  const trailers = new Map<string, string>();

  function takeLine(text: string): void {
    if (state === 'gap' && text === '') state = 'size';
    else if (state === 'size' && /^[\da-f]{1,12}(;|$)/i.test(text)) {
      restBytes = Number.parseInt(text, 16);
      state = restBytes === 0 ? 'trailer' : 'data';
    } else if (state === 'trailer' && text === '') state = 'end';
    else if (state === 'trailer' && text.includes(':'))
      trailers.set(text.slice(0, text.indexOf(':')).toLowerCase(), text.slice(text.indexOf(':') + 1).trim());
    else throw new S3Error('IncompleteBody', 'The aws-chunked framing of the body is broken.');
  }

  function push(chunk: Buffer): void {
    for (let at = 0; at < chunk.length;) {
      if (state === 'data') {
        const data = chunk.subarray(at, at + restBytes);
        take(data);
        at += data.length;
        restBytes -= data.length;
        if (restBytes === 0) state = 'gap';
        continue;
      }
      const newline = chunk.indexOf(0x0a, at);
      const lineEnd = newline === -1 ? chunk.length : newline + 1;
      line += chunk.toString('latin1', at, lineEnd);
      at = lineEnd;
      if (newline === -1) continue;
      takeLine(line.trimEnd());
      line = '';
    }
  }

  function end(): ReadonlyMap<string, string> {
    if (state !== 'end') throw new S3Error('IncompleteBody');
    return trailers;
  }

  return { push, end };
}
