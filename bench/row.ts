/** What one tool did in one workload, and the figures that a table shows of it. */
import type { Run } from './bench.ts';
import type { Files } from './servers.ts';
import type { Tool } from './tools/tool.ts';

export interface Row {
  readonly workload: string;
  readonly tool: string;
  readonly ours: boolean;
  readonly version: string;
  /** How the tool made sure of the bytes on their way. */
  readonly verified: string;
  readonly files: Files;
  /** What the CPU time is divided by. */
  readonly per: 'GB' | 'file' | 'run';
  readonly runs: readonly Run[];
  /** What the process may take; undefined: as much as the machine has. */
  readonly memoryLimitBytes: number | undefined;
  readonly figures: Figures;
}

/** Medians over the runs. */
export interface Figures {
  readonly wallSeconds: number;
  /** User and system. Seconds a GB, milliseconds a file, or seconds. */
  readonly cpu: number;
  readonly userCpu: number;
  readonly peakBytes: number;
  readonly sourceRequests: number;
  readonly sinkRequests: number;
  readonly sourceConnections: number;
  readonly sinkConnections: number;
  /** Both servers, both directions. */
  readonly wireBytes: number;
  /** How much more memory the last third of the run took than the second, in bytes. */
  readonly growthBytes: number;
  readonly refetchedBytes: number | undefined;
}

export function makeRow(of: {
  readonly workload: string;
  readonly tool: Pick<Tool, 'name' | 'version' | 'verifiesInDirectory'>;
  readonly files: Files;
  readonly runs: readonly Run[];
  /** Nothing was moved, so CPU time is that of the run. */
  readonly idle?: boolean;
  readonly memoryLimitBytes?: number;
}): Row {
  const { workload, tool, files, runs, idle = false, memoryLimitBytes } = of;
  const per = idle ? 'run' : files.sizeBytes < 1_000_000 ? 'file' : 'GB';
  return {
    workload,
    tool: tool.name,
    ours: tool.name === 'cloud-sync',
    version: tool.version,
    verified: idle ? 'nothing moved' : (verifiedInSink(runs) ?? tool.verifiesInDirectory),
    files,
    per,
    runs,
    memoryLimitBytes,
    figures: figuresOf(runs, per, files),
  };
}

/** What one tool took as a multiple of what another took in the same workload; below 1 it took less. */
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

/** undefined: rclone was not there, or this is its row. */
export function ratiosToRclone(row: Row, rows: readonly Row[]): Ratios | undefined {
  const rclone = rows.find(({ workload, tool }) => workload === row.workload && tool === 'rclone');
  return rclone && rclone !== row ? ratiosTo(rclone.figures, row.figures) : undefined;
}

function figuresOf(runs: readonly Run[], per: Row['per'], files: Files): Figures {
  const units = { GB: (files.count * files.sizeBytes) / 1e9, file: files.count / 1000, run: 1 }[per];
  const middle = (figure: (run: Run) => number) => median(runs.map(figure));
  const refetched = runs.flatMap((run) => run.refetched?.bytes ?? []);
  return {
    wallSeconds: middle((run) => run.wallSeconds),
    cpu: middle((run) => run.userSeconds + run.systemSeconds) / units,
    userCpu: middle((run) => run.userSeconds) / units,
    peakBytes: middle((run) => run.peakBytes),
    sourceRequests: middle(({ source }) => source.apiRequests + source.listings + source.heads + source.gets),
    sinkRequests: middle(({ sink }) => sink?.requests ?? 0),
    sourceConnections: middle(({ source }) => source.connections),
    sinkConnections: middle(({ sink }) => sink?.connections ?? 0),
    wireBytes: middle(
      ({ source, sink }) => source.wireSent + source.wireReceived + (sink ? sink.wireSent + sink.wireReceived : 0),
    ),
    growthBytes: middle(growth),
    refetchedBytes: refetched.length === 0 ? undefined : median(refetched),
  };
}

/** The middle value, or the mean of the two in the middle. */
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

/** What came with the bodies that the sink received; undefined where there was no sink. */
function verifiedInSink(runs: readonly Run[]): string | undefined {
  const sink = runs[0]?.sink;
  if (!sink) return undefined;
  const ways = {
    'CRC32 of each part': sink.withCrc32,
    'MD5 of each part': sink.withMd5,
    'a digest of each part': sink.withOther,
  };
  const [[way, bodies]] = Object.entries(ways).toSorted((a, b) => b[1] - a[1]) as [[string, number]];
  return sink.withNothing > bodies ? 'no' : way;
}
