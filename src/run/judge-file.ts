import type { Destination, StoredFile } from '../destination/destination.ts';
import { asSyncError, type SyncError } from '../errors.ts';
import type { FileOf, Report, RunFinished } from '../events.ts';
import { needsRepair, type Mark } from '../media.ts';
import type { RowOriginal, TrackedOriginal, Tracker } from '../tracker/tracker.ts';
import { lastCopyOf } from './last-copy.ts';

/** An archived file that `verify` judges. */
export interface ArchivedFile {
  readonly row: RowOriginal;
  /** The file cannot be fetched again, so it is lost if it is missing or damaged. */
  readonly isFinal: boolean;
}

/** What `verify` has found so far. */
export interface Findings {
  readonly counts: { -readonly [Name in keyof NonNullable<RunFinished['verified']>]: number };
  /** How many findings need a repair or the decision of a person. */
  differences: number;
}

export interface Look {
  readonly deep: boolean;
  readonly signal: AbortSignal;
}

interface JudgePorts {
  readonly destination: Destination;
  readonly tracker: Tracker;
  readonly report: Report;
}

/** Compares a file with its record, sets or clears its mark, and reports what differs. */
export async function judgeFile(file: ArchivedFile, ports: JudgePorts, look: Look, found: Findings): Promise<void> {
  const { row } = file;
  const { destination, tracker, report } = ports;
  const about = fileOf(row, destination);
  const { counts } = found;
  counts.files += 1;
  if (row.mark === 'SUPERSEDED') {
    counts.superseded += 1;
    return report({ type: 'file.superseded', ...about });
  }
  const seen = await lookAt(row, destination, look);
  if (seen.kind === 'unreadable') {
    counts.unreadable += 1;
    const { code, message: reason, hint } = seen.error;
    if (code === 'STORE_FAILED' || needsRepair(row.mark)) found.differences += 1;
    return report({ type: 'file.unreadable', ...about, code, reason, ...(hint !== undefined && { hint }) });
  }
  counts.bytes += seen.sizeBytes;
  // The mark DAMAGED is always set again, because `setMark` makes it SUPERSEDED if a later revision
  // is archived. An earlier version of Cloud Sync left such files DAMAGED.
  const isKnown = seen.mark === row.mark && seen.mark !== 'DAMAGED';
  const mark = isKnown ? row.mark : await tracker.setMark(row.id, seen.mark);
  if (mark === 'SUPERSEDED') {
    counts.superseded += 1;
    return report({ type: 'file.superseded', ...about });
  }
  if (mark !== null) await reportDifference({ ...file, mark, reason: seen.reason }, about, ports, found);
}

async function reportDifference(
  { row, isFinal: lost, mark, reason }: ArchivedFile & { readonly mark: Mark; readonly reason: string },
  about: FileOf,
  { destination, report }: JudgePorts,
  found: Findings,
): Promise<void> {
  const isAccepted = row.acceptedAt !== null && row.mark === mark;
  if (!isAccepted) found.differences += 1;
  if (lost) found.counts.lost += 1;
  found.counts[mark === 'MISSING' ? 'missing' : 'damaged'] += 1;
  const loss = { lost, lastCopy: await lastCopyOf(about.key, destination) };
  if (mark === 'MISSING') report({ type: 'file.missing', ...about, ...loss });
  else report({ type: 'file.damaged', ...about, ...loss, reason });
}

export function fileOf({ id, original: { mediaId, key } }: TrackedOriginal, { location }: Destination): FileOf {
  return { id, mediaId, key, path: `${location}/${key}` };
}

/** What a look at a file shows: its true mark, or that it could not be read. */
type Seen =
  | { readonly kind: 'judged'; readonly mark: 'MISSING' | 'DAMAGED' | null; readonly reason: string; readonly sizeBytes: number }
  /** The code is UNREADABLE if the store is sound but keeps the file in an archive class. */
  | { readonly kind: 'unreadable'; readonly error: SyncError };

/**
 * Judges a file. A file stays unjudged if the store fails or does not show the bytes. It is DAMAGED
 * if the disk can no longer read the bytes.
 */
async function lookAt(row: TrackedOriginal, destination: Destination, look: Look): Promise<Seen> {
  try {
    const stored = await checkedStat(row, destination, look);
    if (!stored) return { kind: 'judged', mark: 'MISSING', reason: '', sizeBytes: 0 };
    const reason = difference(row, stored);
    return { kind: 'judged', mark: reason === '' ? null : 'DAMAGED', reason, sizeBytes: stored.sizeBytes };
  } catch (thrown) {
    const error = asSyncError(thrown);
    const { code, message: reason } = error;
    if (code === 'CHECKSUM_MISMATCH') return { kind: 'judged', mark: 'DAMAGED', reason, sizeBytes: 0 };
    if (code === 'UNREADABLE' || code === 'STORE_FAILED' || code === 'STORE_REFUSED') return { kind: 'unreadable', error };
    throw thrown;
  }
}

/**
 * The archived file with its CRC32. With `deep`, or if the store has no checksum, the CRC32 is
 * computed from the bytes. Otherwise it is the store's checksum. A marked file is always read,
 * because the store's checksum may be older than the damage.
 */
async function checkedStat(row: TrackedOriginal, destination: Destination, look: Look): Promise<StoredFile | undefined> {
  const { key } = row.original;
  const { signal } = look;
  const deep = look.deep || row.mark !== null;
  const stored = await destination.stat(key, { deep, signal });
  return stored && stored.crc32 === null && !deep ? destination.stat(key, { deep: true, signal }) : stored;
}

function difference(row: TrackedOriginal, stored: StoredFile): string {
  if (stored.sizeBytes !== row.sizeBytes) return `the file has ${stored.sizeBytes} bytes instead of ${row.sizeBytes}`;
  return stored.crc32 === row.crc32 ? '' : 'the checksum of the file differs';
}
