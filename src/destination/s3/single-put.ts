import type { SyncError } from '../../errors.ts';
import type { FileDescription, Part, PartWriter } from '../destination.ts';
import { metadataOf, taggingHeader, tagsOf } from './attributes.ts';
import type { Bucket } from './bucket.ts';
import { encryptionHeaders, type CapabilityMemory } from './capabilities.ts';
import { refusalOf } from './errors.ts';
import { misfitError } from './part-writer.ts';
import { openPut, putBuffered, type OpenPut } from './put.ts';

/** Below this a file is kept whole until it is published: then its checksum can go ahead of it, and no connection waits. */
export const heldWholeBytes = 256 * 1024;
/** What is held back of a larger one. */
const heldBackBytes = 16 * 1024;

/**
 * A file written by a single PUT. The intent has to be recorded before the file can appear, so its last bytes are held back: `end` gives a part
 * while the request is still open, `publish` sends the rest and waits for the reply.
 */
export interface HeldPut extends PartWriter {
  publish(): Promise<void>;
}

export function holdPut(bucket: Bucket, memory: CapabilityMemory, file: FileDescription, sizeBytes: number): HeldPut {
  const about = `writing ${file.original.key}`;
  const target = memory.get().then(({ conditionalWrites, tags, trailers }) => ({
    key: bucket.base + file.original.key,
    headers: headersFor(bucket, file, { onlyIfAbsent: conditionalWrites === 'honoured', tags: tags !== 'refused' }),
    sizeBytes,
    trailer: trailers,
  }));
  target.catch(() => {}); // told by the put that awaits it
  let put: OpenPut | undefined;
  let held: Uint8Array[] = [];
  let writtenBytes = 0;
  let crc = 0;
  let refused: unknown;

  /** 412 and 409 may come before the body was read. They are for `publish` to tell; what is still to come need not be sent. */
  function unlessTaken(error: unknown): void {
    const status = refusalOf(error)?.status;
    if (status !== 412 && status !== 409) throw error;
    refused = error;
  }

  function misfit(): SyncError {
    put?.abort();
    return misfitError(bucket, about, writtenBytes, sizeBytes);
  }

  return {
    write: (chunk) => {
      const sendable = sizeBytes <= heldWholeBytes ? 0 : Math.max(0, sizeBytes - heldBackBytes - writtenBytes);
      writtenBytes += chunk.length;
      if (writtenBytes > sizeBytes) return Promise.reject(misfit());
      if (refused) return undefined;
      if (chunk.length > sendable) held.push(Buffer.from(chunk.subarray(sendable)));
      if (sendable === 0) return undefined;
      put ??= openPut(bucket, target, about);
      return put.write(chunk.subarray(0, sendable)).catch(unlessTaken);
    },
    end: async (crc32) => {
      if (writtenBytes !== sizeBytes) throw misfit();
      crc = crc32;
      return { number: 1, sizeBytes, crc32, receipt: '' } satisfies Part;
    },
    publish: async () => {
      if (refused) throw refused;
      if (put) {
        for (const chunk of held) await put.write(chunk);
        await put.finish(crc);
      } else {
        await putBuffered(bucket, await target, { chunks: held, crc32: crc }, about);
      }
    },
    abort: () => {
      held = [];
      put?.abort();
    },
  };
}

function headersFor(
  bucket: Bucket,
  file: FileDescription,
  options: { readonly onlyIfAbsent: boolean; readonly tags: boolean },
): Record<string, string> {
  const metadata = Object.entries(metadataOf(file)).map(([name, value]) => [`x-amz-meta-${name}`, value]);
  return {
    ...Object.fromEntries(metadata),
    ...encryptionHeaders(bucket),
    ...(bucket.storageClass === undefined ? {} : { 'x-amz-storage-class': bucket.storageClass }),
    ...(options.tags ? { 'x-amz-tagging': taggingHeader(tagsOf(file, bucket)) } : {}),
    ...(options.onlyIfAbsent ? { 'if-none-match': '*' } : {}),
  };
}
