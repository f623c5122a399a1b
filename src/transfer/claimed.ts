import { asSyncError, SyncError, type ErrorCode } from '../errors.ts';
import { originalId } from '../media.ts';
import type { TrackedMedium, TrackedOriginal } from '../tracker/tracker.ts';
import type { MediumContext } from './context.ts';
import type { MediumSet } from './describe.ts';
import type { MediumUrls } from './medium-urls.ts';
import { transferOriginal } from './original.ts';
import type { TransferPorts } from './ports.ts';

/** Next revisions that one run tries: a store that spoils whatever it is given leaves something behind each time. */
const mostRekeys = 2;

/** Claims an original, transfers it, and records how it ended. Throws what stops the run, and SOURCE_GONE. */
export async function transferClaimed(
  row: TrackedOriginal,
  tracked: TrackedMedium,
  urls: MediumUrls,
  set: MediumSet,
  context: MediumContext,
): Promise<void> {
  const { ports, signal, recorder } = context;
  if (ports.slice.isOver()) return;
  const claim = await ports.tracker.claim(row.id, ports.owner, ports.leaseMs);
  if (!claim) return leftBehind(row, 'another worker holds its lease', ports);
  let job = { tracked: row, claim, set, urls, order: context.nextOrder() };
  for (let rekeys = 0; ; rekeys += 1) {
    try {
      if (!urls.offers(originalId(row.original, 1)))
        throw new SyncError('NOT_OFFERED', 'the medium no longer offers this original');
      await transferOriginal(job, ports, signal);
      return ports.slice.ended();
    } catch (thrown) {
      const error = asSyncError(thrown);
      if (error.decision === 'stop') context.stop(error);
      ports.accounting.fileEnded(job.tracked.original.key, null);
      if (error.code !== 'KEY_TAKEN' || rekeys === mostRekeys) return recordFailure(job, error, ports);
      const { original } = job.tracked;
      ports.report({
        type: 'warning',
        message: `${original.key} is taken by other content, which stays; the file goes to its next revision`,
      });
      const upload = await ports.tracker.upload(job.claim.id);
      if (upload) await ports.destination.abort(upload.state);
      job = { ...job, ...(await recorder.rekey(job.claim, tracked, original)) };
    }
  }
}

async function recordFailure(job: Parameters<typeof transferOriginal>[0], error: SyncError, ports: TransferPorts): Promise<void> {
  const { original } = job.tracked;
  if (error.decision === 'defer' && !ports.slice.isFruitless()) return ports.tracker.release(job.claim);
  if (error.code === 'LEASE_LOST') return leftBehind(job.tracked, error.message, ports);
  if (error.decision === 'stop' || error.code === 'SOURCE_GONE') {
    await ports.tracker.release(job.claim);
    throw error;
  }
  const { code, message: reason } = error.decision === 'defer' ? fruitless() : { code: codeOf(error), message: error.message };
  const status = await ports.tracker.fail(job.claim, { code, reason, quarantineAfter: ports.quarantineAfter });
  ports.slice.ended();
  const { id } = job.claim;
  ports.report({
    type: 'file.failed',
    id,
    mediaId: original.mediaId,
    key: original.key,
    status,
    code,
    reason,
    ...hintOf(error),
  });
}

/** Why an original or a medium fails that no slice gets any further with. */
export function fruitless(): SyncError {
  return new SyncError(
    'SLICE_FRUITLESS',
    'two slices in a row brought it no further; a file that its host sends only in one piece must fit into one slice',
  );
}

/** Nobody's failure, but not archived by this run either: it is said and counted. */
function leftBehind(row: TrackedOriginal, reason: string, ports: TransferPorts): void {
  const { mediaId, key } = row.original;
  ports.accounting.leftBehind();
  ports.report({ type: 'file.failed', id: row.id, mediaId, key, status: row.status, code: 'LEASE_LOST', reason });
}

/** What was wrong, rather than that it was tried often. */
export function codeOf(error: SyncError): ErrorCode {
  return error.code === 'PATIENCE_EXHAUSTED' ? asSyncError(error.cause).code : error.code;
}

export function hintOf(error: SyncError): { readonly hint?: string } {
  return error.hint === undefined ? {} : { hint: error.hint };
}
