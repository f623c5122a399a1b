/**
 * The bench: how the transfer engine compares with what a user would run instead, on the same bytes, in the same run. See README.md beside it.
 * Ends with 1 if any tool fails or leaves anything else than the source's bytes.
 */
import { parseArgs } from 'node:util';
import { openBench } from './bench.ts';
import { installPeers, prepare } from './equipment.ts';
import { pageOf, writeReport } from './report.ts';
import type { Row } from './row.ts';
import { smoke, smokeDataBytes } from './smoke.ts';
import { fullSizes, quickSizes, workloads, type Sizes } from './workloads.ts';

const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    smoke: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true },
    rounds: { type: 'string' },
    package: { type: 'string' },
    record: { type: 'boolean', default: false },
  },
});

// Without this nothing is cleaned up after Ctrl-C.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130));

if (flags.smoke) await runSmoke();
else await runWorkloads();

async function runSmoke(): Promise<void> {
  using bench = await openBench(await prepare(flags.package), undefined, smokeDataBytes);
  await smoke(bench);
}

async function runWorkloads(): Promise<void> {
  const sizes: Sizes = flags.quick ? quickSizes : fullSizes;
  const rounds = Number(flags.rounds ?? sizes.rounds);
  const chosen = workloads({ ...sizes, rounds }).filter(({ name }) => flags.only?.some((part) => name.startsWith(part)) ?? true);
  if (chosen.length === 0)
    throw new Error(
      `no workload is called so; there are ${workloads(sizes)
        .map(({ name }) => name)
        .join(', ')}`,
    );
  const peers = await installPeers();
  using bench = await openBench(await prepare(flags.package), peers, sizes.bigBytes);
  const rows: Row[] = [];
  const missing = [...peers.missing];
  for (const workload of chosen) {
    bench.say(workload.title);
    const lacking = await workload.lacks?.();
    if (lacking !== undefined) {
      bench.say(`  left out, for want of ${lacking}`);
      missing.push(lacking);
      continue;
    }
    rows.push(...(await workload.run(bench)));
  }
  const more = [...(flags.only ?? []).map((name) => `--only ${name}`), ...(flags.rounds ? [`--rounds ${rounds}`] : [])];
  const command = ['npm run bench', flags.quick ? ':quick' : '', more.length > 0 ? ` -- ${more.join(' ')}` : ''].join('');
  const report = { measuredAt: new Date().toISOString(), command, rounds, missing, rows };
  process.stdout.write(pageOf(report));
  // A quick look, or a part of the workloads, is for somebody who works on them, not for the record.
  if (flags.record || (!flags.quick && !flags.only)) await writeReport(report);
}
