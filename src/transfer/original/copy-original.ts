import type { KnownUpload, Opened, Part } from '../../destination/destination.ts';
import { asSyncError, SyncError } from '../../errors.ts';
import { crc32OfParts } from '../../lib/crc32.ts';
import { provenSame, type Evidence, type Original } from '../../media.ts';
import { encodeClaim } from '../../proof/claim.ts';
import type { Arrived, Copy, Upload } from '../context.ts';
import { describeFile } from '../describe.ts';
import { probeWithSlot, type Probe } from '../media-host/probe.ts';
import { nameNextRevision } from '../record.ts';
import { recordVerdict } from '../record-verdict.ts';
import { completeStored } from './complete-stored.ts';
import { abandon, dropUpload } from './drop-upload.ts';
import { fetchParts } from './fetch-parts.ts';
import { recallLessons } from './lessons.ts';
import { needingSpace } from './needing-space.ts';
import { planProof, prove } from './prove.ts';
import { hasOtherContent, isRepair, publish } from './publish.ts';

/** How often an original may start over in one run, even if it received new bytes in between. */
const maxRestarts = 5;

/**
 * The result of a copy. A repair ends with `other content` if the provider now has other content,
 * and with `other bytes` if the provider has the same content, but other bytes arrived. A second
 * copy of a suspect file ends with `same content` if the archived bytes came again, and with the
 * copy itself if other bytes came. That copy is for the next revision.
 */
type Copied = 'archived' | 'same content' | 'other content' | 'other bytes' | Arrived;

/**
 * Copies a claimed original and completes it. It starts over if the source changed, if the bytes do
 * not match the provider's claim, or if the destination lost the upload. Throws the error of the
 * last attempt. Stored parts stay for the next run.
 */
export async function copyOriginal(copy: Copy): Promise<Copied> {
  const { lessons, budget } = copy;
  let { arrived } = copy;
  let restarts = 0;
  for (;;) {
    const ticket = budget.begin();
    try {
      if (!arrived) return await attemptCopy(copy);
      const whole = arrived;
      arrived = undefined;
      return await publishArrived(copy, whole);
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
      await budget.waitAfterFailure(ticket, error, copy.signal);
      if (error.code === 'CLAIM_MISMATCH') budget.forgetBytes();
      if (error.decision === 'restart') await dropUpload(copy);
    }
  }
}

/** Publishes a whole copy. If that fails, the next attempt fetches the file. */
async function publishArrived(copy: Copy, arrived: Arrived): Promise<Copied> {
  const { upload, whole } = arrived;
  try {
    await needingSpace(copy, { sizeBytes: whole.sizeBytes, isBegun: true }, async () => publish(copy, arrived));
    return 'archived';
  } catch (error) {
    if (!upload.resumable) await abandon(copy.transfer, upload.state);
    throw error;
  }
}

/** One attempt: probe → open → fetch → prove → publish. */
async function attemptCopy(copy: Copy): Promise<Copied> {
  const { transfer, row, lessons } = copy;
  const probe = await probeWithSlot(transfer, copy, { tryHead: lessons.trustsHead });
  if (hasOtherContent(copy, probe)) return 'other content';
  const { etag, lastModified } = probe.validator;
  // If the host gives no validator, nothing proves that parts from an earlier run have the same
  // content, so these parts are dropped.
  if (lessons.isFirst && etag === null && lastModified === null) await dropUpload(copy);
  lessons.isFirst = false;
  const { sizeBytes } = probe;
  const upload = await needingSpace(copy, { sizeBytes, isBegun: false }, async () => openUpload(copy, probe));
  if (typeof upload === 'string') return upload;
  const { id, original } = row;
  const { mediaId, key } = original;
  const resumedBytes = upload.parts.reduce((bytes, part) => bytes + part.sizeBytes, 0);
  transfer.report({ type: 'file.started', id, mediaId, key, sizeBytes, resumedBytes });
  transfer.accounting.startFile(key, sizeBytes, resumedBytes);
  try {
    const fill = async () => finish(copy, upload, await fetchParts(copy, upload));
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
 * the result.
 */
async function openUpload(copy: Copy, probe: Probe): Promise<Upload | 'archived' | 'other bytes'> {
  const { tracker, destination } = copy.transfer;
  const { sizeBytes, validator } = probe;
  const known = await tracker.upload(copy.claim.id);
  recallLessons(copy.lessons, known?.state, probe);
  const { makesNoClaim } = copy.lessons;
  const { partSizeBytes, claimPartSizes, ...proving } = await planProof(copy, probe);
  const original = await originalToWrite(copy);
  const file = { ...describeFile(original, copy.set, validator), evidence: unprovenEvidence(copy, proving.claim) };
  const learned = { ...(claimPartSizes.length > 0 && { claimPartSizes }), ...(makesNoClaim && { makesNoClaim }) };
  const wanted = { partSizeBytes, sizeBytes, validator, ...learned };
  const opened = await destination.open(file, wanted, known, { replaces: isRepair(copy) && !isSuspect(copy) });
  if (opened.kind === 'finished') {
    if (isSuspect(copy)) return 'other bytes';
    await completeStored(copy, { stored: opened.file, known, file, proving });
    return 'archived';
  }
  const { state, resumable } = opened;
  await saveOpened(copy, opened, known);
  const inRanges = copy.lessons.answersRanges && probe.answersRanges && sizeBytes !== null;
  return { file, state, resumable, inRanges, proving, parts: inRanges ? opened.parts : [] };
}

/**
 * The original under whose key the bytes are stored. A second copy of a suspect file never replaces
 * the file. If it has other bytes, it becomes the next revision.
 */
async function originalToWrite(copy: Copy): Promise<Original> {
  const { transfer, row, set } = copy;
  return isSuspect(copy) ? nameNextRevision(transfer, set.medium, row.original) : row.original;
}

function isSuspect({ row }: Copy): boolean {
  return isRepair({ row }) && row.mark === 'SUSPECT';
}

/** What is known of a copy before its bytes are compared with the claim. */
function unprovenEvidence({ transfer }: Copy, claim: Upload['proving']['claim']): Evidence {
  // Without a comparison, only that there is no claim is kept.
  const text = transfer.digests || !claim ? encodeClaim(claim) : null;
  return { claim: text, proof: claim ? 'unchecked' : 'none', claimPartBytes: null };
}

type OpenedUpload = Extract<Opened, { readonly kind: 'upload' }>;

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

/** Compares a whole copy with what is known of the file, and publishes it. */
async function finish(copy: Copy, upload: Upload, parts: readonly Part[]): Promise<Copied> {
  const { state, resumable } = upload;
  const sizeBytes = parts.reduce((bytes, part) => bytes + part.sizeBytes, 0);
  const whole = { sizeBytes, crc32: crc32OfParts(parts) };
  if (state.sizeBytes !== null && sizeBytes !== state.sizeBytes)
    throw new SyncError('TRUNCATED', `${sizeBytes} of ${state.sizeBytes} bytes arrived`);
  const evidence = await prove(copy, upload, parts, whole);
  if (hasOtherContent(copy, whole)) {
    if (isSuspect(copy)) return { upload, parts, whole, evidence };
    if (!resumable) await abandon(copy.transfer, state);
    return provenSame(copy.row.validator, state.validator) ? 'other bytes' : 'other content';
  }
  if (isSuspect(copy)) return clearSuspicion(copy, upload, evidence);
  await publish(copy, { upload, parts, whole, evidence });
  return 'archived';
}

/**
 * Ends the second copy of a suspect file, because the archived bytes came again. They stay as they
 * are, with the new verdict.
 */
async function clearSuspicion({ transfer, row }: Copy, { state }: Upload, evidence: Evidence): Promise<Copied> {
  await recordVerdict(transfer, row, { mark: null, evidence, hasReadBytes: true });
  await abandon(transfer, state);
  transfer.accounting.endFile(row.original.key, null);
  if (evidence.proof === 'disputed') transfer.accounting.countProof('disputed');
  return 'same content';
}
