import { randomUUID } from 'node:crypto';
import type { Destination, StoredFile } from '../destination/destination.ts';
import { asSyncError, SyncError } from '../errors.ts';
import { forEachLimited } from '../lib/for-each.ts';
import { originalId, type Mark } from '../media.ts';
import { recover, type RecoverPorts } from './recover.ts';
import type { RunFinished } from '../events.ts';
import { summarise, type RunFacts } from '../report/summary.ts';
import { leaseArchive, type LeaseSettings } from './lease-archive.ts';
import type { TrackedOriginal } from '../tracker/tracker.ts';
import type { Clock } from '../lib/clock.ts';

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
 * Compares every archived file with its recorded size and checksum. Marks missing and damaged files
 * for the next `sync`. Reports files that no original has, and leaves them alone. It needs no
 * provider. It reports one event for each finding and ends with `run.finished`. It never throws.
 */
export async function verify(ports: VerifyPorts, options: VerifyOptions): Promise<RunFinished> {
  const runId = randomUUID();
  const startedAtMs = ports.clock.now();
  const { destination, tracker, report } = ports;
  const found = { files: 0, bytes: 0, missing: 0, damaged: 0, unknown: 0 };
  let facts: Pick<RunFacts, 'error'> = {};
  const held = new AsyncDisposableStack();
  report({ type: 'run.started', runId, provider: null, destination: destination.location, dryRun: false });
  try {
    const leased = held.use(await leaseArchive(ports, options.lease, { exclusive: true, signal: options.signal }));
    const signal = AbortSignal.any([options.signal, leased.lost]);
    await tracker.beginRun(runId);
    await recover({ ...ports, destination: leased.destination }, { publish: true });
    const archived = await archivedFiles(ports);
    const sound = soundRevisions(archived);
    await forEachLimited(archived.values(), concurrency, async (row) => {
      signal.throwIfAborted();
      await judgeFile(row, sound, ports, { deep: options.deep, signal }, found);
    });
    for await (const key of destination.unknown(new Set(archived.keys()))) {
      found.unknown += 1;
      report({ type: 'file.unknown', key, path: `${destination.location}/${key}` });
    }
  } catch (thrown) {
    facts = { error: options.signal.reason instanceof SyncError ? options.signal.reason : asSyncError(thrown) };
  }
  const finished = summarise({ runId, elapsedMs: ports.clock.now() - startedAtMs, ...facts, verified: found });
  if (finished.outcome !== 'locked') await tracker.finishRun(runId, finished.outcome, JSON.stringify(finished)).catch(() => {});
  await held.disposeAsync();
  report(finished);
  return finished;
}

/** All completed originals. The key of the map is the original's key. */
async function archivedFiles({ tracker }: VerifyPorts): Promise<ReadonlyMap<string, TrackedOriginal>> {
  const files = new Map<string, TrackedOriginal>();
  for await (const { originals } of tracker.rows(['COMPLETED'])) {
    for (const row of originals) if (row.status === 'COMPLETED') files.set(row.original.key, row);
  }
  return files;
}

async function judgeFile(
  row: TrackedOriginal,
  sound: ReadonlyMap<string, number>,
  { destination, tracker, report }: VerifyPorts,
  options: { readonly deep: boolean; readonly signal: AbortSignal },
  found: { files: number; bytes: number; missing: number; damaged: number },
): Promise<void> {
  const { key } = row.original;
  const path = `${destination.location}/${key}`;
  const { stored, unreadable } = await readBack(destination, key, options);
  const reason = unreadable ?? (stored && difference(row, stored));
  const mark: Mark | null = reason ? 'DAMAGED' : stored ? null : 'MISSING';
  found.files += 1;
  found.bytes += stored?.sizeBytes ?? 0;
  if (mark !== row.mark) await tracker.setMark(row.id, mark);
  // If the store cannot move a damaged file, the file stays, and a later sound revision replaces
  // it.
  const replaced = mark === 'DAMAGED' && (sound.get(originalId(row.original, 1)) ?? 0) > row.original.revision;
  if (mark === null || replaced) return;
  found[mark === 'MISSING' ? 'missing' : 'damaged'] += 1;
  report(mark === 'MISSING' ? { type: 'file.missing', key, path } : { type: 'file.damaged', key, path, reason: reason ?? '' });
}

/** A file that cannot be read counts as damaged, so `verify` can continue with the other files. */
async function readBack(
  destination: Destination,
  key: string,
  options: { readonly deep: boolean; readonly signal: AbortSignal },
) {
  try {
    return { stored: await checkedStat(destination, key, options), unreadable: undefined };
  } catch (thrown) {
    const error = asSyncError(thrown);
    if (error.code !== 'STORE_FAILED') throw error;
    return { stored: undefined, unreadable: error.message };
  }
}

/**
 * The archived file with its CRC32. With `deep`, or if the store has no checksum, the CRC32 is
 * computed from the bytes. Otherwise it is the store's checksum.
 */
async function checkedStat(
  destination: Destination,
  key: string,
  options: { readonly deep: boolean; readonly signal: AbortSignal },
): Promise<StoredFile | undefined> {
  const stored = await destination.stat(key, options);
  return stored && stored.crc32 === null && !options.deep ? destination.stat(key, { ...options, deep: true }) : stored;
}

function difference(
  row: TrackedOriginal,
  stored: { readonly sizeBytes: number; readonly crc32: number | null },
): string | undefined {
  if (stored.sizeBytes !== row.sizeBytes) return `the file has ${stored.sizeBytes} bytes instead of ${row.sizeBytes}`;
  if (stored.crc32 !== row.crc32) return 'the checksum of the file differs';
  return undefined;
}

/** For each original, its highest archived revision without a mark from an earlier run. */
function soundRevisions(archived: ReadonlyMap<string, TrackedOriginal>): ReadonlyMap<string, number> {
  const sound = new Map<string, number>();
  for (const { original, mark } of archived.values()) {
    const id = originalId(original, 1);
    if (mark === null) sound.set(id, Math.max(sound.get(id) ?? 0, original.revision));
  }
  return sound;
}
