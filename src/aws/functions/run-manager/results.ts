import { lostWithoutRecord, needsRepair, type Role } from '../../../media.ts';
import { count } from '../../../report/figures.ts';
import type { RowOriginal, TrackedMedium, Tracker } from '../../../tracker/tracker.ts';
import type { Problem } from './texts.ts';

/**
 * Results of a run that the tracker's counts do not contain. One pass over the tracker's rows finds
 * them.
 */
export interface Results {
  /**
   * Originals and media that failed, are quarantined, missing or damaged, unless a person accepted
   * them. The problems of this run come first, then the older problems, each group in the order of
   * time.
   */
  readonly problems: readonly Problem[];
  /** The total size of the files that this run archived. */
  readonly archivedBytes: number;
}

interface Completed {
  readonly since: string;
  readonly sizeBytes: number;
}

/** Reads the results of a run from the tracker. Errors: TRACKER_UNUSABLE. */
export async function readResults(
  tracker: Tracker,
  {
    roles,
    runStartedAt,
    archivedFiles,
  }: { readonly roles: readonly Role[]; readonly runStartedAt: string; readonly archivedFiles: number },
): Promise<Results> {
  const problems: Problem[] = [];
  const completed: Completed[] = [];
  for await (const { tracked, originals } of tracker.rows(['FAILED', 'QUARANTINED', 'COMPLETED', 'LOST'])) {
    const name = tracked.medium.filename || tracked.medium.id;
    const ofMedium = problemOfMedium(tracked);
    if (ofMedium !== undefined) problems.push({ since: tracked.statusSince, name, reason: ofMedium });
    for (const row of originals) {
      const { original, status, statusSince: since, sizeBytes } = row;
      if (!roles.includes(original.role)) continue;
      const reason = problemOf(row);
      if (reason !== undefined) problems.push({ since, name: original.key, reason });
      else if (status === 'COMPLETED' && since >= runStartedAt) completed.push({ since, sizeBytes: sizeBytes ?? 0 });
    }
  }
  return { problems: inOrder(problems, runStartedAt), archivedBytes: lastBytes(completed, archivedFiles) };
}

/**
 * Returns what is wrong with a medium as a whole. Returns undefined if nothing is wrong, or if a
 * person accepted the medium.
 */
function problemOfMedium(tracked: TrackedMedium): string | undefined {
  const { acceptedAt, status, reason } = tracked;
  if (acceptedAt !== null) return undefined;
  const lost = lostWithoutRecord(tracked);
  if (lost > 0) return `lost: ${count(lost, 'file')} of the medium`;
  return isBroken(status) ? (reason ?? status) : undefined;
}

function problemOf({ acceptedAt, status, reason, lost, mark }: RowOriginal): string | undefined {
  if (acceptedAt !== null) return undefined;
  if (lost || needsRepair(mark)) {
    const finding = `${lost ? 'lost: ' : ''}the archived file is ${(mark ?? 'MISSING').toLowerCase()}`;
    return lost || reason === null ? finding : `${finding}, and its repair failed: ${reason}`;
  }
  return isBroken(status) ? (reason ?? status) : undefined;
}

function isBroken(status: string): boolean {
  return status === 'FAILED' || status === 'QUARANTINED';
}

export function inOrder(problems: readonly Problem[], runStartedAt: string): readonly Problem[] {
  const isOld = ({ since }: Problem) => (since < runStartedAt ? 1 : 0);
  return problems.toSorted((a, b) => isOld(a) - isOld(b) || compare(a.since, b.since) || compare(a.name, b.name));
}

/**
 * Sums the sizes of the originals that were completed last. `files` is the number of these
 * originals. Adopted files are not among them, because a run adopts files before it archives any.
 */
export function lastBytes(completed: readonly Completed[], files: number): number {
  const latest = completed.toSorted((a, b) => compare(b.since, a.since)).slice(0, files);
  return latest.reduce((bytes, { sizeBytes }) => bytes + sizeBytes, 0);
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
