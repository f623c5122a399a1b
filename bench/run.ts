/**
 * The bench: how the transfer engine compares with what a user would run instead, on the same bytes, in the same run. See README.md beside it.
 * Ends with 1 if any tool fails or leaves anything else than the source's bytes, unless the source has lied to it.
 */
import { parseArgs } from 'node:util';
import { openBench } from './bench.ts';
import { installPeers, prepare } from './equipment.ts';
import { drawFlameGraph } from './profile.ts';
import { pageOf, writeReport } from './report.ts';
import { smoke, smokeDataBytes } from './smoke.ts';
import { fullSizes, quickSizes, workloads, type Findings, type Sizes } from './workloads.ts';

const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    smoke: { type: 'boolean', default: false },
    flame: { type: 'string' },
    only: { type: 'string', multiple: true },
    rounds: { type: 'string' },
    package: { type: 'string' },
    record: { type: 'boolean', default: false },
  },
});
const sizes = chosenSizes();

// Without this nothing is cleaned up after Ctrl-C.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130));

if (flags.smoke) await runSmoke();
else if (flags.flame !== undefined) await runFlame(flags.flame);
else await runWorkloads();

function chosenSizes(): Sizes {
  const usual = flags.quick ? quickSizes : fullSizes;
  if (flags.rounds === undefined) return usual;
  return { ...usual, rounds: Number(flags.rounds), fewerRounds: Number(flags.rounds) };
}

async function runSmoke(): Promise<void> {
  using bench = await openBench(await prepare(flags.package), undefined, smokeDataBytes);
  await smoke(bench);
}

async function runFlame(name: string): Promise<void> {
  const workload = workloads(sizes).find((candidate) => candidate.name === name);
  if (!workload?.setting) throw new Error(`no job is called so; there are ${namesOf(({ setting }) => setting !== undefined)}`);
  using bench = await openBench(await prepare(flags.package), undefined, sizes.bigBytes);
  bench.say(`drawn: ${await drawFlameGraph(bench, { ...workload, setting: workload.setting })}`);
}

async function runWorkloads(): Promise<void> {
  const chosen = workloads(sizes).filter(({ name }) => flags.only?.some((part) => name.startsWith(part)) ?? true);
  if (chosen.length === 0) throw new Error(`no workload is called so; there are ${namesOf(() => true)}`);
  const peers = await installPeers();
  using bench = await openBench(await prepare(flags.package), peers, sizes.bigBytes);
  const found: Findings[] = [];
  const missing = [...peers.missing];
  for (const workload of chosen) {
    const lacking = await workload.lacks?.();
    if (lacking !== undefined) missing.push(lacking);
    bench.say(`${workload.title}${lacking === undefined ? '' : `: left out, for want of ${lacking}`}`);
    if (lacking !== undefined) continue;
    const begunAtMs = performance.now();
    found.push(await workload.run(bench));
    bench.say(`  all of it: ${Math.round((performance.now() - begunAtMs) / 1000)} s`);
  }
  const report = {
    measuredAt: new Date().toISOString(),
    command: commandLine(),
    missing,
    rows: found.flatMap(({ rows }) => rows ?? []),
    reactions: found.flatMap(({ reactions }) => reactions ?? []),
  };
  process.stdout.write(pageOf(report));
  // A quick look, or a part of the workloads, is for somebody who works on them, not for the record.
  if (flags.record || (!flags.quick && !flags.only)) await writeReport(report);
}

function namesOf(which: (workload: ReturnType<typeof workloads>[number]) => boolean): string {
  return workloads(sizes)
    .filter(which)
    .map(({ name }) => name)
    .join(', ');
}

function commandLine(): string {
  const only = (flags.only ?? []).map((name) => `--only ${name}`);
  const more = [...only, ...(flags.rounds === undefined ? [] : [`--rounds ${flags.rounds}`])];
  return ['npm run bench', flags.quick ? ':quick' : '', more.length > 0 ? ` -- ${more.join(' ')}` : ''].join('');
}
