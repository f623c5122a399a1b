import type { ContentFacts, Destination } from '../../destination/destination.ts';
import type { Target } from '../../destination/target.ts';
import { asSyncError, SyncError } from '../../errors.ts';
import type { Event, FileOf, Report } from '../../events.ts';
import type { Clock } from '../../lib/clock.ts';
import { crc32Hex } from '../../lib/crc32.ts';
import type { Proof } from '../../media.ts';
import type { ArchivedFile } from '../../plan/restore/archived-files.ts';
import type { Accounting } from '../../transfer/accounting.ts';
import { isReplaced, missingError, requirePresent } from '../read-archive/archive-errors.ts';
import type { Denials } from '../read-archive/read-file.ts';
import { fetchFile } from './fetch-file.ts';
import type { PlannedFile } from './plan-files.ts';
import type { ProofPorts } from './prove-file.ts';

/** What all files of a restore share. */
export interface Restoring extends ProofPorts {
  readonly archive: Destination;
  readonly target: Target;
  readonly clock: Clock;
  readonly report: Report;
  readonly accounting: Accounting;
  readonly dryRun: boolean;
  /** Whether to wait for files that the store does not show now. */
  readonly wait: boolean;
  readonly denials: Denials;
  readonly signal: AbortSignal;
}

export type FileOutcome =
  | {
      readonly kind: 'restored';
      readonly sizeBytes: number;
      readonly isCompared: boolean;
      readonly proof: Proof;
      readonly isMismatched: boolean;
    }
  | { readonly kind: 'skipped' | 'failed' | 'superseded' | 'planned' }
  | { readonly kind: 'frozen' };

/** Restores one file, and reports what happened. Throws an error only if it stops the run. */
export async function restoreFile(planned: PlannedFile, restoring: Restoring): Promise<FileOutcome> {
  const { report, signal, accounting } = restoring;
  const { file } = planned;
  const about = aboutOf(planned, restoring);
  try {
    const outcome = await restoreOrSkip(planned, restoring);
    if (outcome.kind === 'planned') report({ type: 'file.planned', ...about, sizeBytes: file.sizeBytes });
    return outcome;
  } catch (thrown) {
    signal.throwIfAborted();
    const error = asSyncError(thrown);
    if (error.decision === 'stop') throw error;
    const { id, mediaId, key } = about;
    if (isReplaced(file, error)) {
      report({ type: 'file.superseded', ...about, path: `${restoring.archive.location}/${key}` });
      return { kind: 'superseded' };
    }
    if (restoring.wait && error.code === 'UNREADABLE') return { kind: 'frozen' };
    const { code, message: reason, hint } = error;
    report({ type: 'file.failed', id, mediaId, key, status: 'FAILED', code, reason, ...(hint !== undefined && { hint }) });
    return { kind: 'failed' };
  } finally {
    accounting.endFile(file.key, null);
  }
}

function aboutOf({ file, name }: PlannedFile, { target }: Restoring): FileOf {
  return { id: file.id, mediaId: file.medium.id, key: file.key, path: `${target.location}/${name}` };
}

async function restoreOrSkip(planned: PlannedFile, restoring: Restoring): Promise<FileOutcome> {
  const { file, name } = planned;
  const { target, signal, dryRun } = restoring;
  const wanted = file.crc32 === null ? await measure(file, restoring) : { sizeBytes: file.sizeBytes, crc32: file.crc32 };
  const found = await target.compare(name, wanted, signal);
  if (found === 'same') return { kind: 'skipped' };
  if (found === 'other') throw takenError(planned, restoring);
  requirePresent(file, restoring.archive);
  if (dryRun) return { kind: 'planned' };
  return copyFile(wanted, planned, restoring);
}

/** Keeps the unfinished file after an error, unless its content can never become right. */
async function copyFile(wanted: ContentFacts, planned: PlannedFile, restoring: Restoring): Promise<FileOutcome> {
  const { report, accounting, target, signal } = restoring;
  const { key, capturedAt, evidence } = planned.file;
  const { sizeBytes } = wanted;
  const about = aboutOf(planned, restoring);
  await using draft = await target.begin(planned.name, wanted);
  const resumedBytes = draft.storedBytes();
  accounting.startFile(key, sizeBytes, resumedBytes);
  report({ type: 'file.started', id: about.id, mediaId: about.mediaId, key, sizeBytes, resumedBytes });
  let proof: Proof;
  try {
    proof = await fetchFile(draft, wanted, planned.file, restoring);
    if (!(await draft.publish(capturedAt, signal))) throw takenError(planned, restoring);
  } catch (error) {
    const { decision } = asSyncError(error);
    if (!signal.aborted && decision !== 'retry' && decision !== 'stop') await draft.drop();
    throw error;
  }
  accounting.endFile(key, sizeBytes);
  report({ type: 'file.restored', ...about, sizeBytes, crc32: crc32Hex(wanted.crc32), proof });
  const isMismatched = proof === 'disputed' && evidence?.proof === 'proven';
  if (isMismatched) report(mismatchWarning(about));
  const isCompared = planned.file.crc32 !== null || proof === 'proven';
  return { kind: 'restored', sizeBytes, isCompared, proof, isMismatched };
}

/** The archive has these bytes, so the person gets them. */
function mismatchWarning({ path }: FileOf): Event {
  const message = `${path} has the bytes of the archive, but they no longer match the cloud's own checksum`;
  return { type: 'warning', message, hint: '`verify --deep` and `sync` fetch the file again if the cloud still has it' };
}

/** Reads a file of which the archive has no checksum. */
async function measure({ key }: ArchivedFile, { archive, signal }: Restoring): Promise<ContentFacts> {
  const stored = await archive.stat(key, { deep: true, signal });
  if (!stored || stored.crc32 === null) throw missingError(key, archive);
  return { sizeBytes: stored.sizeBytes, crc32: stored.crc32 };
}

function takenError({ name }: PlannedFile, { target }: Restoring): SyncError {
  return new SyncError('KEY_TAKEN', `${target.location}/${name} is another file, and was not replaced`, {
    hint: 'Move that file away, or restore into another directory.',
  });
}
