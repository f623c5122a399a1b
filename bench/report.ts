/** Writes the results of a bench: a JSON record, a page, and the summary in the README. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { figuresOf, librariesOf, machine, reactionsOf, summaryOf, type Report } from './markdown.ts';
import type { MemorySample } from './measure.ts';
import { repository, results } from './paths.ts';
import { ratiosToRclone, type Row } from './row.ts';

const begin = '<!-- bench:begin -->';
const end = '<!-- bench:end -->';

/** Writes results/<date>.json, results/latest.md, and the summary in README.md. */
export async function writeReport(report: Report): Promise<void> {
  await mkdir(results, { recursive: true });
  const name = `${report.measuredAt.slice(0, 16).replace(':', '')}.json`;
  const rows = report.rows.map((row) => ({ ...withoutDetails(row), toRclone: ratiosToRclone(row, report.rows) }));
  const record = { machine: machine(), ...report, rows };
  await writeFile(join(results, name), `${JSON.stringify(record)}\n`);
  await writeFile(join(results, 'latest.md'), pageOf(report));
  await writeInto(
    join(repository, 'README.md'),
    `${summaryOf(report)}\n\nAll figures: [bench/results/latest.md](bench/results/latest.md).`,
  );
}

export function pageOf(report: Report): string {
  return `${['# Bench', summaryOf(report), ...figuresOf(report), ...reactionsOf(report), ...librariesOf(report)].join('\n\n')}\n`;
}

async function writeInto(path: string, text: string): Promise<void> {
  const page = await readFile(path, 'utf8');
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) return;
  await writeFile(path, `${page.slice(0, from + begin.length)}\n\n${text}\n\n${page.slice(to)}`);
}

function withoutDetails(row: Row): Row {
  return { ...row, runs: row.runs.map((run) => ({ ...run, memory: thinOut(run.memory) })) };
}

/** Keeps about a hundred samples. These show memory over time well enough. */
function thinOut(samples: readonly MemorySample[]): MemorySample[] {
  const every = Math.ceil(samples.length / 100);
  return samples.filter((_, index) => index % every === 0);
}
