import { basename } from 'node:path/posix';
import { createLogUpdate } from 'log-update';
import { printable } from '../lib/log.ts';
import { describe, describeProgress } from './describe.ts';
import type { ActiveFile, Progress, Report } from '../events.ts';
import { formatBytes, formatDuration } from './figures.ts';
import { createProblems } from './problems.ts';
import { finalTable } from './table.ts';

const redrawEveryMs = 100;

/** The members of a terminal that the reporter uses. `process.stdout` has them. */
export type Terminal = NodeJS.WritableStream & { readonly columns?: number; readonly rows?: number };

/**
 * Keeps a live block at the bottom, with one line for each active file and one for the total.
 * Prints a line for each event above the block. The table comes at the end.
 */
export function createTerminalReport(terminal: Terminal, now: () => number): Report {
  const live = createLogUpdate(terminal);
  const problems = createProblems();
  let drawnAtMs = 0;
  let block = '';
  return (event) => {
    problems.note(event);
    if (event.type === 'run.finished') {
      live.clear();
      live.done();
      return void terminal.write(finalTable(event, problems.lines()));
    }
    if (event.type === 'progress') {
      if (now() < drawnAtMs + redrawEveryMs) return;
      drawnAtMs = now();
      block = progressBlock(event, terminal);
      return live(block);
    }
    if (event.type === 'listing.page') return live(`Reading the listing: page ${event.page} of ${event.totalPages}`);
    const line = describe(event);
    if (line === undefined) return;
    live.persist(line);
    if (block !== '') live(block);
  };
}

/** The live block. It fits the terminal, because lines that scroll away cannot be redrawn. */
export function progressBlock(progress: Progress, { columns = 80, rows = 24 }: Pick<Terminal, 'columns' | 'rows'>): string {
  const room = Math.max(1, rows - 3);
  const shown = progress.active.slice(0, room);
  const hidden = progress.active.length - shown.length;
  const more = hidden > 0 ? [`… and ${hidden} more`] : [];
  return [...shown.map((file) => fileLine(file, columns)), ...more, `Total: ${describeProgress(progress)}`]
    .map((line) => line.slice(0, columns - 1))
    .join('\n');
}

function fileLine({ key, bytesDone, sizeBytes, bytesPerSecond }: ActiveFile, columns: number): string {
  const done = sizeBytes ? Math.min(1, bytesDone / sizeBytes) : 0;
  const leftMs =
    sizeBytes !== null && bytesPerSecond > 0 && bytesDone < sizeBytes
      ? ((sizeBytes - bytesDone) / bytesPerSecond) * 1000
      : undefined;
  const figures = [
    `${formatBytes(bytesDone)}${sizeBytes === null ? '' : ` of ${formatBytes(sizeBytes)}`}`.padEnd(20),
    `${formatBytes(bytesPerSecond)}/s`.padStart(11),
    leftMs === undefined ? '' : `${formatDuration(Math.ceil(leftMs / 1000) * 1000)} left`,
  ];
  const barWidth = columns < 100 ? 10 : 20;
  const bar = '█'.repeat(Math.round(done * barWidth)).padEnd(barWidth, '░');
  const nameWidth = Math.max(12, Math.min(44, columns - barWidth - 48));
  return `${fit(printable(basename(key)), nameWidth)} ${bar} ${figures.join(' ')}`;
}

/** Shortens a text in the middle, so that its beginning and its end both stay visible. */
function fit(text: string, width: number): string {
  if (text.length <= width) return text.padEnd(width);
  const head = Math.ceil((width - 1) / 2);
  return `${text.slice(0, head)}…${text.slice(text.length - (width - 1 - head))}`;
}
