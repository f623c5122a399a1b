import type { Part } from '../destination/destination.ts';
import { SyncError } from '../errors.ts';
import { createSniffer, paced } from './body.ts';
import { networkError } from './fetch.ts';
import { requestBytes, withRenewal, type Attempt } from './attempt.ts';
import { crc32 } from 'node:zlib';
import type { PartWriter } from '../destination/destination.ts';

/**
 * Fetches an original as one plain GET from byte 0, for hosts that ignore ranges or do not say how long the file is. Nothing is
 * resumed; parts are still the unit of storing. Returns all parts in order.
 */
export async function fetchInOnePiece(attempt: Attempt): Promise<Part[]> {
  const { ports, job, signal } = attempt;
  return ports.slots.run(
    job.order,
    () =>
      withRenewal(job.urls, attempt.offerId, async (offered) => {
        const reply = await requestBytes(attempt, offered, null);
        const sink = createSink(attempt);
        const sniff = createSniffer(offered.extension);
        try {
          await reply.body.pump((chunk) => {
            ports.accounting.fetched(chunk.length);
            sniff(chunk);
            return paced(chunk, sink.write, ports.bandwidth);
          });
          return await sink.end();
        } catch (error) {
          sink.abort();
          throw networkError(error, 'the media host', signal);
        }
      }),
    signal,
  );
}

/** Cuts one stream into parts and stores them one after the other. */
function createSink(attempt: Attempt) {
  const { ports, job, learned, state, patience } = attempt;
  const parts: Promise<Part>[] = [];
  let writer: PartWriter | undefined;
  let isAborted = false;
  let offset = 0;
  let partBytes = 0;
  let crc = 0;

  function finishPart(): Promise<void> {
    const ending = writer!.end(crc).then(async (part) => {
      if (attempt.resumable) await ports.tracker.savePart(job.claim, part);
      return part;
    });
    ending.catch(() => {}); // whoever writes or ends next is told
    parts.push(ending);
    writer = undefined;
    partBytes = 0;
    crc = 0;
    return ending.then(() => undefined);
  }

  function writeSlice(slice: Uint8Array): Promise<void> | undefined {
    // Given up while the part before it was being stored.
    if (isAborted) throw new SyncError('CONNECTION_LOST', 'the file was given up');
    const leftBytes = learned.sizeBytes === null ? null : learned.sizeBytes - offset;
    if (leftBytes !== null && slice.length > leftBytes)
      throw new SyncError('SIZE_UNPROVEN', 'the media host sent more bytes than it announced');
    const sizeBytes = leftBytes === null ? null : Math.min(state.partSizeBytes, leftBytes);
    writer ??= ports.destination.writePart(attempt.file, state, parts.length + 1, sizeBytes);
    const ready = writer.write(slice);
    crc = crc32(slice, crc);
    offset += slice.length;
    partBytes += slice.length;
    ports.accounting.fileMoved(job.tracked.original.key, slice.length);
    patience.reached(offset);
    return partBytes === state.partSizeBytes ? (ready ?? Promise.resolve()).then(finishPart) : ready;
  }

  function write(chunk: Uint8Array): Promise<void> | undefined {
    const room = state.partSizeBytes - partBytes;
    if (chunk.length <= room) return writeSlice(chunk);
    const first = writeSlice(chunk.subarray(0, room)) ?? Promise.resolve();
    return first.then(() => write(chunk.subarray(room)));
  }

  return {
    write,
    end: async (): Promise<Part[]> => {
      // Before the last part is ended: its writer was promised the length that the source announced.
      if (offset === 0) throw new SyncError('NOT_MEDIA', 'the media host serves an empty file');
      if (learned.sizeBytes !== null && offset !== learned.sizeBytes)
        throw new SyncError('TRUNCATED', `${offset} of ${learned.sizeBytes} bytes arrived`);
      if (writer) await finishPart();
      return Promise.all(parts);
    },
    abort: () => {
      isAborted = true;
      writer?.abort();
    },
  };
}
