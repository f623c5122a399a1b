import { clean } from '../lib/log.ts';
import { describe, describeProgress } from './describe.ts';
import type { Copied, Report, Restored, RunFinished } from '../events.ts';
import { createProblems } from './problems.ts';
import { finalTable, verdict } from './table.ts';

const progressEveryMs = 5_000;

/**
 * Prints lines for a log or a pipe. It prints one line for each event, progress every few seconds,
 * and a table at the end.
 */
export function createPlainReport(write: (text: string) => void, now: () => number): Report {
  const problems = createProblems();
  let nextProgressMs = now() + progressEveryMs;
  return (event) => {
    problems.note(event);
    if (event.type === 'run.finished') return write(finalTable(event, problems.lines()));
    if (event.type !== 'progress') {
      const line = describe(event);
      return line === undefined ? undefined : write(`${line}\n`);
    }
    if (now() < nextProgressMs) return;
    nextProgressMs = now() + progressEveryMs;
    write(`${describeProgress(event)}\n`);
  };
}

/** `--quiet` is for schedules, whose messages should be short. */
const maxQuietLines = 10;

/**
 * For `--quiet`: prints warnings, and after a failure a short summary with the next step. It does
 * not print the error that ended the run, because the caller prints that error.
 */
export function createQuietReport(writeError: (text: string) => void): Report {
  const problems = createProblems(maxQuietLines);
  return (event) => {
    problems.note(event);
    if (event.type === 'warning') writeError(`${describe(event)}\n`);
    // If `verify` ends with exit code 0, a person has accepted everything that it found.
    if (event.type !== 'run.finished' || event.exitCode === 0) return;
    for (const line of problems.lines()) writeError(`${line.startsWith('…') ? '' : 'failed: '}${clean(line)}\n`);
    if (!event.error) writeError(`${summaryOf(event)}${verdict(event)}\n`);
  };
}

function verifiedCounts({ files, missing, damaged, suspect, unreadable }: NonNullable<RunFinished['verified']>) {
  return { checked: files, missing, damaged, suspect, unreadable };
}

function syncCounts({ archived, failed, quarantined, lost, disputed }: RunFinished['files']) {
  return { archived, failed, quarantined, lost, disputed };
}

function restoredCounts({ files, failed, missing, mismatched }: Restored) {
  return { restored: files, failed: failed + missing, 'not matching': mismatched };
}

function copiedCounts({ files, failed, missing }: Copied) {
  return { copied: files, failed: failed + missing };
}

/** The counts that are not zero, such as `2 archived, 1 failed. `. Empty if all are zero. */
function summaryOf({ files, verified, restored, copied }: RunFinished): string {
  const counts = copied
    ? copiedCounts(copied)
    : restored
      ? restoredCounts(restored)
      : verified
        ? verifiedCounts(verified)
        : syncCounts(files);
  const named = Object.entries(counts).filter(([, number]) => number > 0);
  return named.length === 0 ? '' : `${named.map(([word, number]) => `${number.toLocaleString('en')} ${word}`).join(', ')}. `;
}
