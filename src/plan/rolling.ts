/** Decides which archived files a rolling check reads. No I/O. */

import { SyncError } from '../errors.ts';
import { ageMs } from '../lib/clock.ts';
import type { TrackedOriginal } from '../tracker/tracker.ts';

const dayMs = 24 * 3_600_000;
const maxDays = 3_650;

/**
 * Parses the age, in days, that no byte of an archive may reach without being read: `90d` or `90`.
 * Errors: USAGE.
 */
export function parseRolling(text: string): number {
  const [, digits] = /^(\d{1,4})\s*d?$/i.exec(text.trim()) ?? [];
  const days = Number(digits);
  if (days >= 1 && days <= maxDays) return days;
  throw new SyncError('USAGE', `--rolling: "${text}" is no number of days from 1 to ${maxDays}`, {
    hint: 'Write --rolling 90d.',
  });
}

export type DatedFile = Pick<TrackedOriginal, 'sizeBytes' | 'checkedAt' | 'archivedAt'>;

/** How long ago the bytes of a file were last read or written, in ms. Infinity if nobody knows. */
export function uncheckedMs({ checkedAt, archivedAt }: Omit<DatedFile, 'sizeBytes'>, nowMs: number): number {
  return ageMs(checkedAt, nowMs) ?? ageMs(archivedAt, nowMs) ?? Infinity;
}

export interface RollingOptions {
  /** No byte may become older than this without being read. */
  readonly days: number;
  readonly nowMs: number;
  /**
   * Until when earlier checks have read enough, in ms since 1970. Undefined before the first check.
   */
  readonly paidUntilMs: number | undefined;
}

export interface RollingCheck<File> {
  /** The files to read, those that were read longest ago first. */
  readonly files: readonly File[];
  /** The next check gets this as its `paidUntilMs`. */
  readonly paidUntilMs: number;
}

/**
 * Chooses the files of one check. It chooses each file that would become too old before the next
 * check. It also chooses enough other files that every check has about the same work. So even
 * files that were all archived on one day are not all read on one day.
 */
export function chooseFiles<File extends DatedFile>(files: readonly File[], options: RollingOptions): RollingCheck<File> {
  const { days, nowMs } = options;
  const maxAgeMs = days * dayMs;
  const paidMs = timeAhead(options);
  const elapsedMs = Math.min(Math.max(0, -paidMs), maxAgeMs);
  // A daily run must read a file today if the file becomes too old tomorrow.
  const dueAgeMs = maxAgeMs - Math.min(Math.max(elapsedMs, dayMs), maxAgeMs / 2);
  const aged = files.map((file) => ({ file, ageMs: uncheckedMs(file, nowMs), bytes: sizeOf(file) }));
  const oldestFirst = aged.toSorted((a, b) => (a.ageMs === b.ageMs ? 0 : b.ageMs - a.ageMs));
  const bytesPerMs = neededRate(oldestFirst, { dueAgeMs, maxAgeMs });
  const quotaBytes = bytesPerMs * elapsedMs;
  const chosen: File[] = [];
  let bytes = 0;
  let surplusBytes = 0;
  for (const one of oldestFirst) {
    const isDue = one.ageMs >= dueAgeMs;
    if (!isDue && bytes >= quotaBytes) break;
    chosen.push(one.file);
    bytes += one.bytes;
    surplusBytes = isDue ? 0 : bytes - quotaBytes;
  }
  const surplusMs = surplusBytes > 0 ? surplusBytes / bytesPerMs : 0;
  return { files: chosen, paidUntilMs: nowMs + Math.min(Math.max(0, paidMs) + surplusMs, maxAgeMs) };
}

/**
 * For how long earlier checks have read enough. Negative is the time that this check makes up for.
 */
function timeAhead({ days, nowMs, paidUntilMs }: RollingOptions): number {
  // A time in the far future comes from a wrong clock.
  return paidUntilMs === undefined || paidUntilMs > nowMs + days * dayMs ? -dayMs : paidUntilMs - nowMs;
}

interface AgedFile {
  readonly ageMs: number;
  readonly bytes: number;
}

/**
 * The lowest steady rate, in bytes per ms, that reads every file before it is due, and all files
 * within the maximum age.
 */
function neededRate(
  oldestFirst: readonly AgedFile[],
  { dueAgeMs, maxAgeMs }: { readonly dueAgeMs: number; readonly maxAgeMs: number },
): number {
  let bytes = 0;
  let rate = oldestFirst.reduce((sum, file) => sum + file.bytes, 0) / maxAgeMs;
  for (const file of oldestFirst) {
    if (file.ageMs >= dueAgeMs) continue;
    bytes += file.bytes;
    rate = Math.max(rate, bytes / (maxAgeMs - file.ageMs));
  }
  return rate;
}

/** Even an empty file takes a request or a look at the disk. */
function sizeOf({ sizeBytes }: DatedFile): number {
  return Math.max(1, sizeBytes ?? 0);
}
