/** A row holds the runs of one tool in one workload and the figures for the tables. */
import type { Run } from './bench.ts';
import type { Files } from './servers.ts';
import type { Tool } from './tools/tool.ts';

export interface Row {
  readonly workload: string;
  readonly tool: string;
  readonly ours: boolean;
  /** Whether the tool is Cloud Sync with other options. Such a row is not a peer's. */
  readonly isVariant: boolean;
  readonly version: string;
  /** How the tool verified the bytes in transit. */
  readonly verified: string;
  readonly files: Files;
  /** The CPU time is given per GB, per file or per run. */
  readonly per: 'GB' | 'file' | 'run';
  readonly runs: readonly Run[];
  /** The memory that the process may use. Undefined means no limit. */
  readonly memoryLimitBytes: number | undefined;
  readonly figures: Figures;
}

/** The medians of all runs of a row. */
export interface Figures {
  readonly wallSeconds: number;
  /** User and system time, in seconds per GB, milliseconds per file, or seconds per run. */
  readonly cpu: number;
  readonly userCpu: number;
  readonly peakBytes: number;
  readonly sourceRequests: number;
  readonly sinkRequests: number;
  readonly sourceConnections: number;
  readonly sinkConnections: number;
  /** All bytes that both servers sent and received on the network. */
  readonly wireBytes: number;
  /** How much the median memory grew from the second third of the run to the last third. */
  readonly growthBytes: number;
  readonly refetchedBytes: number | undefined;
}

export function makeRow(of: {
  readonly workload: string;
  readonly tool: Pick<Tool, 'name' | 'version' | 'verifiesInDirectory'>;
  readonly files: Files;
  readonly runs: readonly Run[];
  /** True if the workload moves no file. Then the CPU time is given per run. */
  readonly idle?: boolean;
  readonly memoryLimitBytes?: number;
}): Row {
  const { workload, tool, files, runs, idle = false, memoryLimitBytes } = of;
  const per = idle ? 'run' : files.sizeBytes < 1_000_000 ? 'file' : 'GB';
  return {
    workload,
    tool: tool.name,
    ours: tool.name === 'cloud-sync',
    isVariant: tool.name.startsWith('cloud-sync '),
    version: tool.version,
    verified: idle ? 'nothing moved' : (verifiedInSink(runs) ?? tool.verifiesInDirectory),
    files,
    per,
    runs,
    memoryLimitBytes,
    figures: figuresOf(runs, per, files),
  };
}

/** The figures of one tool divided by the figures of another tool in the same workload. */
export interface Ratios {
  readonly wallSeconds: number;
  readonly cpu: number;
  readonly userCpu: number;
  readonly peakBytes: number;
}

export function ratiosTo(other: Figures, figures: Figures): Ratios {
  return {
    wallSeconds: figures.wallSeconds / other.wallSeconds,
    cpu: figures.cpu / other.cpu,
    userCpu: figures.userCpu / other.userCpu,
    peakBytes: figures.peakBytes / other.peakBytes,
  };
}

/** Returns undefined if rclone was not measured, or if `row` is a row of rclone. */
export function ratiosToRclone(row: Row, rows: readonly Row[]): Ratios | undefined {
  const rclone = rows.find(({ workload, tool }) => workload === row.workload && tool === 'rclone');
  return rclone && rclone !== row ? ratiosTo(rclone.figures, row.figures) : undefined;
}

function figuresOf(runs: readonly Run[], per: Row['per'], files: Files): Figures {
  const units = { GB: (files.count * files.sizeBytes) / 1e9, file: files.count / 1000, run: 1 }[per];
  const medianOf = (figure: (run: Run) => number) => median(runs.map(figure));
  const refetched = runs.flatMap((run) => run.refetched?.bytes ?? []);
  return {
    wallSeconds: medianOf((run) => run.wallSeconds),
    cpu: medianOf((run) => run.userSeconds + run.systemSeconds) / units,
    userCpu: medianOf((run) => run.userSeconds) / units,
    peakBytes: medianOf((run) => run.peakBytes),
    sourceRequests: medianOf(({ source }) => source.apiRequests + source.listings + source.heads + source.gets),
    sinkRequests: medianOf(({ sink }) => sink?.requests ?? 0),
    sourceConnections: medianOf(({ source }) => source.connections),
    sinkConnections: medianOf(({ sink }) => sink?.connections ?? 0),
    wireBytes: medianOf(
      ({ source, sink }) => source.wireSent + source.wireReceived + (sink ? sink.wireSent + sink.wireReceived : 0),
    ),
    growthBytes: medianOf(growth),
    refetchedBytes: refetched.length === 0 ? undefined : median(refetched),
  };
}

/** Returns the middle value, or the mean of the two middle values. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const [low = 0, high = low] = [sorted[Math.ceil(sorted.length / 2) - 1], sorted[Math.floor(sorted.length / 2)]];
  return (low + high) / 2;
}

function growth({ memory }: Run): number {
  const third = Math.floor(memory.length / 3);
  const bytes = memory.map((sample) => sample.bytes);
  return median(bytes.slice(2 * third)) - median(bytes.slice(third, 2 * third));
}

/** Returns the kind of checksum that most bodies in the sink had. Undefined without a sink. */
function verifiedInSink(runs: readonly Run[]): string | undefined {
  const sink = runs[0]?.sink;
  if (!sink) return undefined;
  const methods = {
    'CRC32 of each part': sink.withCrc32,
    'MD5 of each part': sink.withMd5,
    'a digest of each part': sink.withOther,
  };
  const [[method, bodies]] = Object.entries(methods).toSorted((a, b) => b[1] - a[1]) as [[string, number]];
  return sink.withNothing > bodies ? 'no' : method;
}
