import { Writable } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { describe as describeEvent } from './describe.ts';
import type { Event, Progress, Report } from '../events.ts';
import { createJsonReport } from './jsonl.ts';
import { createPlainReport, createQuietReport } from './plain.ts';
import { summarise } from './summary.ts';
import { createTerminalReport, progressBlock } from './terminal.ts';

const file = {
  key: 'gopro-videos/2026/05/GX010001__abc.mp4',
  bytesDone: 5_000_000,
  sizeBytes: 10_000_000,
  bytesPerSecond: 1_000_000,
};
const progress: Progress = {
  type: 'progress',
  filesDone: 3,
  mediaDone: 2,
  mediaTotal: 9,
  bytesDone: 1e9,
  bytesTotal: 4e9,
  bytesPerSecond: 2e6,
  remainingMs: 90_000,
  active: [file],
};
const failed: Event = {
  type: 'file.failed',
  id: '1',
  mediaId: 'm',
  key: file.key,
  status: 'FAILED',
  code: 'TRUNCATED',
  reason: 'it ended early',
};
const archived: Event = {
  type: 'file.archived',
  id: '1',
  mediaId: 'm',
  key: file.key,
  path: '',
  sizeBytes: 12_000,
  crc32: '00000000',
  revision: 1,
  proof: 'proven',
};
const hostile = 'a\u001b[2Jb\u202ec\nd';

/** A reporter, its output so far, and a clock that the test sets. */
function recording(create: (write: (text: string) => void, now: () => number) => Report) {
  const clock = { nowMs: 0 };
  let written = '';
  return {
    clock,
    written: () => written,
    report: create(
      (text) => void (written += text),
      () => clock.nowMs,
    ),
  };
}

test('JSON lines have the time, and progress is printed at most every five seconds', () => {
  const { clock, report, written } = recording(createJsonReport);
  for (const nowMs of [0, 1000, 4999, 5000, 5001]) {
    clock.nowMs = nowMs;
    report(progress);
  }
  const times = written()
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as { time: string }).time);
  expect(times).toEqual(['1970-01-01T00:00:00.000Z', '1970-01-01T00:00:05.000Z']);
});

test('JSON lines have no secrets in free texts, but the keys of files are unchanged', () => {
  const { report, written } = recording(createJsonReport);
  const long = `${'family_'.repeat(6)}.at.the.sea.side__abcdefghijkl.mp4`;
  report({ ...failed, key: long, reason: 'GET https://host/file?Signature=abc failed' });
  expect(written()).toContain(long);
  expect(written()).not.toContain('Signature=abc');
});

test('plain lines name each file and show progress every few seconds', () => {
  const { clock, report, written } = recording(createPlainReport);
  report(archived);
  report(progress);
  expect(written()).toBe(`archived  ${file.key}  12 kB  proven\n`);
  clock.nowMs = 5_000;
  report(progress);
  expect(written()).toContain('3 files, 2 of 9 media, 1 GB of 4 GB, 2 MB/s, 1m 30s left\n');
});

test('the quiet report prints warnings, some failures and a summary with the next step', () => {
  const { report, written } = recording((write) => createQuietReport(write));
  report({ type: 'warning', message: 'careful', hint: 'Look.' });
  report({ ...archived, sizeBytes: 1 });
  for (let index = 0; index < 12; index += 1) report(failed);
  const { files, ...finished } = summarise({ runId: 'r', elapsedMs: 1, differences: 1 });
  report({ ...finished, files: { ...files, archived: 1, failed: 12 } });
  const lines = written().trimEnd().split('\n');
  expect(lines.slice(0, 2)).toEqual(['warning: careful. Look.', `failed: ${file.key}: it ended early`]);
  expect(lines.slice(-2)).toEqual([
    '… and 2 more: `cloud-sync list --status failed,quarantined,missing,damaged,suspect`',
    expect.stringMatching(/^1 archived, 12 failed\. Some files are not archived yet \(.*Run the same command again/),
  ]);
  expect(lines).toHaveLength(13);
});

test('the quiet report prints nothing about a clean run', () => {
  const { report, written } = recording((write) => createQuietReport(write));
  report(summarise({ runId: 'r', elapsedMs: 1 }));
  expect(written()).toBe('');
});

test('a text of another system cannot control the terminal', () => {
  expect(describeEvent({ type: 'medium.waiting', mediaId: 'm', name: hostile, reason: hostile })).toBe(
    'waiting   a\\u001b[2Jb\\u202ec\\u000ad (m): a\\u001b[2Jb\\u202ec\\u000ad',
  );
  expect(progressBlock({ ...progress, active: [{ ...file, key: hostile }] }, { columns: 120, rows: 24 })).not.toMatch(
    /\u001b|\u202e/,
  );
  expect(describeEvent({ type: 'medium.waiting', mediaId: 'm', name: 'a\u061cb\u200bc\u2060d\ufeffe', reason: '' })).toContain(
    'a\\u061cb\\u200bc\\u2060d\\ufeffe',
  );
});

test('a line of JSON cannot control the terminal, and its values are unchanged', () => {
  const { report, written } = recording((write) => createJsonReport(write, () => 0));
  const name = `${hostile}\u009b2J\u061c\u200b\u2060\ufeff`;
  report({ type: 'medium.waiting', mediaId: 'm', name, reason: '' });
  expect(written()).not.toMatch(/[\u001b\u009b\u202e\u061c\u200b\u2060\ufeff]/);
  expect(JSON.parse(written())).toMatchObject({ name });
});

test('the live block has one line for each file and one for the total, and always fits the terminal', () => {
  const active = Array.from({ length: 30 }, () => file);
  const lines = progressBlock({ ...progress, active }, { columns: 100, rows: 10 }).split('\n');
  expect(lines).toHaveLength(9);
  expect(lines[0]).toMatch(/GX010001__abc\.mp4 +█{10}░{10} 5 MB of 10 MB +1 MB\/s 5s left/);
  expect(lines.at(-2)).toBe('… and 23 more');
  expect(lines.at(-1)).toMatch(/^Total: 3 files/);
  expect(lines.every((line) => line.length < 100)).toBe(true);
});

test('on a terminal the lines of events stay above the live block, and the table comes last', () => {
  let written = '';
  const terminal = Object.assign(new Writable({ write: (chunk, _encoding, done) => ((written += String(chunk)), done()) }), {
    columns: 100,
    rows: 24,
    isTTY: true,
  });
  let nowMs = 1000;
  const report = createTerminalReport(terminal, () => nowMs);
  report({ type: 'run.started', runId: 'r', kind: 'sync', provider: 'gopro', destination: '/archive', dryRun: false });
  report(progress);
  nowMs += 50;
  report({ ...progress, filesDone: 4 });
  nowMs += 50;
  report({ ...progress, filesDone: 5 });
  report(failed);
  report(summarise({ runId: 'r', elapsedMs: 1000 }));
  const text = stripVTControlCharacters(written);
  expect(text).toContain('Archiving gopro → /archive');
  expect(text).not.toContain('Total: 4 files');
  expect(text).toContain('Total: 5 files');
  expect(text.indexOf('archived')).toBeGreaterThan(text.lastIndexOf('Total:'));
});

const about = { id: '1', mediaId: 'm', key: file.key, path: `/archive/${file.key}` };
const noLoss = { lost: false, lastCopy: null };

test.each<[string, Event, string]>([
  ['a missing file', { type: 'file.missing', ...about, ...noLoss }, `missing   ${about.path}`],
  [
    'a missing file that the cloud no longer has',
    { type: 'file.missing', ...about, lost: true, lastCopy: null },
    `missing   ${about.path}: the cloud no longer has it, and the archive has no copy`,
  ],
  [
    'a damaged file that the cloud no longer has',
    { type: 'file.damaged', ...about, reason: 'too short', lost: true, lastCopy: '/archive/.cloud-sync/quarantine/a' },
    `damaged   ${about.path}: too short; the cloud no longer has it, and its last copy is /archive/.cloud-sync/quarantine/a`,
  ],
  [
    'a lost file',
    { type: 'file.lost', ...about, mark: 'DAMAGED', lastCopy: about.path },
    `lost      ${about.path}: damaged; the cloud no longer has it, and its last copy is ${about.path}`,
  ],
  [
    'an unreadable file',
    { type: 'file.unreadable', ...about, code: 'UNREADABLE', reason: 'it is in an archive class' },
    `unreadable ${about.path}: it is in an archive class`,
  ],
  ['a superseded file', { type: 'file.superseded', ...about }, `superseded ${about.path}: a later revision replaces it`],
  [
    'a rolling check of a bucket',
    { type: 'check.planned', days: 90, files: 2, bytes: 3e9, unreadable: 1, requests: 2, usd: 0.27, prices: 'list prices' },
    'Reading 2 files again, 3 GB, so that no byte stays unread for 90 days; 2 requests, about 0.27 USD (list prices); 1 file in an archive class cannot be read',
  ],
  [
    'a suspect file',
    { type: 'file.suspect', ...about, ...noLoss, reason: 'its bytes do not match the checksum' },
    `suspect   ${about.path}: its bytes do not match the checksum`,
  ],
  [
    'a disputed file',
    { type: 'file.disputed', ...about, reason: 'the same bytes came twice' },
    `disputed  ${about.path}: the same bytes came twice`,
  ],
  [
    'a medium without some of its files',
    { type: 'medium.incomplete', mediaId: 'm', name: 'GX01.MP4', missing: 2, lost: true },
    'missing   2 files of GX01.MP4 (m); the cloud no longer has the medium',
  ],
])('one line describes %s', (_what, event, line) => {
  expect(describeEvent(event)).toBe(line);
});

test('the quiet report has no counts if only untried files make a run fail', () => {
  const { report, written } = recording((write) => createQuietReport(write));
  const transferred = { archivedFiles: 0, archivedBytes: 0, fetchedBytes: 0, mediaRequests: 0, untriedOriginals: 1 };
  report(summarise({ runId: 'r', elapsedMs: 1, transferred }));
  expect(written()).toMatch(/^Some files are not archived yet/);
});

test('the quiet report of `sync` names disputed files, and the one of `verify` leaves them out', () => {
  const reports = (['gopro', null] as const).map((provider) => {
    const { report, written } = recording((write) => createQuietReport(write));
    report({
      type: 'run.started',
      runId: 'r',
      kind: provider === null ? 'verify' : 'sync',
      provider,
      destination: '/archive',
      dryRun: false,
    });
    report({ type: 'file.disputed', ...about, reason: 'the same bytes came twice' });
    const finished = summarise({ runId: 'r', elapsedMs: 1, differences: 1 });
    report({ ...finished, files: { ...finished.files, disputed: provider ? 1 : 0 } });
    return written();
  });
  const dispute = `failed: ${about.path}: the same bytes came twice\n`;
  expect(reports).toEqual([expect.stringMatching(/1 disputed\. [^]*`cloud-sync list --proof disputed`/), expect.any(String)]);
  expect(reports.map((text) => text.includes(dispute))).toEqual([true, false]);
});

test('the quiet report of `verify` prints nothing if all differences were accepted', () => {
  const { report, written } = recording((write) => createQuietReport(write));
  const found = { files: 9, bytes: 1000, missing: 1, damaged: 0, suspect: 0, proven: 0, disputed: 0, lost: 1 };
  const verified = { ...found, superseded: 0, unreadable: 0, unknown: 0 };
  report({ type: 'file.missing', ...about, lost: true, lastCopy: null });
  report(summarise({ runId: 'r', elapsedMs: 1, verified, differences: 0 }));
  expect(written()).toBe('');
});
