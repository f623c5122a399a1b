/**
 * The bench compares Cloud Sync with other tools on the same bytes in the same run. See README.md.
 * The exit code is 1 if a tool fails or stores wrong bytes, unless the source lied to the tool.
 */
import { parseArgs } from 'node:util';
import { openBench } from './bench.ts';
import { installPeers, prepare } from './equipment.ts';
import { describePairs, measurePairs } from './pairs.ts';
import { drawFlameGraph } from './profile.ts';
import { pageOf, writeReport } from './report.ts';
import { smoke, smokeDataBytes } from './smoke.ts';
import { installOurs } from './tools/ours.ts';
import { fullSizes, quickSizes, workloads, type Findings, type Sizes } from './workloads.ts';

const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    smoke: { type: 'boolean', default: false },
    flame: { type: 'string' },
    only: { type: 'string', multiple: true },
    rounds: { type: 'string' },
    package: { type: 'string' },
    against: { type: 'string' },
    record: { type: 'boolean', default: false },
  },
});
const sizes = chosenSizes();

// A signal would end the process without the clean-up. `process.exit` runs the clean-up.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130));

if (flags.smoke) await runSmoke();
else if (flags.flame !== undefined) await runFlame(flags.flame);
else if (flags.against !== undefined) await runPairs(flags.against);
else await runWorkloads();

function chosenSizes(): Sizes {
  const preset = flags.quick ? quickSizes : fullSizes;
  if (flags.rounds === undefined) return preset;
  return { ...preset, rounds: Number(flags.rounds), fewerRounds: Number(flags.rounds) };
}

async function runSmoke(): Promise<void> {
  using bench = await openBench(await prepare(flags.package), undefined, smokeDataBytes);
  await smoke(bench);
}

async function runFlame(name: string): Promise<void> {
  const workload = workloads(sizes).find((candidate) => candidate.name === name);
  if (!workload?.setting)
    throw new Error(`there is no job ${name}; the jobs are ${namesOf(({ setting }) => setting !== undefined)}`);
  using bench = await openBench(await prepare(flags.package), undefined, sizes.bigBytes);
  bench.log(`written: ${await drawFlameGraph(bench, { ...workload, setting: workload.setting })}`);
}

/** Compares Cloud Sync with an earlier package, or with itself without proofs. */
async function runPairs(against: string): Promise<void> {
  using bench = await openBench(await prepare(flags.package), undefined, sizes.bigBytes);
  const earlier = against === 'no-prove' ? bench.ours.withoutProof : await installOurs(against);
  for (const { title, setting } of chosenWorkloads()) {
    if (!setting) continue;
    const pairs = await measurePairs(bench, earlier, setting, sizes.rounds);
    process.stdout.write(`${title}: ${describePairs(pairs)}\n`);
  }
}

function chosenWorkloads() {
  const chosen = workloads(sizes).filter(({ name }) => flags.only?.some((part) => name.startsWith(part)) ?? true);
  if (chosen.length === 0) throw new Error(`--only matches no workload; the workloads are ${namesOf(() => true)}`);
  return chosen;
}

async function runWorkloads(): Promise<void> {
  const chosen = chosenWorkloads();
  const peers = await installPeers();
  using bench = await openBench(await prepare(flags.package), peers, sizes.bigBytes);
  const found: Findings[] = [];
  const missing = [...peers.missing];
  for (const workload of chosen) {
    const missingTool = await workload.installExtras?.();
    if (missingTool !== undefined) missing.push(missingTool);
    bench.log(`${workload.title}${missingTool === undefined ? '' : `: left out, because ${missingTool} is missing`}`);
    if (missingTool !== undefined) continue;
    const begunAtMs = performance.now();
    found.push(await workload.run(bench));
    bench.log(`  whole workload: ${Math.round((performance.now() - begunAtMs) / 1000)} s`);
  }
  const report = {
    measuredAt: new Date().toISOString(),
    command: commandLine(),
    missing,
    rows: found.flatMap(({ rows }) => rows ?? []),
    reactions: found.flatMap(({ reactions }) => reactions ?? []),
    libraries: found.flatMap(({ libraries }) => libraries ?? []),
  };
  process.stdout.write(pageOf(report));
  // By default a quick bench and a bench of only some workloads are not recorded.
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
