import { SyncError } from '../../errors.ts';
import type { Part, PartWriter } from '../destination.ts';
import type { Bucket } from './bucket.ts';
import type { Capabilities, PutCapabilities } from './probe/capabilities.ts';
import { isRefused } from './errors.ts';
import { putBuffered, type ChecksumWay } from './http/buffered-put.ts';
import { OpenPut, type PutReply } from './http/put.ts';
import { asDenialOfFile } from './unusable-keys.ts';
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
      ? bufferPart(bucket, capabilities, upload, target, about)
      : streamPart(bucket, capabilities, upload, { ...target, sizeBytes }, about);
  let writtenBytes = 0;
  const asFileError = async (error: unknown): Promise<unknown> =>
    asDenialOfFile(bucket, capabilities, upload.key, await afterRefusal(capabilities, error, 'STORE_FAILED'));
  const misfit = (): SyncError => {
    writer.abort();
    return misfitError(bucket, about, writtenBytes, sizeBytes);
  };
  return {
    write: (chunk) => {
      writtenBytes += chunk.length;
      if (sizeBytes !== null && writtenBytes > sizeBytes) return Promise.reject(misfit());
      return writer.write(chunk)?.catch(async (error: unknown) => {
        throw await asFileError(error);
      });
    },
    end: async (crc32) => {
      if (sizeBytes !== null && writtenBytes !== sizeBytes) throw misfit();
      const reply = await writer.finish(crc32).catch(async (error: unknown) => {
        throw await asFileError(error);
      });
      return receivePart(bucket, { number, sizeBytes: writtenBytes, crc32, receipt: reply.etag }, reply, about);
    },
    abort: () => writer.abort(),
  };
}

/**
 * How the checksum of a part that is in memory is sent. If the upload began without a checksum, S3
 * refuses a CRC32 of its parts.
 */
export function partChecksum({ checksum }: MultipartUpload, { trailers, headerChecksum }: PutCapabilities): ChecksumWay {
  if (checksum === 'none') return headerChecksum === 'md5' ? 'md5' : 'none';
  return trailers ? 'trailer' : headerChecksum;
}

/**
 * Probes a store that refuses a request although it accepted requests of this form before. If it
 * can now do less, the error gets `code`, so that the bytes are sent in another form. Otherwise the
 * error stays as it is, because the same request would be refused again.
 */
export async function afterRefusal(
  capabilities: Capabilities,
  error: unknown,
  code: 'STORE_FAILED' | 'UPLOAD_LOST',
): Promise<unknown> {
  const isFinal = error instanceof SyncError && error.decision === 'fail' && isRefused(error);
  if (!isFinal || !(await capabilities.haveChanged())) return error;
  return new SyncError(code, error.message, { cause: error.cause });
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
  const ready = capabilities
    .puts()
    .then((puts) => ({ ...target, trailer: partChecksum(upload, puts) === 'trailer', asksFirst: true }));
  return new OpenPut(bucket, ready, about);
}

/**
 * Holds a part of unknown length in memory until the part is complete, because S3 needs the length
 * before the bytes.
 */
function bufferPart(
  bucket: Bucket,
  capabilities: Capabilities,
  upload: MultipartUpload,
  target: PartTarget,
  about: string,
): BodyWriter {
  let chunks: Uint8Array[] = [];
  return {
    write: (chunk) => void chunks.push(Buffer.from(chunk)),
    finish: async (crc32) => {
      const checksum = partChecksum(upload, await capabilities.puts());
      return putBuffered(bucket, target, { chunks, checksum, crc32 }, about);
    },
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
