import { randomUUID } from 'node:crypto';
import { asSyncError, SyncError } from './errors.ts';
import { forEachLimited } from './lib/for-each.ts';
import { originalId, type Mark } from './media.ts';
import { recover, type RecoverPorts } from './recover.ts';
import type { RunFinished } from './report/events.ts';
import { summarise, type RunFacts } from './report/summary.ts';
import { holdLeases } from './run-lease.ts';
import type { TrackedOriginal } from './tracker/tracker.ts';
import type { Clock } from './lib/clock.ts';
import { checkedStat } from './transfer/checked-stat.ts';

export interface VerifyPorts extends RecoverPorts {
  readonly clock: Clock;
}

export interface VerifyOptions {
  readonly ownerOf: (runId: string) => string;
  readonly isDead: (owner: string) => Promise<boolean>;
  /** Read every byte back, also where the store keeps a checksum. */
  readonly deep: boolean;
  readonly signal: AbortSignal;
}

/** Files read at once: enough to hide a store's latency, few enough for a disk. */
const concurrency = 4;

/**
 * Judges every archived file by its size and checksum, marks those that are missing or damaged for the next `sync`, and names files
 * that it does not know, which it leaves alone. Needs no provider. Reports one event per finding and ends with `run.finished`; never throws.
 */
export async function verify(ports: VerifyPorts, options: VerifyOptions): Promise<RunFinished> {
  const runId = randomUUID();
  const owner = options.ownerOf(runId);
  const startedAtMs = ports.clock.now();
  const { destination, tracker, report } = ports;
  const found = { files: 0, bytes: 0, missing: 0, damaged: 0, unknown: 0 };
  let facts: Pick<RunFacts, 'error'> = {};
  report({ type: 'run.started', runId, provider: null, destination: destination.location, dryRun: false });
  try {
    await using leases = await holdLeases({ destination, tracker, owner, isDead: options.isDead, exclusive: true });
    const signal = AbortSignal.any([options.signal, leases.lost]);
    await tracker.beginRun(runId);
    await recover(ports);
    const archived = await archivedFiles(ports);
    await forEachLimited(archived.values(), concurrency, async (row) => {
      signal.throwIfAborted();
      await judgeFile(row, archived, ports, { deep: options.deep, signal }, found);
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
  report(finished);
  return finished;
}

/** Every completed original by its key. */
async function archivedFiles({ tracker }: VerifyPorts): Promise<ReadonlyMap<string, TrackedOriginal>> {
  const files = new Map<string, TrackedOriginal>();
  for await (const { originals } of tracker.rows(['COMPLETED'])) {
    for (const row of originals) if (row.status === 'COMPLETED') files.set(row.original.key, row);
  }
  return files;
}

async function judgeFile(
  row: TrackedOriginal,
  archived: ReadonlyMap<string, TrackedOriginal>,
  { destination, tracker, report }: VerifyPorts,
  options: { readonly deep: boolean; readonly signal: AbortSignal },
  found: { files: number; bytes: number; missing: number; damaged: number },
): Promise<void> {
  const { key } = row.original;
  const path = `${destination.location}/${key}`;
  const stored = await checkedStat(destination, key, options);
  const reason = stored && difference(row, stored);
  const mark: Mark | null = !stored ? 'MISSING' : reason ? 'DAMAGED' : null;
  found.files += 1;
  found.bytes += stored?.sizeBytes ?? 0;
  if (mark !== row.mark) await tracker.setMark(row.id, mark);
  if (mark === null || isReplaced(row, archived)) return;
  found[mark === 'MISSING' ? 'missing' : 'damaged'] += 1;
  report(mark === 'MISSING' ? { type: 'file.missing', key, path } : { type: 'file.damaged', key, path, reason: reason ?? '' });
}

function difference(
  row: TrackedOriginal,
  stored: { readonly sizeBytes: number; readonly crc32: number | null },
): string | undefined {
  if (stored.sizeBytes !== row.sizeBytes) return `it has ${stored.sizeBytes} bytes instead of ${row.sizeBytes}`;
  if (stored.crc32 !== row.crc32) return 'its checksum differs';
  return undefined;
}

/** A damaged file that a store cannot move stays where it is; once its next revision is archived it is no difference any more. */
function isReplaced(row: TrackedOriginal, archived: ReadonlyMap<string, TrackedOriginal>): boolean {
  if (row.mark !== 'DAMAGED') return false;
  const id = originalId(row.original, 1);
  for (const other of archived.values()) {
    if (other.original.revision > row.original.revision && originalId(other.original, 1) === id && other.mark === null)
      return true;
  }
  return false;
}
