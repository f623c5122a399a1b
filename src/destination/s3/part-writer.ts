import { SyncError } from '../../errors.ts';
import type { Part, PartWriter } from '../destination.ts';
import type { Bucket } from './bucket.ts';
import type { Capabilities } from './capabilities.ts';
import { refusalOf } from './errors.ts';
import { OpenPut, putBuffered, type PutReply } from './http/put.ts';
import type { MultipartUpload } from './upload-id.ts';

/** Writes one part of a multipart upload. */
export function writeUploadPart(
  bucket: Bucket,
  capabilities: Capabilities,
  upload: MultipartUpload,
  number: number,
  sizeBytes: number | null,
): PartWriter {
  const about = `part ${number} of ${upload.key}`;
  const target = { key: upload.key, query: { partNumber: String(number), uploadId: upload.uploadId }, headers: {} };
  const writer =
    sizeBytes === null
      ? bufferPart(bucket, upload, target, about)
      : streamPart(bucket, capabilities, upload, { ...target, sizeBytes }, about);
  let writtenBytes = 0;
  const misfit = (): SyncError => {
    writer.abort();
    return misfitError(bucket, about, writtenBytes, sizeBytes);
  };
  return {
    write: (chunk) => {
      writtenBytes += chunk.length;
      return sizeBytes !== null && writtenBytes > sizeBytes ? Promise.reject(misfit()) : writer.write(chunk);
    },
    end: async (crc32) => {
      if (sizeBytes !== null && writtenBytes !== sizeBytes) throw misfit();
      const reply = await writer.finish(crc32).catch((error: unknown) => {
        // The store no longer supports something that it supported before, so it is probed again.
        if (refusalOf(error)?.status === 501) capabilities.doubt();
        throw error;
      });
      return receivePart(bucket, { number, sizeBytes: writtenBytes, crc32, receipt: reply.etag }, reply, about);
    },
    abort: () => writer.abort(),
  };
}

/** The error if the number of written bytes differs from the announced size. */
export function misfitError(bucket: Bucket, about: string, writtenBytes: number, sizeBytes: number | null): SyncError {
  return new SyncError(
    'STORE_FAILED',
    `${bucket.location}: ${writtenBytes} bytes instead of ${sizeBytes} were given for ${about}`,
  );
}

interface BodyWriter {
  write(chunk: Uint8Array): Promise<void> | undefined;
  finish(crc32: number): Promise<PutReply>;
  abort(): void;
}

type PartTarget = Parameters<typeof putBuffered>[1];

function streamPart(
  bucket: Bucket,
  capabilities: Capabilities,
  upload: MultipartUpload,
  target: PartTarget & { readonly sizeBytes: number },
  about: string,
): BodyWriter {
  const ready = capabilities.puts().then(({ trailers }) => ({ ...target, trailer: trailers && upload.checksum !== 'none' }));
  return new OpenPut(bucket, ready, about);
}

/**
 * Holds a part of unknown length in memory until the part is complete, because S3 needs the length
 * before the bytes.
 */
function bufferPart(bucket: Bucket, upload: MultipartUpload, target: PartTarget, about: string): BodyWriter {
  let chunks: Uint8Array[] = [];
  return {
    write: (chunk) => void chunks.push(Buffer.from(chunk)),
    finish: (crc32) => putBuffered(bucket, target, { chunks, crc32: upload.checksum === 'none' ? null : crc32 }, about),
    abort: () => {
      chunks = [];
    },
  };
}

function receivePart(bucket: Bucket, part: Part, reply: PutReply, about: string): Part {
  if (reply.crc32 !== null && reply.crc32 !== part.crc32)
    throw new SyncError('STORE_FAILED', `${bucket.location}: the store did not receive the bytes that were sent for ${about}`);
  if (part.receipt === '') throw new SyncError('STORE_FAILED', `${bucket.location}: the store gave no entity tag for ${about}`);
  return part;
}
