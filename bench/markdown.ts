/** The measured rows as tables for people. */
import { arch, cpus, release, totalmem, type } from 'node:os';
import type { Figures, Row } from './row.ts';
import { apiRequestsPerSecond } from './tools/ours.ts';

export interface Report {
  /** ISO 8601. */
  readonly measuredAt: string;
  readonly command: string;
  readonly rounds: number;
  readonly missing: readonly string[];
  readonly rows: readonly Row[];
}

/** What was measured, how, and our figures as multiples of the others'. */
export function summaryOf(report: Report): string {
  return [conditions(report), ratioTable(report.rows), ...limits(report.rows)].join('\n\n');
}

/** Every tool's own figures. */
export function figuresOf({ rows }: Report): string {
  const head = [
    'workload',
    'tool',
    'wall s',
    'throughput',
    'CPU',
    'of it user',
    'peak memory MB',
    'grew by MB',
    'requests source + store',
    'connections',
    'on the wire MB',
    'verified on the way',
    'fetched again MB',
  ];
  return table(
    head,
    rows.map((row, index) => figureLine(row, rows[index - 1]?.workload !== row.workload)),
  );
}

export function machine(): string {
  const model = cpus()[0]?.model.trim() ?? arch();
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${cpus().length} cores (${model}), ${memory} GB of memory, ${type()} ${release()}, Node.js ${process.version}`;
}

function conditions({ measuredAt, command, rounds, missing, rows }: Report): string {
  const versions = new Map(
    rows.map(({ tool, version }) => [tool.includes('aws') ? 'aws-cli' : tool.split(' ')[0], version] as const),
  );
  const named = [...versions].map(([tool, version]) => `${tool} ${version}`).join(', ');
  return [
    `Measured on ${measuredAt.slice(0, 10)} by \`${command}\` on ${machine()}: ${named}.`,
    ...(missing.length === 0 ? [] : [`Not to be had on this machine: ${missing.join(', ')}.`]),
    rounds === 1 ? 'One run each.' : `Medians of ${rounds} runs, the tools taking turns.`,
    'Source and store are on the same machine, over TLS unless said; writing to a directory ends with the end of `sync(1)`.',
    'Cloud Sync is the packed program from its start to its exit, with its tracker, its checksums and its look at what was stored;',
    `it may ask the API ${apiRequestsPerSecond.toLocaleString('en')} times a second instead of its polite 4.`,
    'After each run everything that arrived is compared with the source.',
  ].join('\n');
}

/** Below 1 ours took less. */
function ratioTable(rows: readonly Row[]): string {
  const toRclone = ['wall', 'CPU', 'user CPU', 'memory'].map((figure) => `${figure} ÷ rclone`);
  const toBest = ['wall', 'CPU', 'memory'].map((figure) => `${figure} ÷ best peer`);
  const head = ['workload', 'wall s', ...toRclone, ...toBest, 'bytes verified on the way'];
  return table(
    head,
    rows.filter((row) => row.ours).map((ours) => ratioLine(ours, rows)),
  );
}

function ratioLine(ours: Row, rows: readonly Row[]): string[] {
  const all = rows.filter((row) => row.workload === ours.workload);
  const peers = all.filter((row) => !row.ours);
  const rclone = peers.find(({ tool }) => tool === 'rclone');
  const toRclone = (['wallSeconds', 'cpu', 'userCpu', 'peakBytes'] as const).map((figure) =>
    rclone ? ratio(ours.figures[figure], rclone.figures[figure]) : '–',
  );
  const toBest = (['wallSeconds', 'cpu', 'peakBytes'] as const).map((figure) => {
    const [best] = peers.toSorted((a, b) => a.figures[figure] - b.figures[figure]);
    return best ? `${ratio(ours.figures[figure], best.figures[figure])} (${best.tool})` : '–';
  });
  const verified = all.map(({ tool, verified }) => `${tool}: ${verified}`).join('; ');
  return [ours.workload, ours.figures.wallSeconds.toFixed(2), ...toRclone, ...toBest, verified];
}

/** In words, of what has only so much memory. */
function limits(rows: readonly Row[]): string[] {
  return rows.flatMap(({ workload, figures: { wallSeconds, cpu, peakBytes }, memoryLimitBytes }) => {
    if (memoryLimitBytes === undefined) return [];
    const share = Math.round((100 * peakBytes) / memoryLimitBytes);
    const limit = `${(memoryLimitBytes / 2 ** 20).toLocaleString('en')} MiB`;
    const took = `${wallSeconds.toFixed(2)} s, ${cpu.toFixed(2)} s of CPU a GB, and at most ${megabytes(peakBytes)} MB of memory`;
    return `The ${workload} took ${took}: ${share} % of its ${limit}.`;
  });
}

function ratio(ours: number, other: number): string {
  return other > 0 ? (ours / other).toFixed(2) : '–';
}

function figureLine(row: Row, isFirst: boolean): string[] {
  const { figures } = row;
  return [
    isFirst ? row.workload : '',
    row.ours ? `**${row.tool}**` : row.tool,
    figures.wallSeconds.toFixed(2),
    throughput(row),
    `${figures.cpu.toFixed(2)} ${{ GB: 's/GB', file: 'ms a file', run: 's' }[row.per]}`,
    figures.userCpu.toFixed(2),
    megabytes(figures.peakBytes),
    megabytes(figures.growthBytes),
    sum(figures.sourceRequests, figures.sinkRequests),
    sum(figures.sourceConnections, figures.sinkConnections),
    megabytes(figures.wireBytes),
    row.verified,
    refetched(row, figures),
  ];
}

/** Of the source and of the store. */
function sum(source: number, store: number): string {
  return `${source.toLocaleString('en')} + ${store.toLocaleString('en')}`;
}

/** Of what the workload has to move; empty where that is nothing, or only the rest of something. */
function throughput({ per, files, figures }: Row): string {
  if (per === 'run' || figures.refetchedBytes !== undefined) return '';
  if (per === 'file') return `${Math.round(files.count / figures.wallSeconds).toLocaleString('en')} files/s`;
  return `${megabytes((files.count * files.sizeBytes) / figures.wallSeconds)} MB/s`;
}

function refetched({ runs }: Row, { refetchedBytes }: Figures): string {
  const ofBytes = runs[0]?.refetched?.ofBytes;
  if (refetchedBytes === undefined || !ofBytes) return '';
  return `${megabytes(refetchedBytes)} (${Math.round((100 * refetchedBytes) / ofBytes)} % of what it had)`;
}

function megabytes(bytes: number): string {
  return Math.round(bytes / 1e6).toLocaleString('en');
}

function table(head: readonly string[], lines: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...lines].map(line).join('\n');
}

function line(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}
