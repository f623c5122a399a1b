/** Measures how fast an archive is copied back into a folder. */
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { costOf, openScene, prepareFolder, waitForSuccess, type Bench, type Run, type Setting } from './bench.ts';
import { checkContent } from './check.ts';
import { startMeasured } from './measure.ts';
import { noSource } from './nothing-new.ts';
import { makeRow, type Row } from './row.ts';
import { since } from './servers.ts';
import { rcloneRestore } from './tools/rclone.ts';
import type { Restorer } from './tools/tool.ts';

/** Cloud Sync archives the files. Then the tools take turns to copy the archive into a folder. */
export async function measureRestores(
  bench: Bench,
  of: { readonly title: string; readonly setting: Setting; readonly rounds: number },
): Promise<Row[]> {
  const { ours, peers } = bench;
  const { files } = of.setting;
  // rclone compares the bytes with the ETag, as on S3.
  await using scene = await openScene(bench, { ...of.setting, storeComputesMd5: true, storeKeepsContent: true });
  const command = ours.command(scene.job);
  if (!command) throw new Error(`${ours.name} cannot make the archive`);
  await waitForSuccess(ours.name, startMeasured(command));
  const restorers: Restorer[] = [ours, ...(peers ? [rcloneRestore(peers.rcloneProgram, peers.rclone.version)] : [])];
  const runs = new Map<Restorer, Run[]>(restorers.map((one) => [one, []]));
  for (let round = 0; round < of.rounds; round += 1) {
    for (const [restorer, measured] of runs) {
      const run = await measureRestore(bench, restorer, scene);
      bench.log(`  ${restorer.name}: ${run.wallSeconds.toFixed(2)} s`);
      measured.push(run);
    }
  }
  // The store counts the checksums of uploads, and no bytes are uploaded here.
  return [...runs].map(([tool, measured]) => {
    const row = makeRow({ workload: of.title, tool, files, runs: measured });
    return { ...row, verified: tool === ours ? 'CRC32, ETag of the source, read-back' : tool.verifiesInDirectory };
  });
}

async function measureRestore(
  bench: Bench,
  restorer: Restorer,
  { job, source, sink }: Awaited<ReturnType<typeof openScene>>,
): Promise<Run> {
  const into = await prepareFolder(bench, 'disk', source.files);
  const scratch = await mkdtemp(join(bench.scratch, 'tool-'));
  try {
    const before = await sink?.stats();
    const { connections, certPath, to: from } = job;
    const command = restorer.restore({ from, into, connections, certPath, scratch });
    const measured = await waitForSuccess(restorer.name, startMeasured(command, { flush: into }));
    await checkContent(source, { kind: 'directory', path: into });
    return { ...costOf(measured), source: noSource, sink: before && sink && since(before, await sink.stats()) };
  } finally {
    await rm(into, { recursive: true, force: true });
    await rm(scratch, { recursive: true, force: true });
  }
}
