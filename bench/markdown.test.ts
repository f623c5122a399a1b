import { expect, test } from 'vitest';
import type { Run } from './bench.ts';
import type { Reaction } from './lying.ts';
import { figuresOf, librariesOf, reactionsOf, summaryOf, type Report } from './markdown.ts';
import { makeRow, ratiosToRclone } from './row.ts';
import type { LibraryResult } from './shapes.ts';

const source = {
  apiRequests: 3,
  listings: 0,
  heads: 1,
  gets: 4,
  mediaBytes: 2e9,
  connections: 2,
  wireSent: 2e9,
  wireReceived: 1e6,
};
const files = { count: 2, sizeBytes: 1e9, extension: 'mp4' } as const;

/** A run with these figures. Half of its CPU time is user time. */
function runOf(wallSeconds: number, cpuSeconds: number, peakBytes: number): Run {
  const half = cpuSeconds / 2;
  return { wallSeconds, userSeconds: half, systemSeconds: half, peakBytes, memory: [], source, sink: undefined };
}

function rowOf(name: string, runs: readonly Run[]) {
  return makeRow({ workload: 'two films', tool: { name, version: '1.0', verifiesInDirectory: 'size only' }, files, runs });
}

const rows = [
  rowOf('cloud-sync', [runOf(4, 2, 120e6), runOf(2, 2, 120e6), runOf(3, 2, 120e6)]),
  rowOf('rclone', [runOf(6, 4, 80e6)]),
  rowOf('curl', [runOf(2, 1, 12e6)]),
];
const reactions: Reaction[] = [
  { lie: 'cut', tool: 'cloud-sync', ours: true, version: '1.0', exitCode: 0, outcome: 'survived' },
  { lie: 'cut', tool: 'rclone', ours: false, version: '1.0', exitCode: 0, outcome: 'reported success with wrong bytes' },
  { lie: 'silent', tool: 'cloud-sync', ours: true, version: '1.0', exitCode: 1, outcome: 'detected' },
  { lie: 'silent', tool: 'rclone', ours: false, version: '1.0', exitCode: null, outcome: 'no end within 25 s' },
];
const shapes = { library: 'every shape', version: '1.0', originals: 3 };
const libraries: LibraryResult[] = [
  { ...shapes, tool: 'cloud-sync', ours: true, exitCode: 0, right: 3, others: 0 },
  { ...shapes, tool: 'gopro-media-downloader', ours: false, exitCode: 1, right: 2, others: 1 },
];
const report: Report = { measuredAt: '2026-01-02T03:04:05Z', command: 'npm run bench', missing: [], rows, reactions, libraries };

const lines = (text: string) => text.split('\n').filter((line) => line.startsWith('|'));

test('the row of each tool except rclone has ratios to the row of rclone in the same workload', () => {
  expect(rows.map((row) => ratiosToRclone(row, rows))).toEqual([
    { wallSeconds: 0.5, cpu: 0.5, userCpu: 0.5, peakBytes: 1.5 },
    undefined,
    { wallSeconds: 2 / 6, cpu: 0.25, userCpu: 0.25, peakBytes: 0.15 },
  ]);
  expect(figuresOf(report)[0]).toMatch(/\| 12 \| 0\.33, 0\.25, 0\.25, 0\.15 \|/);
});

test('the summary compares Cloud Sync with rclone and with the peer that is best in each figure', () => {
  expect(lines(summaryOf(report)).at(-1)).toBe(
    '| two films | 3.00 | 0.50 | 0.50 | 0.50 | 1.50 | 1.50 (curl) | 2.00 (curl) | 10.00 (curl) |',
  );
  expect(summaryOf(report)).toContain('stored the right file or reported an error: cloud-sync 2 of 2, rclone 0 of 2.');
});

test('the table of lies has one line for each lie, with the outcome of each tool', () => {
  expect(lines(reactionsOf(report).join('\n')).slice(2)).toEqual([
    '| cut | **cloud-sync** | 0 | survived |',
    '|  | rclone | 0 | reported success with wrong bytes |',
    '| silent | **cloud-sync** | 1 | detected |',
    '|  | rclone | killed | no end within 25 s |',
  ]);
});

test('the summary shows the cost of the proof beside the peer that proves files too', () => {
  const more = [rowOf('cloud-sync sync --no-prove', [runOf(1, 1, 100e6)]), rowOf('gopro-media-downloader', [runOf(8, 9, 50e6)])];
  const summary = lines(summaryOf({ ...report, rows: [...rows, ...more] }));
  expect(summary.slice(-3)).toEqual([
    '| two films | **cloud-sync** | 3.00 | 1.00 s/GB | 120 |',
    '|  | cloud-sync sync --no-prove | 1.00 | 0.50 s/GB | 100 |',
    '|  | gopro-media-downloader | 8.00 | 4.50 s/GB | 50 |',
  ]);
  expect(summary[2]).toBe('| two films | 3.00 | 0.50 | 0.50 | 0.50 | 1.50 | 1.50 (curl) | 2.00 (curl) | 10.00 (curl) |');
});

test('the table of libraries has one line for each tool, with the originals in its archive', () => {
  expect(lines(librariesOf(report).join('\n')).slice(2)).toEqual([
    '| every shape | **cloud-sync** | 0 | 3 of 3 | 0 |',
    '|  | gopro-media-downloader | 1 | 2 of 3 | 1 |',
  ]);
});

test('a report without measurements has no tables', () => {
  expect(figuresOf({ ...report, rows: [] })).toEqual([]);
  expect(reactionsOf({ ...report, reactions: [] })).toEqual([]);
  expect(librariesOf({ ...report, libraries: [] })).toEqual([]);
  expect(lines(summaryOf({ ...report, rows: [] }))).toEqual([]);
});
