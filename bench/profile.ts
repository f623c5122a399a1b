/** Runs Cloud Sync once with Node's profiler, to show where the time of a job goes. */
import { mkdir, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { measureJob, type Bench, type Setting } from './bench.ts';
import { flameGraph, type CpuProfile } from './flame.ts';
import { results } from './paths.ts';

/** Writes results/flame-<name>.svg and returns its path. */
export async function drawFlameGraph(
  bench: Bench,
  workload: { readonly name: string; readonly title: string; readonly setting: Setting },
): Promise<string> {
  const folder = await mkdtemp(join(bench.scratch, 'profile-'));
  const tool = bench.ours.withNodeFlags('--cpu-prof', `--cpu-prof-dir=${folder}`);
  if (!(await measureJob(bench, tool, workload.setting))) throw new Error(`${tool.name} cannot do this job`);
  const [file, ...others] = await readdir(folder);
  if (file === undefined || others.length > 0) throw new Error('Node did not write exactly one profile');
  const profile = JSON.parse(await readFile(join(folder, file), 'utf8')) as CpuProfile;
  const path = join(results, `flame-${workload.name}.svg`);
  await mkdir(results, { recursive: true });
  await writeFile(path, flameGraph(profile, `${tool.name} ${tool.version}, Node.js ${process.version}, ${workload.title}`));
  return path;
}
