/** What one slice of the deployed engine costs: one invocation of video-downloader that archives one large file. */
import { GetObjectCommand } from '@aws-sdk/client-s3';
import type { Execution, ReplyOf, RequestOf, WorkLine } from '../src/aws/contract.ts';
import { region, account, startAws, type Aws } from '../test/aws/support/aws.ts';
import { install } from '../test/support/foreign-program.ts';
import { ministack } from '../test/support/ministack.ts';
import { checkedRun, openScene, type Bench, type Run } from './bench.ts';
import { openFunctions, runsBucket, type Invoke } from './lambda-functions.ts';
import { since, type Files } from './servers.ts';

/** As infra/functions.ts gives it to video-downloader. */
export const lambdaMemoryBytes = 1024 * 2 ** 20;

/** Installs the emulator of AWS. In words what could not be had; undefined: everything is there. */
export async function installEmulator(): Promise<string | undefined> {
  return install(ministack()).then(
    () => undefined,
    () => 'MiniStack',
  );
}

/** A run of the engine up to its only work line, and then that line, measured. Throws unless one invocation has archived all of it. */
export async function measureSlice(bench: Bench, files: Files): Promise<Run> {
  await using scene = await openScene(bench, { files, place: 's3', tls: true, connections: 1 });
  const { job, source, sink } = scene;
  if (!sink) throw new Error('an S3 scene has a sink');
  await using aws = await startAws();
  const invoke = await openFunctions(aws, job, sink);
  const request = await planned(aws, invoke);

  const [sourceBefore, sinkBefore] = [await source.stats(), await sink.stats()];
  const { reply, measured } = await invoke('video-downloader', request);
  const { outcome, count, archived_bytes: archivedBytes } = reply as ReplyOf<'DownloadVideo'>;
  if (outcome !== 'done' || count !== 1 || archivedBytes !== files.count * files.sizeBytes) {
    throw new Error(`video-downloader should have archived everything in one slice, but replied ${JSON.stringify(reply)}`);
  }
  const run = await checkedRun(scene, measured);
  return { ...run, source: since(sourceBefore, run.source), sink: run.sink && since(sinkBefore, run.sink) };
}

/** What the state machine does before the transfer: begins the run, lists the library, and takes the first line of the manifest. */
async function planned({ s3 }: Aws, invoke: Invoke): Promise<RequestOf<'DownloadVideo'>> {
  const arn = `arn:aws:states:${region}:${account}:execution:gopro-sync-orchestrator:bench`;
  const execution: Execution = { arn, name: 'bench', started_at: new Date().toISOString() };
  const begin: RequestOf<'BeginRun'> = { action: 'begin', input: {}, execution };
  const begun = (await invoke('run-manager', begin)).reply as ReplyOf<'BeginRun'>;
  if (begun.outcome !== 'granted') throw new Error(`the run could not begin: ${JSON.stringify(begun)}`);

  const list: RequestOf<'ListMedia'> = { ...begun, provider: 'gopro', execution, slices: 0 };
  const listed = (await invoke('media-lister', list)).reply as ReplyOf<'ListMedia'>;
  if (listed.outcome !== 'done' || listed.work_lines !== 1) throw new Error(`the listing failed: ${JSON.stringify(listed)}`);

  const { Body } = await s3.send(new GetObjectCommand({ Bucket: runsBucket, Key: listed.manifest_key }));
  const line = JSON.parse((await Body?.transformToString()) ?? '') as WorkLine;
  const { deadline } = begun;
  return { provider: 'gopro', deadline, line, slice: { count: 0, idle: 0 }, owner: `${arn}-line`, execution };
}
