import { asSyncError, SyncError, type ErrorCode } from '../../errors.ts';
import { originalId } from '../../media.ts';
import type { Claim, TrackedOriginal } from '../../tracker/tracker.ts';
import type { Arrived, Copy, Transfer } from '../context.ts';
import type { MediumSet } from '../describe.ts';
import type { MediumUrls } from '../media-host/medium-urls.ts';
import { addRevision, rekey } from '../record.ts';
import { createAttemptBudget } from './attempt-budget.ts';
import { copyOriginal } from './copy-original.ts';
import { abandon } from './drop-upload.ts';
import { firstLessons } from './lessons.ts';
import { isRepair } from './publish.ts';

/**
 * One run gives an original at most this many new revisions. Without this limit a store that spoils
 * every file could fill up with spoiled revisions.
 */
const maxRekeys = 2;

/** The medium of an original, and where the provider offers it. */
interface Offer {
  readonly set: MediumSet;
  readonly urls: MediumUrls;
  /** A whole copy of the original that is not published yet. */
  readonly arrived?: Arrived | undefined;
}

/**
 * Claims an original, copies it, and records the result. Throws errors that stop the run, and
 * SOURCE_GONE.
 */
export async function transferOriginal(row: TrackedOriginal, of: Offer, transfer: Transfer): Promise<void> {
  const { tracker, slice, accounting } = transfer;
  const { urls, arrived } = of;
  if (slice.isOver() && !arrived) return;
  const claim = await tracker.claim(row.id, transfer.owner, transfer.leaseMs);
  if (!claim) return reportUntried(row, 'another worker has claimed this original', transfer);
  const order = transfer.nextOrder();
  const offerId = originalId(row.original, 1);
  const { signal } = transfer;
  let copy: Copy = { transfer, ...of, order, offerId, signal, ...attemptsAt(row, claim, transfer) };
  for (let rekeys = 0; ; rekeys += 1) {
    try {
      if (!urls.offers(offerId)) throw new SyncError('NOT_OFFERED', 'the medium no longer offers this original');
      const copied = await copyOriginal(copy);
      slice.countEnded();
      transfer.fullness.countStored();
      if (copied === 'other content' || copied === 'other bytes') await transferOther(copy, copied);
      else if (typeof copied === 'object') await transferOther(copy, 'other bytes', copied);
      return;
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

type Attempts = Pick<Copy, 'row' | 'claim' | 'budget' | 'lessons'>;

function attemptsAt(row: TrackedOriginal, claim: Claim, { clock, report }: Transfer): Attempts {
  const budget = createAttemptBudget(clock, (error, delayMs) => {
    const about = { id: row.id, key: row.original.key, code: error.code, reason: error.message };
    report(error.decision === 'restart' ? { type: 'file.restarted', ...about } : { type: 'file.retried', ...about, delayMs });
  });
  return { row, claim, budget, lessons: firstLessons(row) };
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
  return { ...copy, ...attemptsAt(next.tracked, next.claim, transfer), arrived: undefined };
}

/**
 * Ends a repair that brought other bytes, and archives them as a next revision. The archived file
 * keeps its bytes. It keeps its mark, too, unless its claim proves the new bytes. A copy that has
 * `arrived` whole is not fetched again, unless it was sent to another key.
 */
async function transferOther(copy: Copy, copied: 'other content' | 'other bytes', arrived?: Arrived): Promise<void> {
  const { transfer, row, claim, set, urls } = copy;
  const { tracker, report, accounting } = transfer;
  const { key } = row.original;
  const found =
    copied === 'other bytes'
      ? `a second copy of the same content has other bytes than ${key}; these bytes get a next revision`
      : `the provider now has other content than ${key}; this content gets a next revision`;
  report({ type: 'warning', message: found });
  accounting.endFile(key, null);
  const next = await addRevision(transfer, set.medium, row.original);
  await moveUpload(copy, next);
  await tracker.release(claim);
  const isUsable = arrived?.upload.file.original.key === next.original.key;
  if (arrived && !isUsable && !arrived.upload.resumable) await abandon(transfer, arrived.upload.state);
  await transferOriginal(next, { set, urls, ...(isUsable && { arrived }) }, transfer);
}

/**
 * Gives the upload of a copy to another original, so that the parts are not fetched again. `open`
 * drops the upload if it does not fit.
 */
async function moveUpload({ transfer, claim }: Copy, to: TrackedOriginal): Promise<void> {
  const { tracker, owner, leaseMs } = transfer;
  const upload = await tracker.upload(claim.id);
  const next = upload && (await tracker.claim(to.id, owner, leaseMs));
  if (!next) return;
  await tracker.saveUpload(claim, null);
  await tracker.saveUpload(next, upload.state);
  for (const part of upload.parts) await tracker.savePart(next, part);
  await tracker.release(next);
}

async function recordFailure({ transfer, row, claim }: Copy, error: SyncError): Promise<void> {
  const { tracker, slice, postponed, report, quarantineAfter } = transfer;
  if (error.code === 'SPACE_RESERVED' || error.code === 'PROOF_POSTPONED') {
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
    const reason =
      'too many slices in a row stored no part (2 without a byte, or 20); a file that its host does not send in ranges must fit into one slice';
    return { code: 'SLICE_FRUITLESS', reason };
  }
  const code = error.code === 'PATIENCE_EXHAUSTED' ? asSyncError(error.cause).code : error.code;
  return { code, reason: error.message, ...(error.hint !== undefined && { hint: error.hint }) };
}
