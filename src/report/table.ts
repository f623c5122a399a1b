import { clean } from '../lib/log.ts';
import type { Event, RunFinished } from '../events.ts';
import { count, formatBytes, formatDuration } from './figures.ts';

/** The events that the final table lists one by one. */
export interface Problems {
  note(event: Event): void;
  readonly lines: readonly string[];
}

/** The limit of files in the table. `list` shows all of them. */
const maxLines = 20;

export function createProblems(): Problems {
  const lines: string[] = [];
  return {
    lines,
    note: (event) => {
      if (event.type === 'file.failed') lines.push(`${event.key}: ${event.reason}`);
      else if (event.type === 'medium.failed') lines.push(`${event.name || '(no name)'} (${event.mediaId}): ${event.reason}`);
      else if (event.type === 'file.damaged') lines.push(`${event.path}: ${event.reason}`);
      else if (event.type === 'file.missing') lines.push(`${event.path}: missing`);
    },
  };
}

/**
 * The table at the end of a run, for a person. It counts the files that were archived, were already
 * there, wait or failed, and says what to do next.
 */
export function finalTable(finished: RunFinished, problems: readonly string[], options: { readonly dryRun: boolean }): string {
  // A run that found the archive locked has counted nothing, so its table has no rows.
  const rows =
    finished.outcome === 'locked' ? [] : finished.verified ? verifyRows(finished.verified) : syncRows(finished, options);
  const width = Math.max(0, ...rows.map(([label]) => label.length));
  const figureWidth = Math.max(0, ...rows.map(([, figure]) => figure.length));
  const table = rows.map(([label, figure, note]) =>
    `  ${label.padEnd(width)}  ${figure.padStart(figureWidth)}  ${note}`.trimEnd(),
  );
  return ['', ...table, ...problemLines(problems), '', verdict(finished, options.dryRun), ''].join('\n');
}

function figure(number: number): string {
  return number.toLocaleString('en');
}

type Row = readonly [label: string, figure: string, note: string];

function syncRows({ files, bytes }: RunFinished, { dryRun }: { readonly dryRun: boolean }): readonly Row[] {
  const fetched = bytes.fetched > bytes.archived ? `, ${formatBytes(bytes.fetched)} fetched` : '';
  const archived: Row = ['archived', figure(files.archived), formatBytes(bytes.archived) + fetched];
  const there: Row = ['already there', figure(files.skipped), ''];
  const others: readonly (Row & { readonly 1: string })[] = [
    ['waiting', figure(files.waiting), 'not ready in the cloud yet; the next run asks again'],
    dryRun ? ['to do', figure(files.pending), ''] : ['not reached', figure(files.pending), 'the next run archives them'],
    ['deleted', figure(files.sourceDeleted), 'gone from the cloud before they were archived'],
    ['failed', figure(files.failed), 'the next run tries again'],
    ['quarantined', figure(files.quarantined), 'failed too often; `cloud-sync retry` gives them another chance'],
  ];
  return [...(dryRun ? [] : [archived]), there, ...others.filter(([, number]) => number !== '0')];
}

function verifyRows(verified: NonNullable<RunFinished['verified']>): readonly Row[] {
  const rows: readonly Row[] = [
    ['checked', figure(verified.files), formatBytes(verified.bytes)],
    ['missing', figure(verified.missing), 'the next `sync` fetches them again'],
    ['damaged', figure(verified.damaged), 'the next `sync` replaces them and keeps the damaged ones aside'],
    ['unknown', figure(verified.unknown), 'not from Cloud Sync; left alone'],
  ];
  return rows.filter(([label, number]) => label === 'checked' || number !== '0');
}

function problemLines(problems: readonly string[]): readonly string[] {
  if (problems.length === 0) return [];
  const more = problems.length - maxLines;
  const rest = more > 0 ? [`  … and ${more} more: \`cloud-sync list --status failed,quarantined,missing,damaged\``] : [];
  return ['', ...problems.slice(0, maxLines).map((line) => `  ${clean(line)}`), ...rest];
}

function verdict(finished: RunFinished, dryRun: boolean): string {
  const { outcome, elapsedMs, verified, requests } = finished;
  if (verified && outcome === 'clean') return `Every archived file is there and intact (${formatDuration(elapsedMs)}).`;
  if (verified && outcome === 'partial') {
    return `Some files differ from what was archived (${formatDuration(elapsedMs)}). Run \`cloud-sync sync\` to restore them.`;
  }
  const took = `(${formatDuration(elapsedMs)}, ${count(requests.api, 'API request')})`;
  if (outcome === 'clean') return `${cleanVerdict(finished, dryRun)} ${took}.`;
  if (outcome === 'partial') {
    return `Some files are not archived yet ${took}. Run the same command again; \`cloud-sync list --status failed,quarantined\` shows each reason.`;
  }
  return earlyVerdicts[outcome];
}

function cleanVerdict({ files }: RunFinished, dryRun: boolean): string {
  if (dryRun) return 'Nothing was transferred';
  return files.waiting > 0 ? 'Everything that the cloud offers now is archived' : 'Everything is archived and verified';
}

const earlyVerdicts = {
  interrupted: 'Interrupted; all progress is kept. Run the same command again to continue.',
  expired: 'Stopped: the credentials must be renewed. All progress is kept.',
  locked: 'Stopped: another run is at work on this archive.',
  failed: 'Stopped. All progress is kept.',
} as const;
