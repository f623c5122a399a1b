import { clean } from '../lib/log.ts';
import { describe, describeProgress } from './describe.ts';
import type { Report } from '../events.ts';
import { createProblems } from './problems.ts';
import { finalTable } from './table.ts';

const progressEveryMs = 5_000;

/**
 * Prints lines for a log or a pipe. It prints one line for each event, progress every few seconds,
 * and a table at the end.
 */
export function createPlainReport(write: (text: string) => void, now: () => number): Report {
  const problems = createProblems();
  let dryRun = false;
  let nextProgressMs = now() + progressEveryMs;
  return (event) => {
    problems.note(event);
    if (event.type === 'run.started') ({ dryRun } = event);
    if (event.type === 'run.finished') return write(finalTable(event, problems.lines, { dryRun }));
    if (event.type !== 'progress') {
      const line = describe(event);
      return line === undefined ? undefined : write(`${line}\n`);
    }
    if (now() < nextProgressMs) return;
    nextProgressMs = now() + progressEveryMs;
    write(`${describeProgress(event)}\n`);
  };
}

/**
 * For `--quiet`: prints only failures, at the end. It does not print the error that stopped the
 * run, because the caller prints that error.
 */
export function createQuietReport(writeError: (text: string) => void): Report {
  const problems = createProblems();
  return (event) => {
    problems.note(event);
    if (event.type !== 'run.finished') return;
    // If `verify` ends with exit code 0, a person has accepted everything that it found.
    const isAccepted = event.verified !== undefined && event.exitCode === 0;
    if (!isAccepted) for (const line of problems.lines) writeError(`failed: ${clean(line)}\n`);
  };
}
