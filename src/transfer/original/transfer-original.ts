import type { KnownUpload, Opened, Part, StoredFile } from '../../destination/destination.ts';
import { asSyncError, SyncError, type ErrorCode } from '../../errors.ts';
import { crc32OfParts } from '../../lib/crc32.ts';
import { originalId } from '../../media.ts';
import type { Claim, TrackedOriginal } from '../../tracker/tracker.ts';
import type { Copy, Transfer, Upload } from '../context.ts';
import { archivedEvent, describeFile, type MediumSet } from '../describe.ts';
import type { MediumUrls } from '../media-host/medium-urls.ts';
import { probeWithSlot, type Probe } from '../media-host/probe.ts';
import { addRevision, rekey } from '../record.ts';
import { createAttemptBudget } from './attempt-budget.ts';
import { abandon, dropUpload } from './drop-upload.ts';
import { fetchParts } from './fetch-parts.ts';
import { needingSpace } from './needing-space.ts';
import { partSizeFor } from './parts.ts';

/**
 * One run gives an original at most this many new revisions. Without this limit a store that spoils
 * every file could fill up with spoiled revisions.
 */
const maxRekeys = 2;
/** How often an original may start over in one run, even if it received new bytes in between. */
const maxRestarts = 5;

/**
 * Claims an original, copies it, and records the result. Throws errors that stop the run, and
 * SOURCE_GONE.
 */
export async function transferOriginal(
  row: TrackedOriginal,
  set: MediumSet,
  urls: MediumUrls,
  transfer: Transfer,
): Promise<void> {
  const { tracker, slice, accounting } = transfer;
  if (slice.isOver()) return;
  const claim = await tracker.claim(row.id, transfer.owner, transfer.leaseMs);
  if (!claim) return reportUntried(row, 'another worker has claimed this original', transfer);
  const order = transfer.nextOrder();
  const offerId = originalId(row.original, 1);
  const { signal } = transfer;
  let copy: Copy = { transfer, set, urls, order, offerId, signal, ...attemptsAt(row, claim, transfer) };
  for (let rekeys = 0; ; rekeys += 1) {
    try {
      if (!urls.offers(offerId)) throw new SyncError('NOT_OFFERED', 'the medium no longer offers this original');
      const copied = await copyOriginal(copy);
      slice.countEnded();
      transfer.fullness.countStored();
      return copied === 'archived' ? undefined : await transferOtherContent(copy);
    } catch (thrown) {
      const error = asSyncError(thrown);
      if (error.decision === 'stop') transfer.stop(error);
      accounting.endFile(copy.row.original.key, null);
      const mayMove = error.code === 'KEY_TAKEN' && rekeys < maxRekeys && !isRepair(copy);
      if (!mayMove) return recordFailure(copy, error);
      copy = await toNextRevision(copy);
    }
  }
}

function attemptsAt(row: TrackedOriginal, claim: Claim, { clock, report }: Transfer): Pick<Copy, 'row' | 'claim' | 'budget'> {
  const budget = createAttemptBudget(clock, (error, delayMs) => {
    const about = { id: row.id, key: row.original.key, code: error.code, reason: error.message };
    report(error.decision === 'restart' ? { type: 'file.restarted', ...about } : { type: 'file.retried', ...about, delayMs });
  });
  return { row, claim, budget };
}

async function toNextRevision(copy: Copy): Promise<Copy> {
  const { transfer, claim, set, row } = copy;
  const { tracker, report } = transfer;
  report({
    type: 'warning',
    message: `another file has the key ${row.original.key} and stays there; this original gets a next revision`,
  });
  const upload = await tracker.upload(claim.id);
  const next = await rekey(transfer, claim, set.medium, row.original);
  if (upload) await abandon(transfer, upload.state);
  return { ...copy, ...attemptsAt(next.tracked, next.claim, transfer) };
}

/**
 * The result of a copy. A repair ends with `other content` if the provider now has other content.
 */
type Copied = 'archived' | 'other content';

/**
 * Ends a repair whose source now has other content, and archives that content as a next revision.
 * The archived file keeps its mark and its bytes.
 */
async function transferOtherContent(copy: Copy): Promise<void> {
  const { transfer, row, claim, set, urls } = copy;
  const { tracker, report, accounting } = transfer;
  const { key } = row.original;
  report({ type: 'warning', message: `the provider now has other content than ${key}; this content gets a next revision` });
  accounting.endFile(key, null);
  const next = await addRevision(transfer, set.medium, row.original);
  await dropUpload(copy);
  await tracker.release(claim);
  await transferOriginal(next, set, urls, transfer);
}

/** Whether the content for a repair is not the content that the archived file had. */
function hasOtherContent(copy: Copy, now: { readonly sizeBytes: number | null; readonly crc32?: number | null }): boolean {
  const { sizeBytes, crc32 } = copy.row;
  return isRepair(copy) && (differ(sizeBytes, now.sizeBytes) || differ(crc32, now.crc32 ?? null));
}

function differ(a: number | null, b: number | null): boolean {
  return a !== null && b !== null && a !== b;
}

type OpenedUpload = Extract<Opened, { readonly kind: 'upload' }>;

/** What earlier attempts of this run have shown about the media host. */
interface Lessons {
  isFirst: boolean;
  answersRanges: boolean;
  /** True while the host's answers to HEAD agree with its answers to GET. */
  trustsHead: boolean;
}

/**
 * Copies a claimed original and completes it. It starts over if the source changed or the
 * destination lost the upload. Throws the error of the last attempt. Stored parts stay for the next
 * run.
 */
async function copyOriginal(copy: Copy): Promise<Copied> {
  const lessons: Lessons = { isFirst: true, answersRanges: true, trustsHead: true };
  let restarts = 0;
  for (;;) {
    const ticket = copy.budget.begin();
    try {
      return await attemptCopy(copy, lessons);
    } catch (thrown) {
      const error = asSyncError(thrown);
      if (error.code === 'RANGE_IGNORED') lessons.answersRanges = false;
      // Different caches may have answered HEAD and GET, so the next probe uses GET, like the
      // requests for the parts.
      if (error.code === 'SOURCE_CHANGED') lessons.trustsHead = false;
      // Restarts have their own limit, because new bytes between two restarts may reset the count
      // of attempts.
      if (error.decision === 'restart') restarts += 1;
      if (restarts >= maxRestarts)
        throw new SyncError('PATIENCE_EXHAUSTED', `started over ${restarts} times: ${error.message}`, { cause: error });
      await copy.budget.waitAfterFailure(ticket, error, copy.signal);
      if (error.decision === 'restart') await dropUpload(copy);
    }
  }
}

/** One attempt: probe → open → fetch → publish. */
async function attemptCopy(copy: Copy, lessons: Lessons): Promise<Copied> {
  const { transfer, row } = copy;
  const probe = await probeWithSlot(transfer, copy, { tryHead: lessons.trustsHead });
  if (hasOtherContent(copy, probe)) return 'other content';
  const { etag, lastModified } = probe.validator;
  // If the host gives no validator, nothing proves that parts from an earlier run have the same
  // content, so these parts are dropped.
  if (lessons.isFirst && etag === null && lastModified === null) await dropUpload(copy);
  lessons.isFirst = false;
  const { sizeBytes } = probe;
  const upload = await needingSpace(copy, { sizeBytes, isBegun: false }, async () => openUpload(copy, probe, lessons));
  if (!upload) return 'archived';
  const { id, original } = row;
  const { mediaId, key } = original;
  const resumedBytes = upload.parts.reduce((bytes, part) => bytes + part.sizeBytes, 0);
  transfer.report({ type: 'file.started', id, mediaId, key, sizeBytes, resumedBytes });
  transfer.accounting.startFile(key, sizeBytes, resumedBytes);
  try {
    const fill = async () => publish(copy, upload, await fetchParts(copy, upload));
    return await needingSpace(copy, { sizeBytes, isBegun: true }, fill);
  } catch (error) {
    // No later run can resume an upload that is not resumable, so it is removed.
    if (upload.resumable) transfer.destination.pause?.(upload.state);
    else await abandon(transfer, upload.state);
    throw error;
  }
}

/**
 * Begins or resumes the upload. If the file is already stored, completes the original and returns
 * undefined.
 */
async function openUpload(copy: Copy, probe: Probe, lessons: Lessons): Promise<Upload | undefined> {
  const { tracker, destination } = copy.transfer;
  const { sizeBytes, validator } = probe;
  const file = describeFile(copy.row.original, copy.set, validator);
  const known = await tracker.upload(copy.claim.id);
  const wanted = { partSizeBytes: partSizeFor(sizeBytes), sizeBytes, validator };
  const opened = await destination.open(file, wanted, known, { replaces: isRepair(copy) });
  if (opened.kind === 'finished') {
    const { key, crc32 } = opened.file;
    if (crc32 === null) throw new SyncError('KEY_TAKEN', `${key} is stored already, but its checksum is unknown`);
    if (hasOtherContent(copy, opened.file)) throw new SyncError('KEY_TAKEN', `${key} holds another file`);
    await tracker.complete(copy.claim, { sizeBytes: opened.file.sizeBytes, crc32, validator });
    if (known) await abandon(copy.transfer, known.state);
    reportArchived(copy, opened.file);
    return undefined;
  }
  const { state, resumable } = opened;
  await saveOpened(copy, opened, known);
  const inRanges = lessons.answersRanges && probe.answersRanges && sizeBytes !== null;
  return { file, state, resumable, inRanges, parts: inRanges ? opened.parts : [] };
}

/**
 * Records the opened upload in the tracker, unless the tracker knows it already. If the opened
 * upload is a copy of the known one, its parts are recorded before the known one is dropped,
 * because a kill may come in between.
 */
async function saveOpened({ transfer, claim }: Copy, opened: OpenedUpload, known: KnownUpload | undefined): Promise<void> {
  const { tracker } = transfer;
  const { state, parts, resumable } = opened;
  // The tracker keeps only an upload that can be resumed.
  const kept = resumable ? state : null;
  if (kept?.id === known?.state.id) return;
  await tracker.saveUpload(claim, kept);
  for (const part of parts) await tracker.savePart(claim, part);
  if (known) await abandon(transfer, known.state);
}

/** Whether the copy replaces an archived file that is missing or damaged. */
function isRepair({ row }: Copy): boolean {
  return row.status === 'COMPLETED';
}

/**
 * Records the intent, publishes the file if its key is free, and completes the original. The repair
 * of a damaged file replaces that file.
 */
async function publish(copy: Copy, { file, state, resumable }: Upload, parts: readonly Part[]): Promise<Copied> {
  const { tracker, destination, report } = copy.transfer;
  const sizeBytes = parts.reduce((bytes, part) => bytes + part.sizeBytes, 0);
  const whole = { sizeBytes, crc32: crc32OfParts(parts), validator: state.validator };
  if (state.sizeBytes !== null && sizeBytes !== state.sizeBytes)
    throw new SyncError('TRUNCATED', `${sizeBytes} of ${state.sizeBytes} bytes arrived`);
  if (hasOtherContent(copy, whole)) {
    if (!resumable) await abandon(copy.transfer, state);
    return 'other content';
  }
  await tracker.recordIntent(copy.claim, whole);
  const { movedTo, ...stored } = await destination.commit(file, state, parts, whole, { replaces: isRepair(copy) });
  if (movedTo !== undefined) report({ type: 'file.setAside', key: stored.key, movedTo });
  await tracker.complete(copy.claim, whole);
  reportArchived(copy, { ...stored, crc32: whole.crc32 });
  return 'archived';
}

function reportArchived({ transfer, row }: Copy, stored: StoredFile): void {
  transfer.accounting.endFile(stored.key, stored.sizeBytes);
  transfer.report(archivedEvent(row.original, stored, { location: transfer.destination.location, proof: 'none' }));
}

async function recordFailure({ transfer, row, claim }: Copy, error: SyncError): Promise<void> {
  const { tracker, slice, postponed, report, quarantineAfter } = transfer;
  if (error.code === 'SPACE_RESERVED') {
    postponed?.add(row.original.mediaId);
    return tracker.release(claim);
  }
  if (error.decision === 'defer' && !slice.isFruitless()) return tracker.release(claim);
  if (error.code === 'LEASE_LOST') return reportUntried(row, error.message, transfer);
  if (error.decision === 'stop' || error.code === 'SOURCE_GONE') {
    await tracker.release(claim);
    throw error;
  }
  const { code, reason, ...hint } = failureOf(error);
  const status = await tracker.fail(claim, { code, reason, quarantineAfter });
  slice.countEnded();
  const { mediaId, key } = row.original;
  report({ type: 'file.failed', id: claim.id, mediaId, key, status, code, reason, ...hint });
}

/** Reports and counts an original that this run does not archive, although no error occurred. */
function reportUntried(row: TrackedOriginal, reason: string, { accounting, report }: Transfer): void {
  const { mediaId, key } = row.original;
  accounting.countUntried();
  report({ type: 'file.failed', id: row.id, mediaId, key, status: row.status, code: 'LEASE_LOST', reason });
}

/** What the tracker records of an error. For PATIENCE_EXHAUSTED the tracker records the cause. */
export function failureOf(error: SyncError): { readonly code: ErrorCode; readonly reason: string; readonly hint?: string } {
  if (error.decision === 'defer') {
    const reason = 'two slices in a row made no progress; a file that its host does not send in ranges must fit into one slice';
    return { code: 'SLICE_FRUITLESS', reason };
  }
  const code = error.code === 'PATIENCE_EXHAUSTED' ? asSyncError(error.cause).code : error.code;
  return { code, reason: error.message, ...(error.hint !== undefined && { hint: error.hint }) };
}
