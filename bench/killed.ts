/** Kills a job after half of its bytes, runs the job again and counts the bytes fetched twice. */
import { setTimeout as delay } from 'node:timers/promises';
import { checkRun, waitForSuccess, openScene, startJob, type Bench, type Run, type Setting } from './bench.ts';
import { startMeasured } from './measure.ts';
import type { Tool } from './tools/tool.ts';

/**
 * Measures only the command that continues the killed job. The bytes fetched twice are the sum of
 * the bytes that the source sent in each attempt, minus the size of the files. They include bytes
 * that the killed process never read from its sockets. Returns undefined if the tool cannot do such
 * a job.
 */
export async function measureKilled(bench: Bench, tool: Tool, setting: Setting): Promise<Run | undefined> {
  await using scene = await openScene(bench, setting);
  const { job, source } = scene;
  const command = tool.command(job);
  if (!command) return undefined;
  const wholeBytes = setting.files.count * setting.files.sizeBytes;
  const first = startMeasured(command);
  while ((await source.stats()).mediaBytes < wholeBytes / 2) {
    const ended = await Promise.race([first.ended, delay(2)]);
    if (ended) throw new Error(`${tool.name} ended with ${ended.exitCode} before it was killed:\n${ended.stderr.slice(-2000)}`);
  }
  first.kill();
  await first.ended;
  // The source needs a moment to notice that the client is gone.
  await delay(100);
  const ofBytes = (await source.stats()).mediaBytes;
  const again = tool.command(job) ?? command;
  const run = await checkRun(scene, await waitForSuccess(tool.name, startJob(again, job)));
  return { ...run, refetched: { bytes: run.source.mediaBytes - wholeBytes, ofBytes } };
}
