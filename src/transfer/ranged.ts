import type { Part } from '../destination/destination.ts';
import { asSyncError, SyncError } from '../errors.ts';
import { createSniffer, pumpPart, type PartProgress } from './body.ts';
import { networkError } from './fetch.ts';
import { requestBytes, sayAgain, withRenewal, type Attempt } from './attempt.ts';
import { partRanges, type PartRange } from './parts.ts';

/**
 * Fetches the parts that the destination lacks, as many at once as there are free slots. The first one goes alone until its first
 * byte, so that a file that cannot be had costs one request per attempt. Returns all parts in order.
 */
export async function fetchParts(attempt: Attempt, stored: readonly Part[]): Promise<Part[]> {
  const done = new Map(stored.map((part) => [part.number, part]));
  const missing = partRanges(attempt.learned.sizeBytes ?? 0, attempt.state.partSizeBytes).filter(
    (range) => !done.has(range.number),
  );
  const fetchOne = async (of: Attempt, range: PartRange, onFirstByte: () => void) => {
    const part = await fetchPart(of, range, onFirstByte);
    if (attempt.resumable) await attempt.ports.tracker.savePart(attempt.job.claim, part);
    done.set(part.number, part);
  };
  const [first, ...rest] = missing;
  if (rest.length > 0) await together(attempt, missing, fetchOne);
  else if (first) await fetchOne(attempt, first, () => {});
  return [...done.values()].toSorted((a, b) => a.number - b.number);
}

/** The first part goes ahead; when one of them fails, the others are ended. */
async function together(
  attempt: Attempt,
  missing: readonly PartRange[],
  fetchOne: (of: Attempt, range: PartRange, onFirstByte: () => void) => Promise<void>,
): Promise<void> {
  const others = new AbortController();
  const all: Attempt = { ...attempt, signal: AbortSignal.any([attempt.signal, others.signal]) };
  const firstByte = Promise.withResolvers<void>();
  const fetches = missing.map(async (range, index) => {
    if (index > 0) await firstByte.promise;
    await fetchOne(all, range, firstByte.resolve);
  });
  try {
    // The first part's failure must reach those that wait for its first byte.
    fetches[0]?.catch(firstByte.reject);
    await Promise.all(fetches);
  } catch (error) {
    // What is under way when a slice has no time for more parts is still let finish.
    const over = asSyncError(error).decision === 'defer';
    if (!over) others.abort(new SyncError('CONNECTION_LOST', 'another part of the file failed'));
    await Promise.allSettled(fetches);
    throw error;
  }
}

/** One part with all its attempts. A broken stream goes on at the byte it reached, in the same writer. */
async function fetchPart(attempt: Attempt, range: PartRange, onFirstByte: () => void): Promise<Part> {
  const { ports, patience, job, signal } = attempt;
  const { key } = job.tracked.original;
  // Begun only with a slot in hand: a writer may hold a connection.
  let part: PartProgress | undefined;
  let failures = 0;
  const onBytes = (bytes: number) => {
    onFirstByte();
    ports.accounting.fileMoved(key, bytes);
    if (part && patience.reached(part.offset, range.number)) failures = 0;
  };
  const drop = () => {
    part?.writer.abort();
    ports.accounting.fileMoved(key, -(part?.offset ?? 0));
    part = undefined;
  };
  for (;;) {
    const ticket = patience.begin();
    try {
      return await ports.slots.run(
        job.order,
        async () => {
          if (!part) ports.slice.admit();
          const startedAtMs = ports.clock.elapsed();
          part ??= begin(attempt, range);
          if (part.offset < range.sizeBytes) await fetchRest(attempt, range, part, onBytes);
          const stored = await part.writer.end(part.crc32);
          // Of an upload that ends with its process, or without a validator, the next slice cannot go on behind it.
          const { etag, lastModified } = attempt.learned.validator;
          const keeps = attempt.resumable && (etag !== null || lastModified !== null);
          ports.slice.stored(keeps ? stored.sizeBytes : 0, ports.clock.elapsed() - startedAtMs);
          return stored;
        },
        signal,
      );
    } catch (thrown) {
      const error = asSyncError(thrown);
      try {
        if (signal.aborted || error.decision !== 'retry') throw error;
        failures += 1;
        await patience.failed(ticket, error, (delayMs) => sayAgain(job, ports, error, delayMs), signal, failures);
      } catch (final) {
        drop();
        throw final;
      }
      if (part && mustRepeat(attempt, part, error)) drop();
    }
  }
}

function begin(attempt: Attempt, range: PartRange): PartProgress {
  const writer = attempt.ports.destination.writePart(attempt.file, attempt.state, range.number, range.sizeBytes);
  return { writer, offset: 0, crc32: 0, lastByteAtMs: attempt.ports.clock.elapsed(), sniff: undefined };
}

/** The writer itself failed, held content that is not media, or its store will not have waited so long. */
function mustRepeat(attempt: Attempt, part: PartProgress, error: SyncError): boolean {
  const pausedMs = attempt.ports.clock.elapsed() - part.lastByteAtMs;
  return (
    error.code === 'STORE_FAILED' ||
    error.code === 'NOT_MEDIA' ||
    (part.offset > 0 && pausedMs > attempt.ports.destination.maxPauseMs)
  );
}

async function fetchRest(
  attempt: Attempt,
  range: PartRange,
  part: PartProgress,
  onBytes: (bytes: number) => void,
): Promise<void> {
  const { ports, job, learned, signal } = attempt;
  const start = range.start + part.offset;
  const end = range.start + range.sizeBytes - 1;
  const whole = start === 0 && end + 1 === learned.sizeBytes;
  await withRenewal(job.urls, attempt.offerId, async (offered) => {
    const reply = await requestBytes(attempt, offered, whole ? null : { start, end });
    // It goes on with the stream: what broke off after a byte has not been judged yet.
    if (start === 0) part.sniff = createSniffer(offered.extension);
    await pumpPart(reply, part, { wantedBytes: end - start + 1, onBytes }, ports).catch((error: unknown) => {
      throw networkError(error, 'the media host', signal);
    });
    if (part.offset < range.sizeBytes)
      throw new SyncError('TRUNCATED', `the reply ended ${range.sizeBytes - part.offset} bytes early`);
  });
}
