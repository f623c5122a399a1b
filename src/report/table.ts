import { clean } from '../lib/log.ts';
import type { RunFinished } from '../events.ts';
import { count, formatBytes, formatDuration } from './figures.ts';

const reasonsHint = '`cloud-sync list --status failed,quarantined,missing,damaged`';
const lossHint = '`cloud-sync list --status lost` names the lost files, `cloud-sync accept` accepts their loss';

/** The limit of files in the table. `list` shows all of them. */
const maxLines = 20;

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
    ['lost', figure(files.lost), 'missing or damaged here, and no longer in the cloud; `cloud-sync accept` accepts the loss'],
    ['accepted', figure(files.accepted), 'no run fails because of them; `cloud-sync retry` undoes this'],
  ];
  return [...(dryRun ? [] : [archived]), there, ...others.filter(([, number]) => number !== '0')];
}

function verifyRows(verified: NonNullable<RunFinished['verified']>): readonly Row[] {
  const stillThere = verified.lost === 0 ? 'them' : 'what the cloud still has';
  const rows: readonly Row[] = [
    ['checked', figure(verified.files), formatBytes(verified.bytes)],
    ['missing', figure(verified.missing), `the next \`sync\` fetches ${stillThere} again`],
    ['damaged', figure(verified.damaged), `the next \`sync\` replaces ${stillThere} and keeps the damaged ones aside`],
    ['lost', figure(verified.lost), 'of these, and no longer in the cloud; `cloud-sync accept` accepts the loss'],
    ['superseded', figure(verified.superseded), 'damaged, and replaced by a later revision; nothing to do'],
    ['unreadable', figure(verified.unreadable), 'the store does not show their bytes now; their marks stay as they are'],
    ['unknown', figure(verified.unknown), 'not from Cloud Sync; left alone'],
  ];
  return rows.filter(([label, number]) => label === 'checked' || number !== '0');
}

function problemLines(problems: readonly string[]): readonly string[] {
  if (problems.length === 0) return [];
  const more = problems.length - maxLines;
  const rest = more > 0 ? [`  … and ${more} more: ${reasonsHint}`] : [];
  return ['', ...problems.slice(0, maxLines).map((line) => `  ${clean(line)}`), ...rest];
}

function verdict(finished: RunFinished, dryRun: boolean): string {
  const { outcome, elapsedMs, verified, requests } = finished;
  if (outcome !== 'clean' && outcome !== 'partial') return earlyVerdicts[outcome];
  if (verified) return verifyVerdict(verified, outcome, formatDuration(elapsedMs));
  const took = `(${formatDuration(elapsedMs)}, ${count(requests.api, 'API request')})`;
  return outcome === 'clean' ? `${cleanVerdict(finished, dryRun)} ${took}.` : partialVerdict(finished, took);
}

function verifyVerdict(
  { missing, damaged, lost, unreadable }: NonNullable<RunFinished['verified']>,
  outcome: 'clean' | 'partial',
  took: string,
): string {
  if (outcome === 'clean') {
    if (missing + damaged > 0) return `Every file that differs was accepted (${took}).`;
    return `Every archived file ${unreadable > 0 ? 'that could be read ' : ''}is there and intact (${took}).`;
  }
  if (missing + damaged === 0) return `Some files could not be read (${took}). Run the same command again later.`;
  const restore = missing + damaged > lost ? ' Run `cloud-sync sync` to restore them.' : '';
  return `Some files differ from what was archived (${took}).${restore}${lost > 0 ? ` ${lossHint}.` : ''}`;
}

function partialVerdict({ files }: RunFinished, took: string): string {
  if (files.lost > 0 && files.failed + files.quarantined + files.pending === 0)
    return `Some archived files are lost ${took}. ${lossHint}.`;
  const loss = files.lost > 0 ? `; ${lossHint}` : '';
  return `Some files are not archived yet ${took}. Run the same command again; ${reasonsHint} shows each reason${loss}.`;
}

function cleanVerdict({ files }: RunFinished, dryRun: boolean): string {
  if (dryRun) return 'Nothing was transferred';
  const accepted = files.accepted > 0 ? ', except what was accepted' : '';
  return `${files.waiting > 0 ? 'Everything that the cloud offers now is archived' : 'Everything is archived and verified'}${accepted}`;
}

const earlyVerdicts = {
  interrupted: 'Interrupted; all progress is kept. Run the same command again to continue.',
  expired: 'Stopped: the credentials must be renewed. All progress is kept.',
  locked: 'Stopped: another run is at work on this archive.',
  failed: 'Stopped. All progress is kept.',
} as const;
