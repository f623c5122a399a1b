/** A job that is killed when half of its bytes were sent, and then done again: how much was fetched twice? */
import { setTimeout as delay } from 'node:timers/promises';
import { checkedRun, finished, openScene, startJob, type Bench, type Run, type Setting } from './bench.ts';
import { startMeasured } from './measure.ts';
import type { Tool } from './tools/tool.ts';

/**
 * What the second command cost, and the bytes that the source sent beyond the file's own. Those include what a killed process never read from its
 * sockets, for every tool alike. undefined: the tool cannot do such a job.
 */
export async function measureKilled(bench: Bench, tool: Tool, setting: Setting): Promise<Run | undefined> {
  await using scene = await openScene(bench, setting);
  const { job, source } = scene;
  const command = tool.command(job);
  if (!command) return undefined;
  const wholeBytes = setting.files.count * setting.files.sizeBytes;
  const first = startMeasured(command);
  while ((await source.stats()).mediaBytes < wholeBytes / 2) {
    const over = await Promise.race([first.ended, delay(2)]);
    if (over) throw new Error(`${tool.name} ended with ${over.exitCode} before it could be killed:\n${over.stderr.slice(-2000)}`);
  }
  first.kill();
  await first.ended;
  // Until the source has noticed.
  await delay(100);
  const ofBytes = (await source.stats()).mediaBytes;
  const again = tool.command(job) ?? command;
  const run = await checkedRun(scene, await finished(tool.name, startJob(again, job)));
  return { ...run, refetched: { bytes: run.source.mediaBytes - wholeBytes, ofBytes } };
}
