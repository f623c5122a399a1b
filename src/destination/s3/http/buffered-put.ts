import { createHash } from 'node:crypto';
import { crc32, crc32Base64 } from '../../../lib/crc32.ts';
import type { Bucket } from '../bucket.ts';
import { OpenPut, type PutReply, type PutTarget } from './put.ts';

/**
 * How the checksum of a body in memory is sent: as a CRC32 after the body (`trailer`), as a CRC32
 * or MD5 in a header, or not at all.
 */
export type ChecksumWay = 'trailer' | 'crc32' | 'md5' | 'none';

export interface BufferedBody {
  readonly chunks: readonly Uint8Array[];
  readonly checksum: ChecksumWay;
  /** The CRC32 to send. Default: the CRC32 of the chunks. */
  readonly crc32?: number;
}

/** Sends a body that is in memory. */
export async function putBuffered(
  bucket: Bucket,
  target: Omit<PutTarget, 'sizeBytes' | 'trailer'>,
  body: BufferedBody,
  about: string,
): Promise<PutReply> {
  const { chunks, checksum } = body;
  const sizeBytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  const sum = body.crc32 ?? chunks.reduce((crc, chunk) => crc32(chunk, crc), 0);
  const headers = { ...target.headers, ...checksumHeader(checksum, chunks, sum) };
  const put = new OpenPut(bucket, Promise.resolve({ ...target, headers, sizeBytes, trailer: checksum === 'trailer' }), about);
  for (const chunk of chunks) await put.write(chunk);
  return put.finish(sum);
}

function checksumHeader(way: ChecksumWay, chunks: readonly Uint8Array[], sum: number): Record<string, string> {
  if (way === 'crc32') return { 'x-amz-checksum-crc32': crc32Base64(sum) };
  if (way !== 'md5') return {};
  const md5 = createHash('md5');
  for (const chunk of chunks) md5.update(chunk);
  return { 'content-md5': md5.digest('base64') };
}
