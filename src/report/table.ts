import { clean } from '../lib/log.ts';
import type { RunFinished } from '../events.ts';
import { count, formatBytes, formatDuration } from './figures.ts';
import { cloudChecksum, reasonsHint } from './problems.ts';
import { copyRows, copyVerdict } from './copied.ts';
import { thawRows, thawVerdict } from './thawed.ts';
import { restoreRows, restoreVerdict, type Row } from './restored.ts';

const disputeHint = '`cloud-sync list --proof disputed` names them';
const lossHint = '`cloud-sync list --status lost` names the lost files, `cloud-sync accept` accepts their loss';

/**
 * The table at the end of a run, for a person. It counts the files that were archived, were already
 * there, wait or failed, and says what to do next. It leaves out the error that ended the run,
 * because the caller prints that error.
 */
export function finalTable(finished: RunFinished, problems: readonly string[]): string {
  const rows = rowsOf(finished);
  // A run that ended early may have counted nothing, so its zeros say nothing.
  const shown = finished.error ? rows.filter(([, number]) => number !== '0') : rows;
  const width = Math.max(0, ...shown.map(([label]) => label.length));
  const figureWidth = Math.max(0, ...shown.map(([, figure]) => figure.length));
  const table = shown.map(([label, figure, note]) =>
    `  ${label.padEnd(width)}  ${figure.padStart(figureWidth)}  ${note}`.trimEnd(),
  );
  // If the filters select nothing, a warning has already named the values that match nothing.
  const { selected = 0, unmatched = [] } = finished.filters ?? {};
  const remarks = selected === 0 ? [] : unmatched.map((remark) => `  ${clean(remark)}`);
  const blocks = [table, remarks, problems.map((line) => `  ${clean(line)}`), [verdict(finished)]];
  return blocks
    .filter((lines) => lines.some((line) => line !== ''))
    .map((lines) => `\n${lines.join('\n')}\n`)
    .join('');
}

function rowsOf(finished: RunFinished): readonly Row[] {
  if (finished.restored) return restoreRows(finished.restored);
  if (finished.copied) return copyRows(finished.copied);
  if (finished.thawed) return thawRows(finished.thawed);
  return finished.verified ? verifyRows(finished.verified) : syncRows(finished);
}

function figure(number: number): string {
  return number.toLocaleString('en');
}

function syncRows({ kind, files, filters, bytes, rolling }: RunFinished): readonly Row[] {
  const isDryRun = kind === 'dry-run';
  const fetched = bytes.fetched > bytes.archived ? `, ${formatBytes(bytes.fetched)} fetched` : '';
  const archived: Row = ['archived', figure(files.archived), formatBytes(bytes.archived) + fetched];
  const proven: Row = ['proven', figure(files.proven), `of ${figure(files.archived)} match ${cloudChecksum}`];
  const done = isDryRun ? [] : files.archived === 0 ? [archived] : [archived, proven];
  const there: Row = ['already there', figure(files.skipped), ''];
  const others: readonly (Row & { readonly 1: string })[] = [
    ['disputed', figure(files.disputed), `their bytes came twice and do not match ${cloudChecksum}; ${disputeHint}`],
    ['waiting', figure(files.waiting), 'not ready in the cloud yet; the next run asks again'],
    isDryRun ? ['to do', figure(files.pending), ''] : ['not reached', figure(files.pending), 'the next run archives them'],
    ['deleted', figure(files.sourceDeleted), 'gone from the cloud before they were archived'],
    ['failed', figure(files.failed), 'the next run tries again'],
    ['quarantined', figure(files.quarantined), 'failed too often; `cloud-sync retry` gives them another chance'],
    [
      'lost',
      figure(files.lost),
      'missing, damaged or suspect here, and no longer in the cloud; `cloud-sync accept` accepts the loss',
    ],
    ['accepted', figure(files.accepted), 'no run fails because of them; `cloud-sync retry` undoes this'],
    ['read again', figure(rolling?.files ?? 0), `${formatBytes(rolling?.bytes ?? 0)} of files that were archived before`],
    ['left out', figure(filters?.leftOut ?? 0), 'media of the library that the filters do not select'],
  ];
  return [...done, there, ...others.filter(([, number]) => number !== '0')];
}

function verifyRows(verified: NonNullable<RunFinished['verified']>): readonly Row[] {
  const stillThere = verified.lost === 0 ? 'them' : 'what the cloud still has';
  const rows: readonly Row[] = [
    ['checked', figure(verified.files), formatBytes(verified.bytes)],
    ['missing', figure(verified.missing), `the next \`sync\` fetches ${stillThere} again`],
    ['damaged', figure(verified.damaged), `the next \`sync\` replaces ${stillThere} and keeps the damaged ones aside`],
    ['suspect', figure(verified.suspect), `do not match ${cloudChecksum}; the next \`sync\` fetches ${stillThere} once more`],
    ['lost', figure(verified.lost), 'of these, and no longer in the cloud; `cloud-sync accept` accepts the loss'],
    ['proven', figure(verified.proven), `match ${cloudChecksum}`],
    ['disputed', figure(verified.disputed), `their bytes came twice and do not match ${cloudChecksum}; ${disputeHint}`],
    ['superseded', figure(verified.superseded), 'replaced by a later revision; nothing to do'],
    ['unreadable', figure(verified.unreadable), 'the store does not show their bytes now; their marks stay as they are'],
    ['not asked', figure(verified.unasked ?? 0), 'the cloud could not be asked for their checksums; run the same command again'],
    ['unknown', figure(verified.unknown), 'not from Cloud Sync; left alone'],
  ];
  return rows.filter(([label, number]) => label === 'checked' || number !== '0');
}

/**
 * Says in a sentence how a run ended and what to do next. Empty if an error ended the run and
 * its message and hint say that.
 */
export function verdict(finished: RunFinished): string {
  const { error, outcome, elapsedMs, verified, restored, copied, thawed, requests, kind } = finished;
  if (error && thawed) return '';
  if (error && copied) return 'Copied files stay. Run the same command again to continue.';
  if (error && restored) return 'Restored files stay. Run the same command again to continue.';
  if (error) return (outcome === 'failed' || outcome === 'expired') && kind === 'sync' ? 'All progress is kept.' : '';
  const isClean = outcome === 'clean';
  if (restored) return restoreVerdict(restored, isClean, formatDuration(elapsedMs));
  if (thawed) return thawVerdict(thawed, formatDuration(elapsedMs));
  if (copied) return copyVerdict(copied, isClean, formatDuration(elapsedMs));
  if (verified) return verifyVerdict(verified, isClean, formatDuration(elapsedMs));
  const took = `(${formatDuration(elapsedMs)}, ${count(requests.api, 'API request')})`;
  return isClean ? `${cleanVerdict(finished)} ${took}.` : partialVerdict(finished, took);
}

function verifyVerdict(
  { files, missing, damaged, suspect, lost, unreadable, unasked, rollingDays }: NonNullable<RunFinished['verified']>,
  isClean: boolean,
  took: string,
): string {
  const differing = missing + damaged + suspect;
  if (isClean && rollingDays !== undefined && differing === 0)
    return files === 0 ? `No file needs a check now (${took}).` : `Every file that was read is intact (${took}).`;
  if (isClean) {
    if (files + missing === 0) return `The archive has no files to check (${took}).`;
    if (differing > 0) return `Every file that differs was accepted (${took}).`;
    return `Every archived file ${unreadable > 0 ? 'that could be read ' : ''}is there and intact (${took}).`;
  }
  if (differing === 0 && unreadable === 0 && unasked)
    return `Every file that was read is intact, but the cloud could not be asked about some files (${took}). Run the same command again later.`;
  if (differing === 0) return `Some files could not be read (${took}). Run the same command again when they can be read.`;
  const isAllSuspect = suspect === differing;
  const finding = isAllSuspect ? `Some files do not match ${cloudChecksum}` : 'Some files differ from what was archived';
  const aim = isAllSuspect ? 'fetch them once more' : 'restore them';
  const restore = differing > lost ? ` Run \`cloud-sync sync\` to ${aim}.` : '';
  return `${finding} (${took}).${restore}${lost > 0 ? ` ${lossHint}.` : ''}`;
}

function partialVerdict(finished: RunFinished, took: string): string {
  const { files, kind, rolling } = finished;
  if (kind === 'dry-run')
    return `Nothing was transferred ${took}. ${reasonsHint} shows why files of earlier runs are not archived.`;
  const isAllThere = files.failed + files.quarantined + files.pending === 0;
  if (isAllThere && files.lost > 0) return `Some archived files are lost ${took}. ${lossHint}.`;
  if (isAllThere && files.disputed > 0)
    return `${cleanVerdict(finished)}, but some files do not match ${cloudChecksum} ${took}. ${disputeHint}.`;
  if (isAllThere && rolling && rolling.unreadable > 0)
    return `${cleanVerdict(finished)}, but some files could not be read again ${took}. Run the same command again later.`;
  const loss = files.lost > 0 ? `; ${lossHint}` : '';
  return `Some files are not archived yet ${took}. Run the same command again; ${reasonsHint} shows each reason${loss}.`;
}

function cleanVerdict({ kind, media, files, filters }: RunFinished): string {
  if (kind === 'dry-run') return 'Nothing was transferred';
  if (filters && filters.leftOut > 0) {
    if (filters.selected === 0) return 'Nothing was archived, because the filters select no medium of the library';
    return `Everything that the filters select is archived and verified${exceptAccepted(files)}`;
  }
  if (media.listed === 0 && files.archived + files.skipped === 0) return 'The library is empty, so there is nothing to archive';
  const isAll = files.waiting + files.sourceDeleted === 0;
  return `${isAll ? 'Everything is archived and verified' : 'Everything that the cloud offers now is archived'}${exceptAccepted(files)}`;
}

function exceptAccepted({ accepted }: RunFinished['files']): string {
  return accepted > 0 ? ', except what was accepted' : '';
}
