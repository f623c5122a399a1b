/** Measures one call of the function `video-downloader`, which archives one large file. */
import { GetObjectCommand } from '@aws-sdk/client-s3';
import type { Execution, ReplyOf, RequestOf, WorkLine } from '../src/aws/contract.ts';
import { region, account, startAws, type Aws } from '../test/aws/support/aws.ts';
import { install } from '../test/support/foreign-program.ts';
import { ministack } from '../test/support/ministack.ts';
import { checkRun, openScene, type Bench, type Run } from './bench.ts';
import { openFunctions, runsBucket, type Invoke } from './lambda-functions.ts';
import { since, type Files } from './servers.ts';

/** The memory that infra/functions.ts gives `video-downloader`. */
export const lambdaMemoryBytes = 1024 * 2 ** 20;

/** Installs the emulator of AWS. Returns the emulator's name if the installation fails. */
export async function installEmulator(): Promise<string | undefined> {
  return install(ministack()).then(
    () => undefined,
    () => 'MiniStack',
  );
}

/** Plans a run and measures its only work line. Throws unless one call archives the whole file. */
export async function measureSlice(bench: Bench, files: Files): Promise<Run> {
  await using scene = await openScene(bench, { files, place: 's3', tls: true, connections: 1 });
  const { job, source, sink } = scene;
  if (!sink) throw new Error('the server that stands for S3 was not started');
  await using aws = await startAws();
  const invoke = await openFunctions(aws, job, sink);
  const request = await planRun(aws, invoke);

  const [sourceBefore, sinkBefore] = [await source.stats(), await sink.stats()];
  const { reply, measured } = await invoke('video-downloader', request);
  const { outcome, count, archived_bytes: archivedBytes } = reply as ReplyOf<'DownloadVideo'>;
  if (outcome !== 'done' || count !== 1 || archivedBytes !== files.count * files.sizeBytes) {
    throw new Error(`video-downloader did not archive everything in one slice; it replied ${JSON.stringify(reply)}`);
  }
  const run = await checkRun(scene, measured);
  return { ...run, source: since(sourceBefore, run.source), sink: run.sink && since(sinkBefore, run.sink) };
}

/** Begins a run, lists the library and reads the first work line, as the state machine does. */
async function planRun({ s3 }: Aws, invoke: Invoke): Promise<RequestOf<'DownloadVideo'>> {
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
