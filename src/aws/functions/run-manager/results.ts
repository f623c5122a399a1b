import { isoTime } from '../../../lib/clock.ts';
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
   * Originals and media that failed, are quarantined, lost or await a repair, and the files that
   * this run found to be disputed, unless a person accepted them. The problems of this run come
   * first, then the older problems, each group in the order of time.
   */
  readonly problems: readonly Problem[];
  /** How many files this run archived, repaired files included. */
  readonly archivedFiles: number;
  readonly archivedBytes: number;
  /** How many of these files the provider's claim proves. */
  readonly provenFiles: number;
  /** How many of these files contradict the provider's claim. */
  readonly disputedFiles: number;
}

export const noResults: Results = { problems: [], archivedFiles: 0, archivedBytes: 0, provenFiles: 0, disputedFiles: 0 };

/** The clocks of functions may differ. A later time than this, in ms, comes from a wrong clock. */
const maxSkewMs = 5 * 60_000;

interface Run {
  readonly roles: readonly Role[];
  /** When the run started, in ISO 8601. */
  readonly runStartedAt: string;
  /** Names the disputes since this time, in ISO 8601. Default: the start of the run. */
  readonly disputedSince?: string;
  readonly nowMs: number;
}

/** Reads the results of a run from the tracker. Errors: TRACKER_UNUSABLE. */
export async function readResults(
  tracker: Tracker,
  { roles, runStartedAt, disputedSince = runStartedAt, nowMs }: Run,
): Promise<Results> {
  const problems: Problem[] = [];
  const latest = isoTime(nowMs + maxSkewMs);
  const archived = { archivedFiles: 0, archivedBytes: 0, provenFiles: 0, disputedFiles: 0 };
  for await (const { tracked, originals } of tracker.rows(['FAILED', 'QUARANTINED', 'COMPLETED', 'LOST', 'ACCEPTED'])) {
    const wanted = originals.filter(({ original }) => roles.includes(original.role));
    const name = tracked.medium.filename || tracked.medium.id;
    const ofMedium = problemOfMedium(tracked, wanted);
    if (ofMedium !== undefined) problems.push({ since: tracked.statusSince, name, reason: ofMedium });
    for (const row of wanted) {
      const isSince = (time: string | null, since: string) => time !== null && time >= since && time <= latest;
      const isNews = isSince(row.archivedAt, disputedSince) || isSince(row.checkedAt, disputedSince);
      const reason = problemOf(row) ?? (isNews ? disputeOf(row) : undefined);
      if (reason !== undefined) problems.push({ since: row.statusSince, name: row.original.key, reason });
      if (isSince(row.archivedAt, runStartedAt)) countArchived(archived, row);
    }
  }
  return { problems: inOrder(problems, runStartedAt), ...archived };
}

/**
 * Returns what is wrong with a medium as a whole. Returns undefined if nothing is wrong, if a
 * person accepted the medium, or if one of its originals already says what is wrong.
 */
function problemOfMedium(tracked: TrackedMedium, originals: readonly RowOriginal[]): string | undefined {
  const { acceptedAt, status, reason } = tracked;
  if (acceptedAt !== null) return undefined;
  const lost = lostWithoutRecord(tracked);
  if (lost > 0) return `lost: ${count(lost, 'file')} of the medium`;
  if (originals.some(({ saysWhatIsWrong }) => saysWhatIsWrong)) return undefined;
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

/** Names a dispute only in the run that settles it. */
function disputeOf({ acceptedAt, proof }: RowOriginal): string | undefined {
  return proof === 'disputed' && acceptedAt === null ? "archived, but no match with the cloud's own checksum" : undefined;
}

type Archived = { -readonly [Name in keyof Omit<Results, 'problems'>]: Results[Name] };

function countArchived(archived: Archived, { sizeBytes, proof }: RowOriginal): void {
  archived.archivedFiles += 1;
  archived.archivedBytes += sizeBytes ?? 0;
  if (proof === 'proven') archived.provenFiles += 1;
  if (proof === 'disputed') archived.disputedFiles += 1;
}

function isBroken(status: string): boolean {
  return status === 'FAILED' || status === 'QUARANTINED';
}

export function inOrder(problems: readonly Problem[], runStartedAt: string): readonly Problem[] {
  const isOld = ({ since }: Problem) => (since < runStartedAt ? 1 : 0);
  return problems.toSorted((a, b) => isOld(a) - isOld(b) || compare(a.since, b.since) || compare(a.name, b.name));
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
