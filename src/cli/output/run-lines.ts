/** Chooses the runs that a status shows, and makes a line for each. */
import type { RunFinished } from '../../events.ts';
import type { LeaseRecord } from '../../lease.ts';
import type { RunKind, RunRecord } from '../../media.ts';
import { parseJson } from '../../lib/json.ts';
import { judgeProcess } from '../../lib/process.ts';
import { count, formatDuration } from '../../report/figures.ts';
import type { Tracker } from '../../tracker/tracker.ts';

/** A run, with what is known of its end. */
export interface ShownRun extends Omit<RunRecord, 'kind'> {
  readonly kind: RunKind;
  /** `unknown`: the run has not recorded its end, and nobody here can find out whether it works. */
  readonly state: 'finished' | 'running' | 'killed' | 'unknown';
  /** The holder of the lease, if the run is not finished. */
  readonly holder: string | null;
}

/** A status shows at most this many of the last runs. */
const maxShown = 5;
/** The last sync is looked for among this many runs, because many runs may be of `verify`. */
const maxRead = 200;

/**
 * Returns the last runs, newest first. If all of these are runs of `verify`, the last sync follows.
 * Errors: TRACKER_UNUSABLE.
 */
export async function lastRuns(tracker: Tracker): Promise<readonly ShownRun[]> {
  const runs = await tracker.runs(maxRead);
  const { record } = runs.some(({ finishedAt }) => finishedAt === null) ? await tracker.lease.read() : {};
  const all = runs.map((run) => toShown(run, record));
  const latest = all.slice(0, maxShown);
  const sync = all.find(({ kind }) => kind === 'sync');
  return sync && !latest.includes(sync) ? [...latest, sync] : latest;
}

function toShown(run: RunRecord, lease: LeaseRecord | undefined): ShownRun {
  // An earlier version recorded no kind, but only `verify` recorded what it checked.
  const kind = run.kind ?? (summaryOf(run).verified ? 'verify' : 'sync');
  if (run.finishedAt !== null) return { ...run, kind, state: 'finished', holder: null };
  const hasLease = lease !== undefined && !lease.released && (run.fence === null || run.fence === lease.fence);
  if (!hasLease) return { ...run, kind, state: 'killed', holder: null };
  const found = lease.process ? judgeProcess(lease.process) : 'unknown';
  return { ...run, kind, state: found === 'ended' ? 'killed' : found, holder: lease.owner };
}

/** Files that a check could not read. */
export interface Unreadable {
  readonly files: number;
  /** When the check began. ISO 8601. */
  readonly since: string;
}

/** Returns what the last check with unreadable files could not read. Errors: TRACKER_UNUSABLE. */
export async function lastUnreadable(tracker: Tracker): Promise<Unreadable | null> {
  for (const run of await tracker.runs(maxRead)) {
    const files = summaryOf(run).verified?.unreadable ?? 0;
    if (files > 0) return { files, since: run.startedAt };
  }
  return null;
}

/** Returns the fields of a run that a status shows as JSON. */
export function toLastRun({ id, kind, startedAt, finishedAt, outcome, state, ...run }: ShownRun) {
  return { id, kind, startedAt, finishedAt, outcome, state, error: summaryOf(run).error ?? null };
}

/** Makes the line of a run: when it began, what it was and how it ended. */
export function runLine(run: ShownRun, nowMs: number): string {
  const { startedAt, finishedAt, kind } = run;
  const ago = formatDuration(Math.max(0, nowMs - Date.parse(startedAt)));
  const tookMs = finishedAt === null ? null : Math.max(0, Date.parse(finishedAt) - Date.parse(startedAt));
  return `${startedAt} (${ago} ago): ${kind} ${endOf(run)}${tookMs === null ? '' : `, took ${formatDuration(tookMs)}`}`;
}

function endOf(run: ShownRun): string {
  const { state, outcome, holder } = run;
  if (state === 'finished' || outcome !== null) return `${outcome}${detailOf(summaryOf(run))}`;
  if (state === 'running') return `at work now: ${holder}`;
  return state === 'killed' ? 'killed before its end' : `not finished; perhaps ${holder} still works on it`;
}

function detailOf({ error, verified, files, filters }: Partial<RunFinished>): string {
  if (error) return `: ${error.message}`;
  const counts = verified
    ? { missing: verified.missing, damaged: verified.damaged, suspect: verified.suspect, unreadable: verified.unreadable }
    : {
        archived: files?.archived,
        failed: files?.failed,
        quarantined: files?.quarantined,
        lost: files?.lost,
        disputed: files?.disputed,
      };
  const named = Object.entries(counts).flatMap(([word, files = 0]) =>
    files === 0 ? [] : [`${files.toLocaleString('en')} ${word}`],
  );
  if (filters && filters.leftOut > 0) named.push(`${count(filters.leftOut, 'medium', 'media')} left out by filters`);
  return named.length === 0 ? '' : ` (${named.join(', ')})`;
}

function summaryOf({ summary }: Pick<RunRecord, 'summary'>): Partial<RunFinished> {
  return summary === null ? {} : (parseJson(summary) ?? {});
}
