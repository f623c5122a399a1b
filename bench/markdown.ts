/** Formats the measured rows as Markdown tables. */
import { arch, cpus, release, totalmem, type } from 'node:os';
import { cpuCell, megabytes, nameOf, ratio, table } from './cells.ts';
import type { Reaction } from './lying.ts';
import { ratiosTo, ratiosToRclone, type Figures, type Ratios, type Row } from './row.ts';
import type { LibraryResult } from './shapes.ts';
import { apiRequestsPerSecond } from './tools/ours.ts';

export interface Report {
  /** The time of the bench in ISO 8601. */
  readonly measuredAt: string;
  readonly command: string;
  readonly missing: readonly string[];
  readonly rows: readonly Row[];
  readonly reactions: readonly Reaction[];
  readonly libraries: readonly LibraryResult[];
}

/** The conditions of the bench, and Cloud Sync's figures divided by the figures of its peers. */
export function summaryOf(report: Report): string {
  return [
    conditions(report),
    ...ratioTable(report.rows),
    ...proofTable(report.rows),
    ...describeMemoryLimits(report.rows),
    ...countReactions(report.reactions),
    ...countOriginals(report.libraries),
  ].join('\n\n');
}

/** The tables with the figures of every tool. Empty if nothing was measured. */
export function figuresOf({ rows }: Report): string[] {
  if (rows.length === 0) return [];
  const head = [
    'workload',
    'tool',
    'runs',
    'wall s',
    'throughput',
    'CPU',
    'user CPU',
    'peak memory MB',
    '÷ rclone: wall, CPU, user CPU, memory',
    'memory growth MB',
    'requests to source + store',
    'connections to source + store',
    'network traffic MB',
    'verification in transit',
    'fetched again MB',
  ];
  const lines = rows.map((row, index) =>
    figureLine(row, { isFirst: rows[index - 1]?.workload !== row.workload, toRclone: ratiosToRclone(row, rows) }),
  );
  return [table(head, lines)];
}

/** The table with the reaction of every tool to every lie. Empty if no source lied. */
export function reactionsOf({ reactions }: Report): string[] {
  if (reactions.length === 0) return [];
  const lines = reactions.map(({ lie, tool, ours, exitCode, outcome }, index) => [
    reactions[index - 1]?.lie === lie ? '' : lie,
    nameOf({ tool, ours }),
    exitCode?.toString() ?? 'killed',
    outcome,
  ]);
  const explained = [
    'The source lies about one of three files. The table shows how each tool reacts.',
    'Each file has the ETag that S3 gives to an upload in parts of 100 MiB or of 20 MiB. Only a tool that understands such an ETag can detect a changed byte.',
    'If a file arrives twice with the same bytes and its ETag says otherwise, the source has no better bytes. Cloud Sync then keeps the file, lists it as disputed and ends with 1.',
  ];
  return [explained.join('\n'), table(['reply of the source', 'tool', 'exit code', 'outcome'], lines)];
}

export function machine(): string {
  const model = cpus()[0]?.model.trim() ?? arch();
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${cpus().length} cores (${model}), ${memory} GB of memory, ${type()} ${release()}, Node.js ${process.version}`;
}

/** The table with the number of originals in each archive. Empty if no library was archived. */
export function librariesOf({ libraries }: Report): string[] {
  if (libraries.length === 0) return [];
  const lines = libraries.map((result, index) => [
    libraries[index - 1]?.library === result.library ? '' : result.library,
    nameOf(result),
    result.exitCode?.toString() ?? 'killed',
    `${result.right} of ${result.originals}`,
    String(result.others),
  ]);
  const explained = [
    'A simulated library has recordings with chapters, bursts, raw photos, edits, wrong sizes, odd times and hostile names.',
    'The table shows how many originals are in the archive with their exact bytes, and how many other files.',
  ];
  return [explained.join('\n'), table(['library', 'tool', 'exit code', 'originals', 'other files'], lines)];
}

function conditions({ measuredAt, command, missing, rows, reactions, libraries }: Report): string {
  const versions = new Map(
    [...rows, ...reactions, ...libraries].map(
      ({ tool, version }) => [tool.includes('aws') ? 'aws-cli' : tool.split(' ')[0], version] as const,
    ),
  );
  const tools = [...versions].map(([tool, version]) => `${tool} ${version}`).join(', ');
  return [
    `The bench ran on ${measuredAt.slice(0, 10)} with the command \`${command}\`.`,
    `The machine has ${machine()}. The tools are ${tools}.`,
    ...(missing.length === 0 ? [] : [`Could not be installed on this machine: ${missing.join(', ')}.`]),
    repetitions(rows),
    'The server that sends the files and the store that receives them are on the same machine. Both use TLS unless the row says otherwise.',
    'If the files go to a disk or a RAM disk, the time includes the system command `sync(1)`, which writes all buffered data out.',
    'The bench measures Cloud Sync as an installed package, from its start to its exit.',
    'So the time includes the tracker (the record of all files), the checksums and the check of the stored files.',
    `The bench lets Cloud Sync send ${apiRequestsPerSecond.toLocaleString('en')} API requests a second instead of the usual 4.`,
    'After each run the bench compares every stored file with the file that the server sent.',
  ].join('\n');
}

function repetitions(rows: readonly Row[]): string {
  const counts = new Set(rows.map(({ runs }) => runs.length));
  const maxRuns = Math.max(...counts);
  if (maxRuns <= 1) return 'Each figure is from one run.';
  const exception = counts.size > 1 ? ', or of the number in the column `runs`' : '';
  return `Each figure is the median of ${maxRuns} runs${exception}. The tools take turns.`;
}

const ratioFigures = ['wallSeconds', 'cpu', 'userCpu', 'peakBytes'] as const satisfies (keyof Ratios)[];

/** The table of ratios. A ratio below 1 means that Cloud Sync needed less than the other tool. */
function ratioTable(rows: readonly Row[]): string[] {
  const ours = rows.filter((row) => row.ours);
  if (ours.length === 0) return [];
  const toRclone = ['wall', 'CPU', 'user CPU', 'memory'].map((figure) => `${figure} ÷ rclone`);
  const toBest = ['wall', 'CPU', 'memory'].map((figure) => `${figure} ÷ best peer`);
  const lines = ours.map((row) => ratioLine(row, rows));
  return [table(['workload', 'wall s', ...toRclone, ...toBest], lines)];
}

function ratioLine(ours: Row, rows: readonly Row[]): string[] {
  const peers = rows.filter((row) => row.workload === ours.workload && !row.ours && !row.isVariant);
  const toRclone = ratiosToRclone(ours, rows);
  const toBest = (['wallSeconds', 'cpu', 'peakBytes'] as const).map((figure) => {
    const [best] = peers.toSorted((a, b) => a.figures[figure] - b.figures[figure]);
    return best ? `${ratio(ratiosTo(best.figures, ours.figures)[figure])} (${best.tool})` : '–';
  });
  const wall = ours.figures.wallSeconds.toFixed(2);
  return [ours.workload, wall, ...ratioFigures.map((figure) => ratio(toRclone?.[figure])), ...toBest];
}

/** The cost of the proof: Cloud Sync with and without, and the peer that proves files too. */
function proofTable(rows: readonly Row[]): string[] {
  const workloads = new Set(rows.filter(({ isVariant }) => isVariant).map(({ workload }) => workload));
  const compared = rows.filter(
    ({ workload, tool, ours, isVariant }) => workloads.has(workload) && (ours || isVariant || tool === 'gopro-media-downloader'),
  );
  if (compared.length === 0) return [];
  const lines = compared.map((row, index) => [
    compared[index - 1]?.workload === row.workload ? '' : row.workload,
    nameOf(row),
    row.figures.wallSeconds.toFixed(2),
    cpuCell(row),
    megabytes(row.figures.peakBytes),
  ]);
  const explained =
    'Cloud Sync and gopro-media-downloader compare each file with the checksum in the ETag of the source. The next table shows what this costs.';
  return [explained, table(['workload', 'tool', 'wall s', 'CPU', 'peak memory MB'], lines)];
}

/** One sentence for each row with a memory limit. */
function describeMemoryLimits(rows: readonly Row[]): string[] {
  return rows.flatMap(({ workload, figures: { wallSeconds, cpu, peakBytes }, memoryLimitBytes }) => {
    if (memoryLimitBytes === undefined) return [];
    const share = Math.round((100 * peakBytes) / memoryLimitBytes);
    const limit = `${(memoryLimitBytes / 2 ** 20).toLocaleString('en')} MiB`;
    const time = `${wallSeconds.toFixed(2)} s and ${cpu.toFixed(2)} s of CPU per GB`;
    return `The ${workload} took ${time}. It used at most ${megabytes(peakBytes)} MB of memory, ${share} % of its ${limit}.`;
  });
}

/** One sentence with the number of lies that each tool survived or detected. */
function countReactions(reactions: readonly Reaction[]): string[] {
  if (reactions.length === 0) return [];
  const tools = [...new Set(reactions.map(({ tool }) => tool))].map((tool) => {
    const all = reactions.filter((reaction) => reaction.tool === tool);
    const good = all.filter(({ outcome }) => outcome === 'survived' || outcome.startsWith('detected'));
    return `${tool} ${good.length} of ${all.length}`;
  });
  return [
    [
      'In another test the server sends wrong data or falls silent.',
      `In this number of cases the tool stored the right file or reported an error: ${tools.join(', ')}.`,
    ].join('\n'),
  ];
}

/** One sentence with the number of originals in the archives of each tool. */
function countOriginals(libraries: readonly LibraryResult[]): string[] {
  if (libraries.length === 0) return [];
  const counts = libraries.map(({ library, tool, right, originals }) => `${tool} ${right} of ${originals} (${library})`);
  return [`Originals archived from a simulated library: ${counts.join(', ')}.`];
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
    cpuCell(row),
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

/** The cell with a count of the source and a count of the store. */
function sum(source: number, store: number): string {
  return `${source.toLocaleString('en')} + ${store.toLocaleString('en')}`;
}

/** The cell with the throughput. Empty for a workload that moves no file, and for a killed job. */
function throughput({ per, files, figures }: Row): string {
  if (per === 'run' || figures.refetchedBytes !== undefined) return '';
  if (per === 'file') return `${Math.round(files.count / figures.wallSeconds).toLocaleString('en')} files/s`;
  return `${megabytes((files.count * files.sizeBytes) / figures.wallSeconds)} MB/s`;
}

function refetched({ runs }: Row, { refetchedBytes }: Figures): string {
  const ofBytes = runs[0]?.refetched?.ofBytes;
  if (refetchedBytes === undefined || !ofBytes) return '';
  return `${megabytes(refetchedBytes)} (${Math.round((100 * refetchedBytes) / ofBytes)} % of the first attempt)`;
}
