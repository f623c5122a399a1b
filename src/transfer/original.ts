import type { Part, StoredFile } from '../destination/destination.ts';
import { asSyncError, SyncError } from '../errors.ts';
import { originalId } from '../media.ts';
import { learnInTurn, sayAgain, type Attempt, type Job } from './attempt.ts';
import { crc32OfParts } from '../lib/crc32.ts';
import { archivedEvent, describeFile } from './describe.ts';
import { createPatience, type Patience } from './patience.ts';
import { partSizeFor } from './parts.ts';
import type { TransferPorts } from './ports.ts';
import { fetchParts } from './ranged.ts';
import { fetchInOnePiece } from './sequential.ts';

/**
 * Brings one claimed original to the archive and completes it: learn its size, open or resume the upload, fetch the parts, publish,
 * record. Starts over when the source changed or the destination lost it. Throws the SyncError that ended it; what was stored by
 * then is kept for the next run.
 */
export async function transferOriginal(job: Job, ports: TransferPorts, signal: AbortSignal): Promise<void> {
  const patience = createPatience(ports.clock);
  const modes: Modes = { first: true, ranges: true, head: true };
  let restarts = 0;
  for (;;) {
    const ticket = patience.begin();
    try {
      await attempt(job, ports, patience, modes, signal);
      return;
    } catch (thrown) {
      const error = asSyncError(thrown);
      if (error.code === 'RANGE_IGNORED') modes.ranges = false;
      // HEAD and GET may come from different caches: the second look asks the one that serves the bytes.
      if (error.code === 'SOURCE_CHANGED') modes.head = false;
      // A restart fetches bytes that are new to nobody, so it has a count of its own.
      if (error.decision === 'restart') restarts += 1;
      if (restarts >= mostRestarts)
        throw new SyncError('PATIENCE_EXHAUSTED', `started over ${restarts} times: ${error.message}`, { cause: error });
      await patience.failed(ticket, error, (delayMs) => sayAgain(job, ports, error, delayMs), signal);
      if (error.decision === 'restart') await dropUpload(job, ports);
    }
  }
}

/** How often an original may start over in one run, whatever arrived in between. */
const mostRestarts = 5;

/** What the attempts of one run have taught. */
interface Modes {
  first: boolean;
  /** Whether the host answers ranges. */
  ranges: boolean;
  /** Whether its HEAD agrees with its GET. */
  head: boolean;
}

async function attempt(job: Job, ports: TransferPorts, patience: Patience, modes: Modes, signal: AbortSignal): Promise<void> {
  const { original } = job.tracked;
  const offerId = originalId(original, 1);
  const learned = await learnInTurn({ ...job, offerId }, ports, { tryHead: modes.head, signal });
  const ranges = modes.ranges && learned.ranges && learned.sizeBytes !== null;
  // Without a validator nothing tells whether what an earlier run stored is of the same content.
  const { etag, lastModified } = learned.validator;
  if (modes.first && etag === null && lastModified === null) await dropUpload(job, ports);
  modes.first = false;
  const file = describeFile(original, job.set, learned.validator);
  const known = await ports.tracker.upload(job.claim.id);
  const wanted = { partSizeBytes: partSizeFor(learned.sizeBytes), sizeBytes: learned.sizeBytes, validator: learned.validator };
  const opened = await ports.destination.open(file, wanted, known);
  if (opened.kind === 'finished' && opened.file.crc32 !== null) {
    await ports.tracker.complete(job.claim, {
      sizeBytes: opened.file.sizeBytes,
      crc32: opened.file.crc32,
      validator: learned.validator,
    });
    return archived(job, ports, opened.file);
  }
  if (opened.kind === 'finished')
    throw new SyncError('KEY_TAKEN', `${original.key} is stored already, but its checksum cannot be told`);
  const { state, resumable } = opened;
  // What is kept of an earlier upload must not be taken for this one's.
  const kept = resumable ? state : null;
  if (kept?.id !== known?.state.id) await ports.tracker.saveUpload(job.claim, kept);
  const storedBytes = ranges ? opened.parts.reduce((bytes, part) => bytes + part.sizeBytes, 0) : 0;
  ports.report({
    type: 'file.started',
    id: job.tracked.id,
    mediaId: original.mediaId,
    key: original.key,
    sizeBytes: learned.sizeBytes,
    resumedBytes: storedBytes,
  });
  ports.accounting.fileStarted(original.key, learned.sizeBytes, storedBytes);
  const current: Attempt = { job, ports, patience, file, learned, state, resumable, offerId, signal };
  try {
    await publish(current, ranges ? await fetchParts(current, opened.parts) : await fetchInOnePiece(current));
  } catch (error) {
    // Nobody will ask for it again.
    if (!resumable) await ports.destination.abort(state);
    throw error;
  }
}

/** Intent, publish only if absent, read back, manifest, tracker: design of the promise that nothing is claimed that is not there. */
async function publish(attempt: Attempt, parts: readonly Part[]): Promise<void> {
  const { job, ports, file, state, learned } = attempt;
  const sizeBytes = parts.reduce((bytes, part) => bytes + part.sizeBytes, 0);
  const whole = { sizeBytes, crc32: crc32OfParts(parts), validator: learned.validator };
  if (learned.sizeBytes !== null && whole.sizeBytes !== learned.sizeBytes) {
    throw new SyncError('TRUNCATED', `${whole.sizeBytes} of ${learned.sizeBytes} bytes arrived`);
  }
  await ports.tracker.recordIntent(job.claim, whole);
  const stored = await ports.destination.commit(file, state, parts, whole);
  await ports.tracker.complete(job.claim, whole);
  archived(job, ports, { ...stored, crc32: whole.crc32 });
}

function archived(job: Job, ports: TransferPorts, stored: StoredFile): void {
  ports.accounting.fileEnded(stored.key, stored.sizeBytes);
  ports.report(archivedEvent(job.tracked.original, stored, ports.destination.location));
}

async function dropUpload(job: Job, ports: TransferPorts): Promise<void> {
  const upload = await ports.tracker.upload(job.claim.id);
  if (!upload) return;
  await ports.destination.abort(upload.state);
  await ports.tracker.saveUpload(job.claim, null);
}
