import { expect, test } from 'vitest';
import { flameGraph, placeOf, type CpuProfile } from './flame.ts';

const node = (id: number, functionName: string, url: string, ...children: number[]) => ({
  id,
  callFrame: { functionName, url },
  children,
});

/** A profile of 10 s: `run` works for 3 s, its two calls of `<read>` take 1 s, and 6 s are idle. */
const profile: CpuProfile = {
  nodes: [
    node(1, '(root)', '', 2, 3),
    node(2, 'run', 'file:///home/me/node_modules/cloud-sync/dist/sync.js', 4, 5),
    node(3, '(idle)', ''),
    node(4, '<read>', 'node:fs'),
    node(5, '<read>', 'node:fs'),
  ],
  samples: [2, 4, 5, 3, 3],
  timeDeltas: [0, 3_000_000, 400_000, 600_000, 6_000_000],
};

test('a flame graph shows each function once under its callers, with its share of the working time', () => {
  const svg = flameGraph(profile, 'a & b');
  expect([...svg.matchAll(/<title>(.*?)<\/title>/g)].map(([, title]) => title)).toEqual([
    'all: 100.0 %',
    'run src/sync.ts: 100.0 %',
    '&#60;read&#62; node:fs: 25.0 %',
  ]);
  expect(svg).toContain('a &#38; b: 4.00 s of work on the main thread');
  expect(svg).toContain('width="299.5"');
});

test('a flame graph leaves out frames that are too narrow to see', () => {
  const brief = { ...profile, timeDeltas: [0, 3_000_000, 1_000, 1_000, 0] };
  expect(flameGraph(brief, '')).not.toContain('node:fs');
});

test.each([
  ['', ''],
  ['node:internal/streams/readable', 'node:internal/streams/readable'],
  ['file:///home/me/x/node_modules/cloud-sync/dist/transfer/slice.js', 'src/transfer/slice.ts'],
  ['file:///home/me/x/node_modules/cloud-sync/bin/cloud-sync.js', 'bin/cloud-sync.js'],
  ['file:///home/me/x/node_modules/undici/lib/core/request.js', 'undici'],
  ['file:///home/me/x/node_modules/a/node_modules/@aws-sdk/client-s3/dist-cjs/index.js', '@aws-sdk/client-s3'],
  ['file:///home/me/script.js', 'script.js'],
])('the profiled URL %j is shown as %j', (url, place) => {
  expect(placeOf(url)).toBe(place);
});
