import type { Part } from '../../destination/destination.ts';
import { asSyncError, SyncError } from '../../errors.ts';
import type { Reply } from '../../lib/http/index.ts';
import type { OfferedOriginal } from '../../media.ts';
import type { Copy, Upload } from '../context.ts';
import { checkReply, ifRange, type Asked } from '../media-host/guard.ts';
import { withFreshUrls } from '../media-host/medium-urls.ts';
import { emptyFile, PartStream, type PartStreamHooks } from './part-stream.ts';
import { chainsOf, openEndedRange, partRanges, type ByteRange } from './parts.ts';

/** Fetches and stores the parts of a range. It may call `onFirstByte` several times. */
type FetchRange = (copy: Copy, range: ByteRange, onFirstByte: () => void) => Promise<void>;

/** Ranges to fetch one after another. */
type Chain = readonly ByteRange[];

/**
 * Fetches the parts that the destination lacks. It requests one range for each part, as many at
 * once as there are free slots and independent parts. If the media host ignores ranges, it requests
 * one open-ended range. Returns all parts in order.
 */
export async function fetchParts(copy: Copy, upload: Upload): Promise<Part[]> {
  const { sizeBytes, partSizeBytes } = upload.state;
  const claimPartSizes = copy.lessons.makesNoClaim ? [] : upload.state.claimPartSizes;
  const done = new Map(upload.parts.map((part) => [part.number, part]));
  const keep = async (part: Part) => {
    if (upload.resumable) await copy.transfer.tracker.savePart(copy.claim, part);
    done.set(part.number, part);
  };
  const fetchOne: FetchRange = async (of, range, onFirstByte) =>
    keep(await fetchRange(of, upload, range, { onFirstByte, onPart: keep, before: done.get(range.number - 1) }));
  const ranges = upload.inRanges ? partRanges(sizeBytes ?? 0, partSizeBytes) : [openEndedRange(sizeBytes)];
  if (ranges.length === 0) throw emptyFile();
  const chains = upload.proving.mismatch === null ? chainsOf(ranges, claimPartSizes ?? []) : [ranges];
  const missing = chains.map((chain) => chain.filter(({ number }) => !done.has(number))).filter((chain) => chain.length > 0);
  const [first, ...rest] = missing;
  if (rest.length > 0) await fetchTogether(copy, missing, fetchOne);
  else if (first) await fetchInOrder(copy, first, fetchOne, () => {});
  return [...done.values()].toSorted((a, b) => a.number - b.number);
}

async function fetchInOrder(copy: Copy, chain: Chain, fetchOne: FetchRange, onFirstByte: () => void): Promise<void> {
  for (const range of chain) await fetchOne(copy, range, onFirstByte);
}

/**
 * Fetches the missing chains together. The first range is fetched alone until its first byte
 * arrives, so that an unavailable file costs one request per attempt. When one range fails, the
 * other ranges are ended.
 */
async function fetchTogether(copy: Copy, missing: readonly Chain[], fetchOne: FetchRange): Promise<void> {
  const others = new AbortController();
  const all: Copy = { ...copy, signal: AbortSignal.any([copy.signal, others.signal]) };
  const firstByte = Promise.withResolvers<void>();
  const fetches = missing.map(async (chain, index) => {
    if (index > 0) await firstByte.promise;
    await fetchInOrder(all, chain, fetchOne, firstByte.resolve);
  });
  try {
    // The other ranges wait for the first byte. If the first range fails, they must fail too.
    fetches[0]?.catch(firstByte.reject);
    await Promise.all(fetches);
  } catch (error) {
    // When the slice has no time for more parts, the parts that are being fetched may still finish.
    const isOver = asSyncError(error).decision === 'defer';
    if (!isOver) others.abort(new SyncError('CONNECTION_LOST', 'another part of the file failed'));
    await Promise.allSettled(fetches);
    throw error;
  }
}

/** Fetches a range and repeats failed attempts. Stores its parts and returns the last part. */
async function fetchRange(
  copy: Copy,
  upload: Upload,
  range: ByteRange,
  { onFirstByte, ...hooks }: Omit<PartStreamHooks, 'onBytes'> & { readonly onFirstByte: () => void },
): Promise<Part> {
  const { transfer, order, budget, signal } = copy;
  let failures = 0;
  const onBytes = (offset: number) => {
    onFirstByte();
    if (budget.reached(range.number, offset)) failures = 0;
  };
  // The stream is opened only after the slot is taken, because its writer may use a connection.
  let stream: PartStream | undefined;
  const attempt = async () => {
    if (!stream) transfer.slice.admit();
    stream ??= new PartStream(copy, upload, range, { onBytes, ...hooks });
    return fillStream(stream);
  };
  for (;;) {
    const ticket = budget.begin();
    try {
      return await transfer.slots.run(order, attempt, signal);
    } catch (thrown) {
      const error = asSyncError(thrown);
      try {
        // An open-ended range cannot continue after a failure, so the caller starts over.
        if (signal.aborted || error.decision !== 'retry' || range.isOpenEnded) throw error;
        failures += 1;
        await budget.waitAfterFailure(ticket, error, signal, failures);
      } catch (final) {
        stream?.abort();
        throw final;
      }
      if (!stream || !mustRepeat(stream, error)) continue;
      stream.abort();
      stream = undefined;
    }
  }
}

/** Continues a broken stream at its next byte, with the same writer. */
async function fillStream(stream: PartStream): Promise<Part> {
  const { copy, range, upload } = stream;
  const { slice, clock } = copy.transfer;
  const startedAtMs = clock.elapsed();
  if (stream.leftBytes !== 0) {
    await withFreshUrls(copy.urls, copy.offerId, async (offered) =>
      stream.pump(await requestRest(stream, offered), offered.extension),
    );
  }
  const part = await stream.end();
  // Only a part that the next slice can resume counts as progress. Resuming needs a validator.
  const { etag, lastModified } = upload.state.validator;
  const isResumable = upload.resumable && (etag !== null || lastModified !== null);
  if (!range.isOpenEnded) slice.countStored(isResumable ? part.sizeBytes : 0, clock.elapsed() - startedAtMs);
  return part;
}

/**
 * Whether the range must begin again. It must if the writer failed, if the bytes are not media, or
 * if the media host was silent for longer than the store keeps a connection open.
 */
function mustRepeat(stream: PartStream, error: SyncError): boolean {
  const { maxPauseMs } = stream.copy.transfer.destination;
  return error.code === 'STORE_FAILED' || error.code === 'NOT_MEDIA' || stream.pausedMs > maxPauseMs;
}

/**
 * Requests the bytes that a range still lacks. The reply must cover exactly those bytes. A body
 * that is too short is detected at its end. Errors: those of MediaHosts and checkReply.
 */
async function requestRest(stream: PartStream, { url, extension }: OfferedOriginal): Promise<Reply> {
  const { copy, upload } = stream;
  const known = upload.state;
  const range = restOf(stream);
  const condition = range && range.start > 0 ? ifRange(known.validator) : undefined;
  const headers = {
    ...(range && { range: `bytes=${range.start}-${range.end}` }),
    ...(condition !== undefined && { 'if-range': condition }),
  };
  const newConnection = upload.proving.mismatch !== null;
  const reply = await copy.transfer.hosts.request('GET', url, headers, { signal: copy.signal, newConnection });
  try {
    checkReply(reply, { range, known, extension });
    await checkClaim(copy, upload, reply);
    return reply;
  } catch (error) {
    reply.body.discard();
    throw error;
  }
}

/**
 * Takes back the claim of an earlier reply if a reply denies it. S3 says of an encrypted object
 * that its ETag is no digest. The content is the same, so its parts stay. Later slices and runs
 * know it from the upload. Errors: LEASE_LOST.
 */
async function checkClaim({ transfer, lessons, claim }: Copy, upload: Upload, { headers }: Reply): Promise<void> {
  const { source, tracker } = transfer;
  const { proving, state, resumable } = upload;
  if (!proving.claim || lessons.makesNoClaim || !source.claimIn) return;
  const known = state.validator.etag === null ? {} : { etag: state.validator.etag };
  if (source.claimIn({ ...known, ...headers })) return;
  lessons.makesNoClaim = true;
  if (resumable) await tracker.saveUpload(claim, { ...state, makesNoClaim: true });
}

/** The range to request. Null requests the whole file without a range. */
function restOf({ range, upload, offset, leftBytes }: PartStream): Asked['range'] {
  if (range.isOpenEnded || leftBytes === null) return null;
  const start = range.start + offset;
  const isWhole = start === 0 && leftBytes === upload.state.sizeBytes;
  return isWhole ? null : { start, end: start + leftBytes - 1 };
}
