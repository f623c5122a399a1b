/** Compares two packages of Cloud Sync on the same jobs, in pairs. */
import { measureJob, type Bench, type Cost, type Setting } from './bench.ts';
import { median } from './row.ts';
import type { Tool } from './tools/tool.ts';

export interface Pair {
  readonly earlier: Cost;
  readonly later: Cost;
}

/** Runs a job once with each package per round. Every other round begins with the other package. */
export async function measurePairs(bench: Bench, earlier: Tool, setting: Setting, rounds: number): Promise<Pair[]> {
  const pairs: Pair[] = [];
  const measure = async (tool: Tool): Promise<Cost> => {
    const run = await measureJob(bench, tool, setting);
    if (!run) throw new Error(`${tool.name} cannot do this job`);
    return run;
  };
  for (let round = 0; round < rounds; round += 1) {
    const earlierFirst = round % 2 === 0;
    const first = await measure(earlierFirst ? earlier : bench.ours);
    const second = await measure(earlierFirst ? bench.ours : earlier);
    pairs.push(earlierFirst ? { earlier: first, later: second } : { earlier: second, later: first });
  }
  return pairs;
}

function cpuSeconds({ userSeconds, systemSeconds }: Cost): number {
  return userSeconds + systemSeconds;
}

/** Gives the median ratio, later to earlier, of CPU time, wall time and memory over all pairs. */
export function describePairs(pairs: readonly Pair[]): string {
  const ratio = (figure: (cost: Cost) => number): string =>
    median(pairs.map(({ earlier, later }) => figure(later) / figure(earlier))).toFixed(3);

  return [
    `CPU ${ratio(cpuSeconds)} ×`,
    `user CPU ${ratio((cost) => cost.userSeconds)} ×`,
    `wall ${ratio((cost) => cost.wallSeconds)} ×`,
    `memory ${ratio((cost) => cost.peakBytes)} ×`,
    `pairs ${pairs.length}`,
  ].join(', ');
}
