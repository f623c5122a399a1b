/** Measures a run that finds no new media, as on most nights. */
import { closeSync, ftruncateSync, futimesSync, mkdirSync, openSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { costOf, waitForSuccess, openScene, startJob, type Bench, type Run } from './bench.ts';
import type { Peers } from './equipment.ts';
import { makeKnownArchive } from './known-archive.ts';
import { startMeasured, type Command } from './measure.ts';
import { makeRow, type Row } from './row.ts';
import { fileName, since, startSink, type Files, type Sink, type SourceStats } from './servers.ts';
import { awsCompare } from './tools/aws-cli.ts';
import { rcloneCompare } from './tools/rclone.ts';
import { benchUserId } from './tools/ours.ts';
import type { Tool } from './tools/tool.ts';

export const noSource: SourceStats = {
  apiRequests: 0,
  listings: 0,
  heads: 0,
  gets: 0,
  mediaBytes: 0,
  connections: 0,
  wireSent: 0,
  wireReceived: 0,
};

/** Cloud Sync adopts an archive of the whole library. Then runs without new media are measured. */
export async function measureNothingNew(
  bench: Bench,
  tool: Tool,
  of: { readonly files: Files; readonly rounds: number },
): Promise<Run[]> {
  await using scene = await openScene(bench, { files: of.files, place: 'ramDisk', tls: true, connections: 5 });
  const { job, source } = scene;
  const command = tool.command(job);
  if (!command || job.to.kind !== 'directory') throw new Error(`${tool.name} cannot archive to a directory`);
  await makeKnownArchive(job.to.path, source, benchUserId);
  await waitForSuccess(tool.name, startMeasured(command));
  const runs: Run[] = [];
  for (let round = 0; round < of.rounds; round += 1) {
    const before = await source.stats();
    const measured = costOf(await waitForSuccess(tool.name, startJob(command, job)));
    runs.push({ ...measured, source: since(before, await source.stats()), sink: undefined });
  }
  if ((await source.stats()).mediaBytes > 0) throw new Error(`${tool.name} fetched files although nothing was new`);
  return runs;
}

/** The settings of a comparison. They are the same for each peer. */
interface Comparison {
  readonly title: string;
  readonly files: Files;
  readonly rounds: number;
  readonly folder: string;
  readonly scratch: string;
  readonly certPath: string | undefined;
}

/** A peer, and its command that compares the folder with the bucket. */
interface Comparer {
  readonly name: string;
  readonly version: string;
  readonly command: (of: Comparison & { readonly sink: Sink }) => Command;
}

/**
 * Measures the peers, which cannot list a media cloud and keep no tracker. Instead, each peer
 * compares a local folder with a bucket that holds files of the same names and sizes. This favours
 * the peers, because listing a local folder costs no request.
 */
export async function comparePeers(
  bench: Bench,
  peers: Peers,
  of: { readonly title: string; readonly files: Files; readonly rounds: number },
): Promise<Row[]> {
  const folder = join(bench.folders.ramDisk, 'listed');
  makeEmptyFiles(folder, of.files);
  const scratch = await mkdtemp(join(bench.scratch, 'tool-'));
  const comparison: Comparison = { ...of, folder, scratch, certPath: bench.certificate.certPath };
  try {
    const rows: Row[] = [];
    for (const comparer of comparersOf(peers)) rows.push(await compareRow(bench, comparer, comparison));
    return rows;
  } finally {
    await rm(scratch, { recursive: true, force: true });
    await rm(folder, { recursive: true, force: true });
  }
}

function comparersOf({ rclone, rcloneProgram, awsProgram, curlToAws }: Peers): Comparer[] {
  const { version } = rclone;
  const comparers: Comparer[] = [
    { name: 'rclone --size-only', version, command: (of) => rcloneCompare(rcloneProgram, of, ['--size-only']) },
    { name: 'rclone', version, command: (of) => rcloneCompare(rcloneProgram, of, []) },
  ];
  if (awsProgram && curlToAws) {
    const aws = { name: 'aws s3 sync --size-only', version: curlToAws.version };
    comparers.push({ ...aws, command: (of) => awsCompare(awsProgram, of) });
  }
  return comparers;
}

async function compareRow(bench: Bench, { command, ...peer }: Comparer, of: Comparison): Promise<Row> {
  bench.log(`  ${peer.name}`);
  const runs: Run[] = [];
  for (let round = 0; round < of.rounds; round += 1) {
    await using sink = await startSink({ tls: bench.certificate, preload: of.files });
    const measured = costOf(await waitForSuccess(peer.name, startMeasured(command({ ...of, sink }))));
    const stats = await sink.stats();
    if (stats.bodyBytes > 0) throw new Error(`${peer.name} wrote ${stats.bodyBytes} bytes although nothing was new`);
    runs.push({ ...measured, source: noSource, sink: stats });
  }
  return makeRow({ workload: of.title, tool: { ...peer, verifiesInDirectory: '' }, files: of.files, runs, idle: true });
}

/** The modification time that the sink gives its preloaded objects. */
const preloadedSeconds = 1_700_000_000;

/** Makes sparse files, which take no space, with the names, sizes and times of the objects. */
function makeEmptyFiles(folder: string, files: Files): void {
  mkdirSync(folder, { recursive: true });
  for (let number = 0; number < files.count; number += 1) {
    const file = openSync(join(folder, fileName(files, number)), 'w');
    ftruncateSync(file, files.sizeBytes);
    futimesSync(file, preloadedSeconds, preloadedSeconds);
    closeSync(file);
  }
}
