import { needsRepair } from '../../media.ts';
import { chooseFiles } from '../../plan/rolling.ts';
import type { Tracker } from '../../tracker/tracker.ts';
import type { Report } from '../../events.ts';
import { noFindings, type ArchivedFile, type Findings } from '../judge-file.ts';
import { archivedFiles } from './archived-files.ts';
import { checkFiles, type CheckPorts } from './check-files.ts';

interface RollingOptions {
  /** All files of the archive. */
  readonly archived: Iterable<ArchivedFile>;
  /** No byte may become older than this without being read. */
  readonly days: number;
  /** Whether to judge marked files, too. */
  readonly includesMarked: boolean;
  readonly signal: AbortSignal;
}

/**
 * The rolling check of a sync. Returns what it found, or nothing if `days` is undefined. Marked
 * files are left out, because the sync has just tried to repair them.
 */
export async function checkAgain(
  ports: CheckPorts,
  days: number | undefined,
  signal: AbortSignal,
): Promise<{ readonly rolling?: Findings }> {
  if (days === undefined) return {};
  // An earlier run has already named these files, and they are no problem of this run.
  const report: Report = (event) => (event.type === 'file.disputed' ? undefined : ports.report(event));
  const archived = (await archivedFiles(ports.tracker)).values();
  const rolling = noFindings();
  await checkRolling({ ...ports, report }, { archived, days, includesMarked: false, signal }, rolling);
  return { rolling };
}

/**
 * Reads the files whose last check is oldest: as many as keep every readable byte younger than
 * `days`. First it reports how much it will read, and what that costs.
 */
export async function checkRolling(ports: CheckPorts, options: RollingOptions, found: Findings): Promise<void> {
  const { clock, destination, tracker, report } = ports;
  const { days, signal } = options;
  const archived = [...options.archived];
  found.counts.rollingDays = days;
  const terms = await destination.readingTerms?.();
  const sound = archived.filter(({ row: { mark } }) => mark === null);
  const marked = options.includesMarked ? archived.filter(({ row }) => needsRepair(row.mark)) : [];
  const readable = sound.filter(({ row }) => terms?.isReadable(row.original.key) ?? true);
  const dated = readable.map((file) => ({ ...file.row, file }));
  const paidUntilMs = await readPaidUntil(tracker);
  const chosen = chooseFiles(dated, { days, nowMs: clock.now(), paidUntilMs });
  const files = [...marked, ...chosen.files.map(({ file }) => file)];
  const sized = files.map(({ row }) => ({ key: row.original.key, sizeBytes: row.sizeBytes ?? 0 }));
  const unreadable = sound.length - readable.length;
  report({
    type: 'check.planned',
    days,
    files: files.length,
    bytes: sized.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    unreadable,
    ...(terms && { requests: files.length, usd: sized.reduce((sum, file) => sum + terms.usd(file), 0), prices: terms.prices }),
  });
  found.counts.unreadable += unreadable;
  await checkFiles(files, ports, { archived, deep: true, signal }, found);
  await tracker.setFact(rollingFact, String(Math.round(chosen.paidUntilMs)));
}

/** The tracker's fact with the time until which earlier rolling checks have read enough, in ms. */
const rollingFact = 'rolling-paid-until';

async function readPaidUntil(tracker: Tracker): Promise<number | undefined> {
  const kept = Number((await tracker.getFact(rollingFact)) ?? NaN);
  return Number.isFinite(kept) ? kept : undefined;
}
