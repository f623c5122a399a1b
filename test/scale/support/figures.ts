/** Measures the cost of command line runs, and prints a table for a person at the end. */
import { readFileSync } from 'node:fs';
import { startCli, type CliRun, type RunningCli } from '../../support/cli.ts';

export interface MeasuredRun extends CliRun {
  readonly wallMs: number;
  /** User and system time of the process. 0 if the system does not report these times. */
  readonly cpuMs: number;
}

export interface MeasuredCli extends Omit<RunningCli, 'ended'> {
  readonly ended: Promise<MeasuredRun>;
}

/** Starts the command line and measures its cost. */
export function startMeasured(args: readonly string[], environment: Readonly<Record<string, string>>): MeasuredCli {
  const startedAtMs = performance.now();
  const running = startCli(args, { environment, withinMs: 1_200_000 });
  let cpuMs = 0;
  const watching = setInterval(() => (cpuMs = Math.max(cpuMs, cpuMsOf(running.pid))), 20);
  const ended = running.ended
    .then((run) => ({ ...run, wallMs: performance.now() - startedAtMs, cpuMs }))
    .finally(() => clearInterval(watching));
  return { ...running, ended };
}

/** Reads fields 14 and 15 of /proc/…/stat, which count hundredths of a second. */
function cpuMsOf(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return (Number(fields[11]) + Number(fields[12])) * 10;
  } catch {
    return 0;
  }
}

interface Row {
  readonly what: string;
  readonly run: Pick<MeasuredRun, 'wallMs' | 'cpuMs' | 'peakRssBytes'>;
  readonly apiRequests: number;
  /** Media bytes that the simulator sent. */
  readonly mediaBytes: number;
}

const rows: Row[] = [];

export function addFigures(row: Row): void {
  rows.push(row);
}

/** Writes the table directly to standard error, not through the test runner. */
export function printFigures(): void {
  const head = ['', 'wall s', 'CPU s', 'CPU s/GB', 'max RSS MiB', 'API requests', 'media GB'];
  const lines = rows.map(({ what, run, apiRequests, mediaBytes }) => {
    const gigabytes = mediaBytes / 1e9;
    return [
      what,
      (run.wallMs / 1000).toFixed(2),
      (run.cpuMs / 1000).toFixed(2),
      gigabytes > 0.1 ? (run.cpuMs / 1000 / gigabytes).toFixed(2) : '–',
      (run.peakRssBytes / 1024 ** 2).toFixed(0),
      String(apiRequests),
      gigabytes.toFixed(3),
    ];
  });
  const widths = head.map((_, column) => Math.max(...[head, ...lines].map((line) => line[column]?.length ?? 0)));
  const text = [head, ...lines].map((line) =>
    line.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0))).join('  '),
  );
  process.stderr.write(`\n${text.join('\n')}\n\n`);
}
