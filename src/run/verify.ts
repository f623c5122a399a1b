import { randomUUID } from 'node:crypto';
import { asSyncError, SyncError } from '../errors.ts';
import type { RunFinished } from '../events.ts';
import type { Clock } from '../lib/clock.ts';
import { forEachLimited } from '../lib/for-each.ts';
import { isGone, originalId } from '../media.ts';
import { latestRevisions } from '../plan/plan.ts';
import { summarise, type RunFacts } from '../report/summary.ts';
import { incompleteEvent } from './incomplete.ts';
import { judgeFile, type ArchivedFile, type Findings, type Look } from './judge-file.ts';
import { leaseArchive, type LeaseSettings } from './lease-archive.ts';
import { adoptUnknown, recover, type RecoverPorts } from './recover.ts';

export interface VerifyPorts extends RecoverPorts {
  readonly clock: Clock;
}

export interface VerifyOptions {
  readonly lease: LeaseSettings;
  /** Whether to read every byte again, even if the store has a checksum. */
  readonly deep: boolean;
  readonly signal: AbortSignal;
}

/**
 * How many files are read at once. Four reads hide the latency of a store and do not overload a
 * disk.
 */
const concurrency = 4;

/**
 * Compares every archived file with its recorded size and checksum. First it adopts each file that
 * the archive describes and the tracker does not know. Marks missing and damaged files for the next
 * `sync`. Reports files that nothing describes, and leaves them alone. If it may not write to the
 * archive, it warns and only reads. It needs no provider. It reports one event for each finding and
 * ends with `run.finished`. It never throws.
 */
export async function verify(ports: VerifyPorts, options: VerifyOptions): Promise<RunFinished> {
  const runId = randomUUID();
  const beganAtMs = ports.clock.elapsed();
  const { destination, tracker, report } = ports;
  const found: Findings = {
    counts: {
      files: 0,
      bytes: 0,
      missing: 0,
      damaged: 0,
      suspect: 0,
      proven: 0,
      disputed: 0,
      lost: 0,
      superseded: 0,
      unreadable: 0,
      unknown: 0,
    },
    differences: 0,
  };
  let facts: Pick<RunFacts, 'error'> = {};
  const held = new AsyncDisposableStack();
  report({ type: 'run.started', runId, provider: null, destination: destination.location, dryRun: false });
  try {
    const leased = held.use(await leaseArchive(ports, options.lease, { exclusive: 'if writable', signal: options.signal }));
    const signal = AbortSignal.any([options.signal, leased.lost]);
    await tracker.beginRun(runId, 'verify');
    const leasedPorts = { ...ports, destination: leased.destination };
    await recover(leasedPorts, { publish: leased.isExclusive });
    await verifyFiles(leasedPorts, { deep: options.deep, signal }, found);
  } catch (thrown) {
    facts = { error: options.signal.reason instanceof SyncError ? options.signal.reason : asSyncError(thrown) };
  }
  const { counts: verified, differences } = found;
  const finished = summarise({
    runId,
    kind: 'verify',
    elapsedMs: ports.clock.elapsed() - beganAtMs,
    ...facts,
    verified,
    differences,
  });
  if (finished.outcome !== 'locked') await tracker.finishRun(runId, finished.outcome, JSON.stringify(finished)).catch(() => {});
  await held.disposeAsync();
  report(finished);
  return finished;
}

async function verifyFiles(ports: VerifyPorts, look: Look, found: Findings): Promise<void> {
  const { destination, report } = ports;
  let archived = await archivedFiles(ports);
  const { adopted, described } = await adoptUnknown(ports, archived);
  if (adopted > 0) archived = await archivedFiles(ports);
  await judgeMedia(ports, found);
  await forEachLimited(archived.values(), concurrency, async (file) => {
    look.signal.throwIfAborted();
    await judgeFile(file, ports, look, found);
  });
  for await (const key of destination.unknown(new Set([...archived.keys(), ...described]))) {
    found.counts.unknown += 1;
    report({ type: 'file.unknown', key, path: `${destination.location}/${key}` });
  }
}

/** All completed originals. The key of the map is the original's key. */
async function archivedFiles({ tracker }: VerifyPorts): Promise<ReadonlyMap<string, ArchivedFile>> {
  const files = new Map<string, ArchivedFile>();
  for await (const { tracked, originals } of tracker.rows(['COMPLETED'])) {
    const latest = latestRevisions(originals);
    for (const row of originals) {
      const isLatest = latest.get(originalId(row.original, 1))?.id === row.id;
      files.set(row.original.key, { row, isFinal: isGone(tracked) || !isLatest });
    }
  }
  return files;
}

/** Reports the media of which the archive lost files together with their descriptions. */
async function judgeMedia({ tracker, report }: VerifyPorts, found: Findings): Promise<void> {
  for await (const { tracked } of tracker.rows(['LISTED', 'WAITING', 'FAILED', 'QUARANTINED', 'SOURCE_DELETED'])) {
    const event = incompleteEvent(tracked);
    if (!event) continue;
    found.counts.missing += event.missing;
    if (event.lost) found.counts.lost += event.missing;
    if (tracked.acceptedAt === null) found.differences += event.missing;
    report(event);
  }
}
