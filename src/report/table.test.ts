import { expect, test } from 'vitest';
import { SyncError } from '../errors.ts';
import type { Event } from '../events.ts';
import { createProblems } from './problems.ts';
import { finishedEarly, summarise } from './summary.ts';
import { finalTable } from './table.ts';

const failed: Event = {
  type: 'file.failed',
  id: '1',
  mediaId: 'm',
  key: 'gopro-videos/2026/05/GX010001__abc.mp4',
  status: 'FAILED',
  code: 'TRUNCATED',
  reason: 'it ended early',
};

test('the table lists failures with their reasons, up to a limit, and the next step', () => {
  const problems = createProblems();
  for (let index = 0; index < 25; index += 1) problems.note(failed);
  const table = finalTable({ ...summarise({ runId: 'r', elapsedMs: 1000 }), outcome: 'partial' }, problems.lines());
  expect(table.match(/it ended early/g)).toHaveLength(20);
  expect(table).toContain('and 5 more');
  expect(table).toContain('Run the same command again');
});

test('the table of a run that ended early leaves out its error, and counts only what is known', () => {
  const run = { runId: 'r', kind: 'sync', archived: { files: 0, proven: 0, bytes: 0 } } as const;
  expect(finalTable(finishedEarly(new SyncError('LOCKED', 'x'), run), [])).toBe('');
  const interrupted = finishedEarly(new SyncError('INTERRUPTED', 'x'), {
    ...run,
    archived: { files: 3, proven: 2, bytes: 2000 },
  });
  expect(finalTable(interrupted, [])).toBe("\n  archived  3  2 kB\n  proven    2  of 3 match the cloud's own checksum\n");
  expect(interrupted.bytes.archived).toBe(2000);
});

const sound = { suspect: 0, proven: 0, disputed: 0, superseded: 0, unreadable: 0, unknown: 0 };
const checked = { files: 9, bytes: 1000, missing: 0, damaged: 0, lost: 0, ...sound };

test.each([
  [
    'only missing files',
    { missing: 2 },
    2,
    /missing +2 +the next `sync` fetches them again\n[^]*Run `cloud-sync sync` to restore them\.\n$/,
  ],
  [
    'only lost files',
    { missing: 2, lost: 2 },
    2,
    /lost +2 +of these[^]*\(1s\)\. `cloud-sync list --status lost` names the lost files/,
  ],
  [
    'lost and missing files',
    { missing: 2, lost: 1 },
    2,
    /fetches what the cloud still has again\n[^]*to restore them\. `cloud-sync list --status lost`/,
  ],
  ['a rolling check', { rollingDays: 90, unreadable: 2 }, 0, /Every file that was read is intact \(1s\)\.\n$/],
  ['a rolling check without work', { files: 0, rollingDays: 90 }, 0, /No file needs a check now \(1s\)\.\n$/],
  ['only accepted files', { damaged: 1, lost: 1 }, 0, /Every file that differs was accepted \(1s\)\.\n$/],
  ['unreadable files', { unreadable: 3 }, 0, /unreadable +3 [^]*Every archived file that could be read is there and intact/],
  [
    'unreadable files with a mark',
    { unreadable: 3 },
    3,
    /unreadable +3 [^]*Some files could not be read \(1s\)\. Run the same command again when/,
  ],
  [
    'only suspect files',
    { suspect: 2 },
    2,
    /suspect +2 +do not match the cloud's own checksum; [^]*Some files do not match [^]*Run `cloud-sync sync` to fetch them once more\.\n$/,
  ],
  [
    'disputed files of earlier runs',
    { proven: 8, disputed: 1 },
    0,
    /proven +8 +[^]*disputed +1 +their bytes came twice [^]*Every archived file is there and intact/,
  ],
  ['superseded files', { superseded: 1 }, 0, /superseded +1 +replaced by [^]*Every archived file is there and intact/],
] as const)('the table of `verify` says what to do about %s', (_what, counts, differences, says) => {
  const finished = summarise({ runId: 'r', elapsedMs: 1000, verified: { ...checked, ...counts }, differences });
  const problems = createProblems();
  problems.note(finished);
  expect(finalTable(finished, problems.lines())).toMatch(says);
});

test.each([
  [
    'only lost files',
    { lost: 2 },
    1,
    /lost +2 +missing, damaged or suspect here[^]*Some archived files are lost \(1s[^]*`cloud-sync accept`/,
  ],
  [
    'lost and failed files',
    { lost: 2, failed: 1 },
    1,
    /Some files are not archived yet[^]*Run the same command again; [^]*`cloud-sync accept`/,
  ],
  [
    'only disputed files',
    { archived: 9, proven: 8, disputed: 1 },
    1,
    /proven +8 +of 9 match [^]*disputed +1 +their bytes came twice [^]*Everything is archived and verified, but some files do not match the cloud's own checksum \(1s[^]*`cloud-sync list --proof disputed`/,
  ],
  [
    'accepted files',
    { accepted: 2 },
    0,
    /accepted +2 +no run fails[^]*Everything is archived and verified, except what was accepted \(1s/,
  ],
] as const)('the table of `sync` says what to do about %s', (_what, counts, exitCode, says) => {
  const clean = summarise({ runId: 'r', elapsedMs: 1000, listing: { listed: 9, added: 0, changed: 0, gone: 0 } });
  const outcome = exitCode === 0 ? 'clean' : 'partial';
  const finished = { ...clean, outcome, exitCode, files: { ...clean.files, ...counts } } as const;
  expect(finalTable(finished, [])).toMatch(says);
});
