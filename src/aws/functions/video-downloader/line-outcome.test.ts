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

/** A row with one damaged file. `failedAt` is when the repair of the file failed, or null. */
function damaged(status: MediumStatus, failedAt: string | null): LineRow {
  const repair = trackedOriginal(original('m'), { status: 'COMPLETED', mark: 'DAMAGED', failedAt, reason: 'no byte' });
  return { ...row(status), originals: [repair] };
}

const runStartedAt = '2026-03-02T00:00:00.000Z';
const [lastNight, thisNight] = ['2026-03-01T00:00:00.000Z', '2026-03-02T00:00:01.000Z'];
const done = row('RESOLVED', 'COMPLETED');

test.each([
  ['a line is done if all its originals are archived', false, [done, row('RESOLVED', 'COMPLETED', 'COMPLETED')], 'done'],
  ['a line is done if its medium was deleted in the cloud', false, [row('SOURCE_DELETED')], 'done'],
  [
    'a line goes on if the slice ended before all originals were archived',
    true,
    [done, row('RESOLVED', 'COMPLETED', 'PENDING')],
    'go-on',
  ],
  ['a line goes on if the slice ended before a medium was resolved', true, [row('LISTED')], 'go-on'],
  ['a line is done if the slice ended but no work is left', true, [done], 'done'],
  [
    'a line goes on if the slice ended and only one of two media failed',
    true,
    [row('RESOLVED', 'FAILED'), row('LISTED')],
    'go-on',
  ],
  ['a line fails if one of its originals failed', false, [done, row('RESOLVED', 'COMPLETED', 'FAILED')], 'failed'],
  ['a line fails if a medium failed before it was resolved', false, [row('FAILED')], 'failed'],
  [
    'a line is quarantined if an original is quarantined, even if a medium failed',
    false,
    [row('RESOLVED', 'QUARANTINED'), row('FAILED')],
    'quarantined',
  ],
  ['a line goes on if the slice ended before a damaged file was replaced', true, [damaged('RESOLVED', null)], 'go-on'],
  ['a repair that failed in an earlier run is tried again', true, [damaged('RESOLVED', lastNight)], 'go-on'],
  ['a line fails if a repair failed in this run', true, [damaged('RESOLVED', thisNight)], 'failed'],
  ['a line is done if a damaged file is lost', true, [damaged('SOURCE_DELETED', null)], 'done'],
  ['a line is deferred if another worker has claimed an original', false, [row('RESOLVED', 'IN_PROGRESS')], 'deferred'],
  ['a line waits if all its media wait for the provider', false, [row('WAITING')], 'waiting'],
  ['a line is done if one medium waits and the other is archived', false, [row('WAITING'), done], 'done'],
  ['a line is done if the tracker knows none of its media', false, [], 'done'],
] as const)('%s', (_name, isOver, rows, outcome) => {
  expect(lineOutcome(rows, { isOver, runStartedAt }).outcome).toBe(outcome);
});

test('the error of a failed line names the file and the reason', () => {
  expect(lineOutcome([row('RESOLVED', 'FAILED')], { isOver: false, runStartedAt }).error).toEqual({
    Error: 'TRUNCATED',
    Cause: 'k0: too short',
  });
  expect(lineOutcome([row('QUARANTINED')], { isOver: false, runStartedAt }).error).toEqual({
    Error: 'QUARANTINED',
    Cause: 'GX010001.MP4: why',
  });
});
