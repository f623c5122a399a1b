/** Runs a transfer in slices. Each slice is a process of its own. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { SliceJob, SliceReport } from './slice-process.ts';

export interface SlicedRun {
  readonly slices: number;
  /** The report of the last slice. */
  readonly last: SliceReport;
  readonly failures: readonly string[];
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly peakRssBytes: number;
}

const program = fileURLToPath(new URL('slice-process.ts', import.meta.url));
const run = promisify(execFile);

/** Runs slices until `files` originals are completed, one has failed, or `maxSlices` have run. */
export async function runInSlices(
  job: Omit<SliceJob, 'idleBefore' | 'isFirst' | 'runStartedAt'>,
  { files, maxSlices }: { readonly files: number; readonly maxSlices: number },
): Promise<SlicedRun> {
  const startedAtMs = performance.now();
  const runStartedAt = new Date().toISOString();
  const reports: SliceReport[] = [];
  for (;;) {
    const last = await runSlice({ ...job, runStartedAt, isFirst: reports.length === 0, idleBefore: reports.at(-1)?.idle ?? 0 });
    reports.push(last);
    const failures = reports.flatMap((report) => report.failures);
    const completed = last.originals.filter(({ status }) => status === 'COMPLETED').length;
    if (completed < files && failures.length === 0 && reports.length < maxSlices) continue;
    return {
      slices: reports.length,
      last,
      failures,
      wallMs: performance.now() - startedAtMs,
      cpuMs: reports.reduce((sum, { cpuMs }) => sum + cpuMs, 0),
      peakRssBytes: Math.max(...reports.map(({ peakRssBytes }) => peakRssBytes)),
    };
  }
}

async function runSlice(job: SliceJob): Promise<SliceReport> {
  const env = { PATH: process.env['PATH'], AWS_ACCESS_KEY_ID: 'scale', AWS_SECRET_ACCESS_KEY: 'scale' };
  const { stdout } = await run(process.execPath, [program, JSON.stringify(job)], { env, maxBuffer: 1024 ** 3 });
  return JSON.parse(stdout) as SliceReport;
}
