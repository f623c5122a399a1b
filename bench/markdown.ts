/** The measured rows as tables for people. */
import { arch, cpus, release, totalmem, type } from 'node:os';
import type { Reaction } from './lying.ts';
import { ratiosTo, ratiosToRclone, type Figures, type Ratios, type Row } from './row.ts';
import { apiRequestsPerSecond } from './tools/ours.ts';

export interface Report {
  /** ISO 8601. */
  readonly measuredAt: string;
  readonly command: string;
  readonly missing: readonly string[];
  readonly rows: readonly Row[];
  readonly reactions: readonly Reaction[];
}

/** What was measured, how, and our figures as multiples of the others'. */
export function summaryOf(report: Report): string {
  return [conditions(report), ...ratioTable(report.rows), ...limits(report.rows), ...lied(report.reactions)].join('\n\n');
}

/** Every tool's own figures, if anything was measured. */
export function figuresOf({ rows }: Report): string[] {
  if (rows.length === 0) return [];
  const head = [
    'workload',
    'tool',
    'runs',
    'wall s',
    'throughput',
    'CPU',
    'of it user',
    'peak memory MB',
    '÷ rclone: wall, CPU, user CPU, memory',
    'grew by MB',
    'requests source + store',
    'connections',
    'on the wire MB',
    'verified on the way',
    'fetched again MB',
  ];
  const lines = rows.map((row, index) =>
    figureLine(row, { isFirst: rows[index - 1]?.workload !== row.workload, toRclone: ratiosToRclone(row, rows) }),
  );
  return [table(head, lines)];
}

/** What the tools made of sources that lied, if any did. */
export function reactionsOf({ reactions }: Report): string[] {
  if (reactions.length === 0) return [];
  const lines = reactions.map(({ lie, tool, ours, exitCode, outcome }, index) => [
    reactions[index - 1]?.lie === lie ? '' : lie,
    nameOf({ tool, ours }),
    exitCode?.toString() ?? 'killed',
    outcome,
  ]);
  const explained = [
    'What the tools made of a source that lies about one of three files.',
    'Nobody can see one changed byte without a checksum from the source, and this one gives none.',
  ];
  return [explained.join('\n'), table(['the source’s reply', 'tool', 'exit code', 'outcome'], lines)];
}

export function machine(): string {
  const model = cpus()[0]?.model.trim() ?? arch();
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${cpus().length} cores (${model}), ${memory} GB of memory, ${type()} ${release()}, Node.js ${process.version}`;
}

function conditions({ measuredAt, command, missing, rows, reactions }: Report): string {
  const versions = new Map(
    [...rows, ...reactions].map(({ tool, version }) => [tool.includes('aws') ? 'aws-cli' : tool.split(' ')[0], version] as const),
  );
  const named = [...versions].map(([tool, version]) => `${tool} ${version}`).join(', ');
  return [
    `Measured on ${measuredAt.slice(0, 10)} by \`${command}\` on ${machine()}: ${named}.`,
    ...(missing.length === 0 ? [] : [`Not to be had on this machine: ${missing.join(', ')}.`]),
    repetitions(rows),
    'Source and store are on the same machine, over TLS unless said; writing to a directory ends with the end of `sync(1)`.',
    'Cloud Sync is the packed program from its start to its exit, with its tracker, its checksums and its look at what was stored;',
    `it may ask the API ${apiRequestsPerSecond.toLocaleString('en')} times a second instead of its polite 4.`,
    'After each run everything that arrived is compared with the source.',
  ].join('\n');
}

function repetitions(rows: readonly Row[]): string {
  const counts = new Set(rows.map(({ runs }) => runs.length));
  const most = Math.max(...counts);
  if (most <= 1) return 'One run each.';
  return `Medians of ${most} runs${counts.size > 1 ? ' where the table of all figures says no other number' : ''}, the tools taking turns.`;
}

const ratioFigures = ['wallSeconds', 'cpu', 'userCpu', 'peakBytes'] as const satisfies (keyof Ratios)[];

/** Below 1 ours took less. */
function ratioTable(rows: readonly Row[]): string[] {
  const ours = rows.filter((row) => row.ours);
  if (ours.length === 0) return [];
  const toRclone = ['wall', 'CPU', 'user CPU', 'memory'].map((figure) => `${figure} ÷ rclone`);
  const toBest = ['wall', 'CPU', 'memory'].map((figure) => `${figure} ÷ best peer`);
  const lines = ours.map((row) => ratioLine(row, rows));
  return [table(['workload', 'wall s', ...toRclone, ...toBest], lines)];
}

function ratioLine(ours: Row, rows: readonly Row[]): string[] {
  const peers = rows.filter((row) => row.workload === ours.workload && !row.ours);
  const toRclone = ratiosToRclone(ours, rows);
  const toBest = (['wallSeconds', 'cpu', 'peakBytes'] as const).map((figure) => {
    const [best] = peers.toSorted((a, b) => a.figures[figure] - b.figures[figure]);
    return best ? `${ratio(ratiosTo(best.figures, ours.figures)[figure])} (${best.tool})` : '–';
  });
  const wall = ours.figures.wallSeconds.toFixed(2);
  return [ours.workload, wall, ...ratioFigures.map((figure) => ratio(toRclone?.[figure])), ...toBest];
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

/** In words, how each tool fared with a source that lied; all of it is in a table of its own. */
function lied(reactions: readonly Reaction[]): string[] {
  if (reactions.length === 0) return [];
  const tools = [...new Set(reactions.map(({ tool }) => tool))].map((tool) => {
    const its = reactions.filter((reaction) => reaction.tool === tool);
    const noticed = its.filter(({ outcome }) => outcome === 'survived' || outcome.startsWith('detected'));
    return `${tool} survived or detected ${noticed.length} of ${its.length}`;
  });
  return [`A source that lied, or fell silent: ${tools.join(', ')}. Nobody can detect one changed byte.`];
}

function ratio(value: number | undefined): string {
  return value !== undefined && Number.isFinite(value) ? value.toFixed(2) : '–';
}

function nameOf({ tool, ours }: Pick<Row, 'tool' | 'ours'>): string {
  return ours ? `**${tool}**` : tool;
}

function figureLine(
  row: Row,
  { isFirst, toRclone }: { readonly isFirst: boolean; readonly toRclone: Ratios | undefined },
): string[] {
  const { figures } = row;
  return [
    isFirst ? row.workload : '',
    nameOf(row),
    String(row.runs.length),
    figures.wallSeconds.toFixed(2),
    throughput(row),
    `${figures.cpu.toFixed(2)} ${{ GB: 's/GB', file: 'ms a file', run: 's' }[row.per]}`,
    figures.userCpu.toFixed(2),
    megabytes(figures.peakBytes),
    toRclone ? ratioFigures.map((figure) => ratio(toRclone[figure])).join(', ') : '',
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
  const rounded = Math.round(bytes / 1e6);
  return (rounded === 0 ? 0 : rounded).toLocaleString('en'); // and never -0
}

function table(head: readonly string[], lines: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...lines].map(line).join('\n');
}

function line(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}
