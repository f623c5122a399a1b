/** The list of workloads. A workload has a file of its own if `measureJob` is not enough. */
import { measureJob, type Bench, type Run, type Setting } from './bench.ts';
import { measureKilled } from './killed.ts';
import { installEmulator, lambdaMemoryBytes, measureSlice } from './lambda-slice.ts';
import { comparePeers, measureNothingNew } from './nothing-new.ts';
import { lies, observeReactions, silenceWithDefaults, type Lie, type Reaction } from './lying.ts';
import { measureRestores } from './restore.ts';
import { makeRow, type Row } from './row.ts';
import { archiveLibraries, type LibraryResult } from './shapes.ts';
import type { Files } from './servers.ts';
import type { Tool } from './tools/tool.ts';

/** The sizes of all workloads. */
export interface Sizes {
  /** How often each tool does each job. The tools take turns, and the tables show medians. */
  readonly rounds: number;
  /** The rounds of long workloads, whose figures need not be exact. */
  readonly fewerRounds: number;
  readonly bigBytes: number;
  readonly hugeBytes: number;
  readonly mid: { readonly count: number; readonly sizeBytes: number };
  readonly smallCount: number;
  readonly knownCount: number;
  readonly farBytes: number;
  /** True to add workloads, such as plain HTTP, huge files and silence with default timeouts. */
  readonly thorough: boolean;
}

export const fullSizes: Sizes = {
  rounds: 3,
  fewerRounds: 1,
  bigBytes: 4_000_000_000,
  hugeBytes: 14_000_000_000,
  mid: { count: 20, sizeBytes: 200_000_000 },
  smallCount: 10_000,
  knownCount: 100_000,
  farBytes: 1_000_000_000,
  thorough: true,
};

/** Sizes for a bench of two minutes. Large files exceed 256 MiB, so that rclone splits them. */
export const quickSizes: Sizes = {
  rounds: 1,
  fewerRounds: 1,
  bigBytes: 400_000_000,
  hugeBytes: 0, // the job with a huge file is left out
  mid: { count: 10, sizeBytes: 50_000_000 },
  smallCount: 1_000,
  knownCount: 10_000,
  farBytes: 300_000_000,
  thorough: false,
};

export interface Workload {
  /** The name with which `--only` selects the workload. */
  readonly name: string;
  readonly title: string;
  /** Installs a tool that only this workload needs. Returns its name if the installation fails. */
  installExtras?(): Promise<string | undefined>;
  run(bench: Bench): Promise<Findings>;
  /** The job of a workload with only one job. The profiler can run such a job. */
  readonly setting?: Setting;
}

export interface Findings {
  readonly rows?: readonly Row[];
  readonly reactions?: readonly Reaction[];
  readonly libraries?: readonly LibraryResult[];
}

type ToolName = 'rclone' | 'rcloneTuned' | 'curl' | 'curlToAws' | 'aria2' | 'goproMediaDownloader' | 'withoutProof';

const s3Tools: readonly ToolName[] = ['rclone', 'rcloneTuned', 'curlToAws'];
const directoryTools: readonly ToolName[] = ['rclone', 'curl', 'aria2', 'goproMediaDownloader'];

/** A far link, on which only parallel ranges are fast. */
export const farLink = { latencyMs: 50, bytesPerSecond: 20_000_000 };

/** An upload in parts of 20 MiB. Cloud Sync transfers a file in parts of the same size. */
const inPartsOf20 = { uploadPartBytes: [20 * 2 ** 20] };

export function workloads(sizes: Sizes): Workload[] {
  const { rounds, fewerRounds } = sizes;
  const big: Files = { count: 1, sizeBytes: sizes.bigBytes, extension: 'mp4' };
  const huge: Files = { count: 1, sizeBytes: sizes.hugeBytes, extension: 'mp4' };
  const mid: Files = { ...sizes.mid, extension: 'mp4' };
  const small: Files = { count: sizes.smallCount, sizeBytes: 10_000, extension: 'jpg' };
  const far: Files = { count: 1, sizeBytes: sizes.farBytes, extension: 'mp4' };
  const known: Files = { count: sizes.knownCount, sizeBytes: 64, extension: 'jpg' };
  const five = { tls: true, connections: 5 } as const;
  const sixteen = { tls: true, connections: 16 } as const;
  const jobs = (prefix: string, setting: Setting, peers: readonly ToolName[]) => transfer(prefix, setting, { peers, rounds });
  const fewJobs = (prefix: string, setting: Setting, peers: readonly ToolName[]) =>
    transfer(prefix, setting, { peers, rounds: fewerRounds });

  return [
    jobs('big', { files: big, ...five, place: 's3' }, ['withoutProof', ...s3Tools]),
    jobs('big', { files: big, ...five, place: 'ramDisk' }, ['withoutProof', ...directoryTools]),
    jobs('big', { files: big, ...five, place: 'disk' }, ['withoutProof', ...directoryTools]),
    jobs('mid', { files: mid, ...five, place: 's3' }, ['withoutProof', 'rclone']),
    jobs('mid', { files: mid, ...five, place: 'disk' }, ['withoutProof', ...directoryTools]),
    jobs('small', { files: small, ...sixteen, place: 's3' }, ['withoutProof', 'rclone']),
    jobs('small', { files: small, ...sixteen, place: 'disk' }, ['withoutProof', ...directoryTools]),
    jobs('parts', { files: big, ...five, place: 's3', ...inPartsOf20, storeComputesMd5: true }, ['withoutProof']),
    jobs('parts', { files: big, ...five, place: 'disk', ...inPartsOf20 }, ['withoutProof', 'goproMediaDownloader']),
    nothingNew(known, rounds),
    restored({ files: big, ...five, place: 's3' }, rounds),
    restored({ files: big, ...five, place: 'disk' }, rounds),
    restored({ files: mid, ...five, place: 's3' }, rounds),
    restored({ files: small, ...sixteen, place: 's3' }, rounds),
    restored({ files: small, ...sixteen, place: 'disk' }, rounds),
    killed({ files: big, ...five, place: 's3' }, fewerRounds),
    killed({ files: big, ...five, place: 'disk' }, fewerRounds),
    jobs('far', { files: far, ...five, place: 's3', ...farLink }, ['rclone', 'rcloneTuned']),
    ...(sizes.thorough
      ? [
          jobs('mid', { files: mid, ...five, place: 'ramDisk' }, directoryTools),
          jobs('small', { files: small, ...sixteen, place: 'ramDisk' }, directoryTools),
          fewJobs('huge', { files: huge, ...five, place: 's3' }, ['rclone']),
          fewJobs('huge', { files: huge, ...five, place: 'disk' }, ['rclone']),
          fewJobs('far', { files: far, ...five, place: 'disk', ...farLink }, ['rclone', 'rcloneTuned', 'aria2']),
          ...plainJobs({ big, mid, small }, fewJobs),
          lambda({ count: 1, sizeBytes: 1_000_000_000, extension: 'mp4' }, rounds),
        ]
      : []),
    lying(
      [...lies, ...(sizes.thorough ? [silenceWithDefaults] : [])],
      sizes.thorough ? directoryTools : ['rclone', 'curl', 'goproMediaDownloader'],
    ),
    everyShape,
  ];
}

/** Repeats jobs over plain HTTP to show what TLS costs. Real sources and stores use TLS. */
function plainJobs(
  { big, mid, small }: Readonly<Record<'big' | 'mid' | 'small', Files>>,
  jobs: (prefix: string, setting: Setting, peers: readonly ToolName[]) => Workload,
): Workload[] {
  return [
    jobs('plain', { files: big, place: 's3', tls: false, connections: 5 }, s3Tools),
    jobs('plain', { files: big, place: 'ramDisk', tls: false, connections: 5 }, directoryTools),
    jobs('plain', { files: big, place: 'disk', tls: false, connections: 5 }, directoryTools),
    jobs('plain', { files: mid, place: 's3', tls: false, connections: 5 }, ['rclone']),
    jobs('plain', { files: small, place: 's3', tls: false, connections: 16 }, ['rclone']),
    jobs('plain', { files: small, place: 'ramDisk', tls: false, connections: 16 }, directoryTools),
  ];
}

function transfer(
  prefix: string,
  setting: Setting,
  options: { readonly peers: readonly ToolName[]; readonly rounds: number },
): Workload {
  const title = titleOf(setting);
  const name = `${prefix}-${setting.place}`;
  return { name, title, setting, run: (bench) => runAlternately(bench, { title, setting, ...options, measure: measureJob }) };
}

function killed(setting: Setting, rounds: number): Workload {
  const title = `${titleOf(setting)}, killed at half, again`;
  const peers = ['rclone', 'curl', 'curlToAws', 'aria2', 'goproMediaDownloader'] as const;
  const name = `killed-${setting.place}`;
  return { name, title, run: (bench) => runAlternately(bench, { title, setting, peers, rounds, measure: measureKilled }) };
}

/** An archive is copied back into a folder on the disk. */
function restored(setting: Setting, rounds: number): Workload {
  const { files, place } = setting;
  const what = files.count === 1 ? 'big' : files.sizeBytes < 1_000_000 ? 'small' : 'mid';
  const title = `restore of ${titleOf(setting).replace('→', '←')}`;
  const name = `restore-${what}-${place}`;
  return { name, title, run: async (bench) => ({ rows: await measureRestores(bench, { title, setting, rounds }) }) };
}

function nothingNew(files: Files, rounds: number): Workload {
  const title = `nothing new, ${files.count.toLocaleString('en')} media known`;
  return {
    name: 'nothing-new',
    title,
    run: async (bench) => {
      bench.log(`  ${bench.ours.name}`);
      const runs = await measureNothingNew(bench, bench.ours, { files, rounds });
      const ours = makeRow({ workload: title, tool: bench.ours, files, runs, idle: true });
      return { rows: [ours, ...(bench.peers ? await comparePeers(bench, bench.peers, { title, files, rounds }) : [])] };
    },
  };
}

/** The function of the AWS engine that moves one large file. No peer runs in Lambda. */
function lambda(files: Files, rounds: number): Workload {
  const title = `Lambda function that moves one file of ${size(files.sizeBytes)} → S3`;
  return {
    name: 'lambda',
    title,
    installExtras: installEmulator,
    run: async (bench) => {
      const runs: Run[] = [];
      for (let round = 0; round < rounds; round += 1) {
        const run = await measureSlice(bench, files);
        bench.log(`  video-downloader: ${run.wallSeconds.toFixed(2)} s`);
        runs.push(run);
      }
      return { rows: [makeRow({ workload: title, tool: bench.ours, files, runs, memoryLimitBytes: lambdaMemoryBytes })] };
    },
  };
}

function lying(all: readonly Lie[], peers: readonly ToolName[]): Workload {
  return {
    name: 'lying',
    title: 'a source that lies',
    run: async (bench) => ({ reactions: await observeReactions(bench, toolsOf(bench, peers), all) }),
  };
}

/** Nothing is timed. */
const everyShape: Workload = {
  name: 'shapes',
  title: 'a library of every shape',
  run: async (bench) => ({ libraries: await archiveLibraries(bench) }),
};

function toolsOf({ ours, peers }: Bench, names: readonly ToolName[]): Tool[] {
  return [ours, ...names.flatMap((name) => (name === 'withoutProof' ? ours.withoutProof : (peers?.[name] ?? [])))];
}

/** Runs all tools in each round, so that a change of the machine affects every tool. */
async function runAlternately(
  bench: Bench,
  of: {
    readonly title: string;
    readonly setting: Setting;
    readonly peers: readonly ToolName[];
    readonly rounds: number;
    readonly measure: (bench: Bench, tool: Tool, setting: Setting) => Promise<Run | undefined>;
  },
): Promise<Findings> {
  const runs = new Map<Tool, Run[]>(toolsOf(bench, of.peers).map((tool) => [tool, []]));
  for (let round = 0; round < of.rounds; round += 1) {
    for (const [tool, measured] of runs) {
      const run = await of.measure(bench, tool, of.setting);
      if (!run) continue;
      bench.log(`  ${tool.name}: ${run.wallSeconds.toFixed(2)} s`);
      measured.push(run);
    }
  }
  const rows = [...runs].flatMap(([tool, measured]) =>
    measured.length === 0 ? [] : [makeRow({ workload: of.title, tool, files: of.setting.files, runs: measured })],
  );
  return { rows };
}

function titleOf({ files, place, tls, latencyMs, bytesPerSecond, uploadPartBytes, storeComputesMd5 }: Setting): string {
  const what =
    files.count === 1 ? `one file of ${size(files.sizeBytes)}` : `${files.count.toLocaleString('en')} × ${size(files.sizeBytes)}`;
  const where = { s3: 'S3', ramDisk: 'RAM disk', disk: 'disk' }[place];
  const link = latencyMs && bytesPerSecond ? `, ${latencyMs} ms and ${size(bytesPerSecond)}/s a connection` : '';
  const upload = uploadPartBytes
    ? `, uploaded in parts of ${uploadPartBytes.map((bytes) => bytes / 2 ** 20).join(', ')} MiB`
    : '';
  const store = storeComputesMd5 === true ? ', store computes MD5' : '';
  return `${what} → ${where}${tls ? '' : ', plain'}${link}${upload}${store}`;
}

function size(bytes: number): string {
  if (bytes >= 1e9) return `${bytes / 1e9} GB`;
  return bytes >= 1e6 ? `${bytes / 1e6} MB` : `${bytes / 1e3} KB`;
}
