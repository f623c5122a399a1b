import type { Destination, KnownUpload, Opened, Part, UploadState } from '../../destination/destination.ts';
import { asSyncError, SyncError } from '../../errors.ts';
import type { FileOf, Report } from '../../events.ts';
import type { Clock } from '../../lib/clock.ts';
import { crc32OfParts } from '../../lib/crc32.ts';
import { originalId, type Proof } from '../../media.ts';
import type { Claim, Content, TrackedOriginal, Tracker } from '../../tracker/tracker.ts';
import type { Accounting } from '../../transfer/accounting.ts';
import { archivedEvent } from '../../transfer/describe.ts';
import type { PartSlots } from '../../transfer/media-host/limits.ts';
import { createAttemptBudget, type AttemptBudget } from '../../transfer/original/attempt-budget.ts';
import { partSizeFor } from '../../transfer/original/parts.ts';
import { damagedError, isReplaced, requirePresent } from '../read-archive/archive-errors.ts';
import { readFile, type ReadPorts } from '../read-archive/read-file.ts';
import { copyParts } from './copy-parts.ts';
import { expectFiles } from './expect-files.ts';
import { toNextRevision } from './next-revision.ts';
import type { PlannedCopy } from './plan-copy.ts';

/** What all files of a copy share. `archive` is read, and `destination` gets the files. */
export interface Copying extends ReadPorts {
  readonly destination: Destination;
  readonly tracker: Tracker;
  readonly clock: Clock;
  readonly report: Report;
  readonly accounting: Accounting;
  readonly slots: PartSlots;
  readonly nextOrder: () => number;
  /** The owner of the claims. */
  readonly runId: string;
  readonly leaseMs: number;
  readonly dryRun: boolean;
}

export type CopyOutcome =
  | { readonly kind: 'copied'; readonly key: string; readonly sizeBytes: number; readonly proof: Proof }
  | { readonly kind: 'failed' | 'superseded' | 'planned' };

/** Without this limit a store that spoils every file could fill up with spoiled revisions. */
const maxMoves = 2;

/** Copies one file, and reports what happened. Throws an error only if it stops the run. */
export async function copyFile(planned: PlannedCopy, copying: Copying): Promise<CopyOutcome> {
  const { report, signal, accounting, archive } = copying;
  const { file } = planned;
  const about = aboutOf(planned, copying);
  try {
    requirePresent(file, archive);
    if (copying.dryRun) {
      report({ type: 'file.planned', ...about, sizeBytes: file.sizeBytes });
      return { kind: 'planned' };
    }
    if (planned.isReplaced) await readWhole(planned, copying);
    return await claimAndCopy(planned, copying);
  } catch (thrown) {
    signal.throwIfAborted();
    const error = asSyncError(thrown);
    if (error.decision === 'stop') throw error;
    if (isReplaced(file, error)) {
      report({ type: 'file.superseded', ...about, path: `${archive.location}/${file.key}` });
      return { kind: 'superseded' };
    }
    const { id, mediaId, key } = about;
    const { code, message: reason, hint } = error;
    report({ type: 'file.failed', id, mediaId, key, status: 'FAILED', code, reason, ...(hint !== undefined && { hint }) });
    return { kind: 'failed' };
  } finally {
    accounting.endFile(file.key, null);
  }
}

/** Reads a file that a later revision replaces, before the second archive expects it. */
async function readWhole(planned: PlannedCopy, copying: Copying): Promise<void> {
  const { key, sizeBytes, crc32 } = planned.file;
  const read = await readFile(key, { from: 0 }, () => undefined, copying);
  if (read.sizeBytes !== sizeBytes || (crc32 !== null && read.crc32 !== crc32))
    throw damagedError(key, 'has other bytes than were archived', copying.archive);
  await expectFiles([planned], copying);
}

function aboutOf({ description: { original } }: PlannedCopy, { destination }: Copying): FileOf {
  const { mediaId, key, revision } = original;
  return { id: originalId(original, revision), mediaId, key, path: `${destination.location}/${key}` };
}

/** One original of the second archive, while it is claimed and filled. */
interface Filled extends PlannedCopy {
  readonly row: TrackedOriginal;
  readonly claim: Claim;
  readonly budget: AttemptBudget;
  readonly order: number;
}

/** `moves`: how many keys of the file another file has. */
async function claimAndCopy(planned: PlannedCopy, copying: Copying, moves = 0): Promise<CopyOutcome> {
  const { tracker, clock, report, runId, leaseMs } = copying;
  const { id, mediaId, key } = aboutOf(planned, copying);
  const row = (await tracker.originals(mediaId)).find((one) => one.id === id);
  const claim = row && (await tracker.claim(id, runId, leaseMs));
  if (!row || !claim) {
    const hint = 'Run `cloud-sync doctor --repair` for the second archive, then the same command again.';
    throw new SyncError('KEY_TAKEN', `the tracker of the second archive has no place for ${key}`, { hint });
  }
  const budget = createAttemptBudget(clock, ({ code, message: reason, decision }, delayMs) => {
    const event = { id, key, code, reason };
    report(decision === 'restart' ? { type: 'file.restarted', ...event } : { type: 'file.retried', ...event, delayMs });
  });
  const filled = { ...planned, row, claim, budget, order: copying.nextOrder() };
  try {
    return await copyAndRestart(filled, copying);
  } catch (error) {
    const mayMove = asSyncError(error).code === 'KEY_TAKEN' && moves < maxMoves && !planned.replaces;
    if (mayMove) await dropUpload(filled, copying);
    // Otherwise the upload and its parts stay for the next run.
    await tracker.release(claim).catch(() => {});
    if (!mayMove) throw error;
  }
  return claimAndCopy(await toNextRevision(planned, copying), copying, moves + 1);
}

/** The bytes may have changed on the way. If they come twice, the file is damaged. */
async function copyAndRestart(filled: Filled, copying: Copying): Promise<CopyOutcome> {
  const { budget } = filled;
  let isFirstMismatch = true;
  for (;;) {
    const ticket = budget.begin();
    try {
      return await attemptCopy(filled, copying);
    } catch (thrown) {
      copying.signal.throwIfAborted();
      const error = asSyncError(thrown);
      if (error.decision === 'restart') await dropUpload(filled, copying);
      if (error.code === 'CHECKSUM_MISMATCH' && !isFirstMismatch) throw error;
      if (error.code === 'CHECKSUM_MISMATCH') isFirstMismatch = false;
      if (error.decision !== 'restart') throw error;
      await budget.waitAfterFailure(ticket, error, copying.signal);
    }
  }
}

async function attemptCopy(filled: Filled, copying: Copying): Promise<CopyOutcome> {
  const { file, description, row, claim, replaces, budget, order } = filled;
  const { destination, tracker, accounting, report } = copying;
  const { sizeBytes, key } = file;
  const { validator } = description;
  const known = await tracker.upload(row.id);
  const wanted = { partSizeBytes: partSizeFor(sizeBytes), sizeBytes, validator };
  const opened = await destination.open(description, wanted, known, { replaces });
  if (opened.kind === 'finished') {
    if (opened.file.crc32 === null || (file.crc32 !== null && opened.file.crc32 !== file.crc32))
      throw takenError(filled, copying);
    return complete(filled, contentOf(filled, { sizeBytes, crc32: opened.file.crc32 }), copying);
  }
  const { state, parts, resumable } = opened;
  await saveOpened(claim, opened, known, copying);
  const resumedBytes = parts.reduce((sum, part) => sum + part.sizeBytes, 0);
  const about = aboutOf(filled, copying);
  report({ type: 'file.started', id: about.id, mediaId: about.mediaId, key: about.key, sizeBytes, resumedBytes });
  accounting.startFile(key, sizeBytes, resumedBytes);
  const keep = async (part: Part) => (resumable ? tracker.savePart(claim, part) : undefined);
  try {
    const copied = await copyParts({ key, file: description, state, parts, keep, budget, order }, copying);
    return await publish(filled, state, copied, copying);
  } catch (error) {
    // No later run can resume an upload that is not resumable, so it is removed.
    if (resumable) destination.pause?.(state);
    else await destination.abort(state).catch(() => {});
    throw error;
  }
}

/** Compares all bytes with the first archive's checksum, and publishes the file. */
async function publish(filled: Filled, state: UploadState, parts: readonly Part[], copying: Copying): Promise<CopyOutcome> {
  const { file, description, claim, replaces } = filled;
  const { destination, tracker, archive, report } = copying;
  const whole = { sizeBytes: file.sizeBytes, crc32: crc32OfParts(parts) };
  if (file.crc32 !== null && whole.crc32 !== file.crc32)
    throw damagedError(file.key, 'has other bytes than were archived', archive);
  const content = contentOf(filled, whole);
  await tracker.recordIntent(claim, content);
  const { movedTo } = await destination.commit(description, state, parts, whole, { replaces });
  if (movedTo !== undefined) report({ type: 'file.setAside', key: description.original.key, movedTo });
  return complete(filled, content, copying);
}

/** The claim and its proof are those of the first archive, because the bytes are the same. */
function contentOf({ description, row }: Filled, whole: Pick<Content, 'sizeBytes' | 'crc32'>): Content {
  const { claim, proof, claimPartBytes } = description.evidence ?? row;
  return { ...whole, validator: description.validator, evidence: { claim, proof: proof ?? 'none', claimPartBytes } };
}

async function complete({ claim, description, file }: Filled, content: Content, copying: Copying): Promise<CopyOutcome> {
  const { tracker, destination, accounting, report } = copying;
  await tracker.complete(claim, content);
  const { sizeBytes, crc32, evidence } = content;
  const proof = evidence?.proof ?? 'none';
  accounting.endFile(file.key, sizeBytes);
  accounting.countProof(proof);
  const stored = { key: description.original.key, sizeBytes, crc32 };
  report(archivedEvent(description.original, stored, { location: destination.location, proof }));
  return { kind: 'copied', key: stored.key, sizeBytes, proof };
}

/** Records the opened upload with its parts before the known one is dropped. */
async function saveOpened(
  claim: Claim,
  { state, parts, resumable }: Extract<Opened, { readonly kind: 'upload' }>,
  known: KnownUpload | undefined,
  { tracker, destination }: Copying,
): Promise<void> {
  const kept = resumable ? state : null;
  if (kept?.id === known?.state.id) return;
  await tracker.saveUpload(claim, kept);
  for (const part of parts) await tracker.savePart(claim, part);
  if (known) await destination.abort(known.state).catch(() => {});
}

async function dropUpload({ row, claim }: Filled, { tracker, destination }: Copying): Promise<void> {
  const upload = await tracker.upload(row.id);
  if (!upload) return;
  await tracker.saveUpload(claim, null);
  await destination.abort(upload.state).catch(() => {});
}

function takenError({ description: { original } }: PlannedCopy, { destination }: Copying): SyncError {
  return new SyncError('KEY_TAKEN', `${destination.location}/${original.key} is another file, and was not replaced`, {
    hint: 'Move that file away, then run the same command again.',
  });
}
