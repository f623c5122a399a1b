import { expect, test } from 'vitest';
import { medium, original, trackedMedium, trackedOriginal } from '../../../../test/support/builders.ts';
import type { MediumStatus, OriginalStatus } from '../../../media.ts';
import type { LineRow } from '../../work-line.ts';
import { lineOutcome } from './line-outcome.ts';

function row(status: MediumStatus, ...originals: readonly OriginalStatus[]): LineRow {
  return {
    tracked: trackedMedium(medium('m', { filename: 'GX010001.MP4' }), { status, reason: 'why' }),
    originals: originals.map((status, index) => {
      const errorCode = status === 'FAILED' ? 'TRUNCATED' : null;
      return trackedOriginal(original('m', { key: `k${index}` }), { status, errorCode, reason: 'too short' });
    }),
  };
}

const done = row('RESOLVED', 'COMPLETED');

test.each([
  ['everything archived', false, [done, row('RESOLVED', 'COMPLETED', 'COMPLETED')], 'done'],
  ['nothing of it left at the source', false, [row('SOURCE_DELETED')], 'done'],
  ['out of time', true, [done, row('RESOLVED', 'COMPLETED', 'PENDING')], 'go-on'],
  ['out of time, and a medium not even resolved', true, [row('LISTED')], 'go-on'],
  ['out of time, but nothing left', true, [done], 'done'],
  ['out of time, one failed, one left', true, [row('RESOLVED', 'FAILED'), row('LISTED')], 'go-on'],
  ['one failed', false, [done, row('RESOLVED', 'COMPLETED', 'FAILED')], 'failed'],
  ['one failed before it was resolved', false, [row('FAILED')], 'failed'],
  ['one quarantined, one failed', false, [row('RESOLVED', 'QUARANTINED'), row('FAILED')], 'quarantined'],
  ['in time, yet another worker holds one', false, [row('RESOLVED', 'IN_PROGRESS')], 'deferred'],
  ['all wait for the provider', false, [row('WAITING')], 'waiting'],
  ['one waits, one is archived', false, [row('WAITING'), done], 'done'],
  ['media that nobody knows', false, [], 'done'],
] as const)('%s', (_name, isOver, rows, outcome) => {
  expect(lineOutcome(rows, { isOver }).outcome).toBe(outcome);
});

test('a failure names the file and the reason', () => {
  expect(lineOutcome([row('RESOLVED', 'FAILED')], { isOver: false }).error).toEqual({
    Error: 'TRUNCATED',
    Cause: 'k0: too short',
  });
  expect(lineOutcome([row('QUARANTINED')], { isOver: false }).error).toEqual({
    Error: 'QUARANTINED',
    Cause: 'GX010001.MP4: why',
  });
});
