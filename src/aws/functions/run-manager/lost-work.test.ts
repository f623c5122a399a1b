import { describe, expect, test } from 'vitest';
import type { ErrorCode } from '../../../errors.ts';
import { medium, original, trackedMedium, trackedOriginal } from '../../../../test/support/builders.ts';
import { alwaysRoles as roles, type MediumStatus, type OriginalStatus, type Role } from '../../../media.ts';
import type { TrackedOriginal } from '../../../tracker/tracker.ts';
import type { LineRow } from '../../work-line.ts';
import { failureOf, isReplied, isUnreached, lostWork, openWork } from './lost-work.ts';

const runStartedAt = '2026-11-21T03:15:00.000Z';
const before = '2026-11-20T03:20:00.000Z';
const during = '2026-11-21T03:20:00.000Z';

interface MoreFields {
  readonly since?: string;
  readonly resolvedRoles?: readonly Role[];
  readonly goneSince?: string;
}

function row(
  status: MediumStatus,
  originals: readonly (readonly [OriginalStatus, string, ErrorCode?])[] = [],
  more: MoreFields = {},
): LineRow {
  const { since = before, resolvedRoles = status === 'RESOLVED' ? roles : [], goneSince = null } = more;
  return {
    tracked: trackedMedium(medium('m'), { status, statusSince: since, resolvedRoles, goneSince }),
    originals: originals.map(([status, statusSince, errorCode = null], index) => {
      const file = original('m', { itemNumber: index });
      return { ...trackedOriginal(file, { status, statusSince, errorCode }), id: `o${index}` };
    }),
  };
}

describe('the open work of a medium', () => {
  test.each<readonly [string, LineRow, boolean, readonly string[]]>([
    ['the open work of a medium that was never resolved is the medium itself', row('LISTED'), true, []],
    [
      'the open work of a medium that was not resolved for all roles is the medium itself',
      row('RESOLVED', [], { resolvedRoles: ['source'] }),
      true,
      [],
    ],
    [
      'originals that are pending or in progress are open',
      row('RESOLVED', [
        ['PENDING', before],
        ['IN_PROGRESS', during],
      ]),
      false,
      ['o0', 'o1'],
    ],
    [
      'originals that are archived, failed or gone are not open',
      row('RESOLVED', [
        ['COMPLETED', during],
        ['FAILED', during],
        ['QUARANTINED', during],
        ['SOURCE_DELETED', during],
      ]),
      false,
      [],
    ],
    ['a medium that failed in this run is not open', row('FAILED', [], { since: during }), false, []],
    ['a medium that failed in an earlier run is open', row('FAILED', [], { since: before }), true, []],
    ['a medium that waits for the provider is not open', row('WAITING'), false, []],
    ['pending originals of a waiting medium are open', row('WAITING', [['PENDING', before]]), false, ['o0']],
    ['a quarantined medium is not open', row('QUARANTINED'), false, []],
    [
      'a medium that the listing no longer shows is not open',
      row('LISTED', [['PENDING', before]], { goneSince: during }),
      false,
      [],
    ],
  ])('%s', (_name, line, medium, originals) => {
    const open = openWork(line, { roles, runStartedAt });
    expect({ medium: open.medium, originals: open.originals.map(({ id }) => id) }).toEqual({ medium, originals });
  });
});

describe('the failure of a medium', () => {
  test.each<readonly [string, LineRow, boolean, boolean]>([
    ['an archived medium has not failed', row('RESOLVED', [['COMPLETED', during]]), false, false],
    ['a medium that failed as a whole has failed', row('FAILED'), true, false],
    [
      'a medium with a failed file has failed',
      row('RESOLVED', [
        ['COMPLETED', during],
        ['FAILED', during],
      ]),
      true,
      false,
    ],
    ['a medium that this run quarantined is quarantined', row('QUARANTINED', [], { since: during }), true, true],
    ['a medium with a file that this run quarantined is quarantined', row('RESOLVED', [['QUARANTINED', during]]), true, true],
    [
      'a medium that an earlier run quarantined has failed, but is not quarantined again',
      row('RESOLVED', [['QUARANTINED', before]]),
      true,
      false,
    ],
  ])('%s', (_name, line, failed, quarantined) => {
    expect(failureOf(line, runStartedAt)).toEqual({ failed, quarantined });
  });
});

test.each([
  ['', true],
  ['FAILED', true],
  ['QUARANTINED', true],
  ['TRUNCATED', true],
  ['TRACKER_UNUSABLE', true],
  ['BUG', false],
  ['CloudSync.BUG', false],
  ['Lambda.Unknown', false],
  ['Sandbox.Timedout', false],
  ['States.Timeout', false],
  ['TypeError', false],
  ['constructor', false],
])('the error %j comes from a reply of the worker: %s', (Error, replied) => {
  expect(isReplied({ Error, Cause: '' })).toBe(replied);
});

describe('the work that is lost with its worker', () => {
  const run = { runStartedAt, roles };
  const ids = (rows: readonly LineRow[]) =>
    lostWork(rows, run).map(({ medium, originals }) => [medium, originals.map(({ id }) => id)]);

  test('if the worker had claimed originals, only these originals are lost', () => {
    const rows = [row('LISTED'), row('RESOLVED', [['IN_PROGRESS', during]]), row('RESOLVED', [['PENDING', before]])];
    expect(ids(rows)).toEqual([
      [false, []],
      [false, ['o0']],
      [false, []],
    ]);
  });

  test('if the worker had claimed an archived original for a repair, only that original is lost, and only once', () => {
    const repair = trackedOriginal(original('m'), { status: 'COMPLETED', statusSince: before, mark: 'DAMAGED' });
    const claimed = { ...repair, owner: 'worker', attempt: 2 };
    const failed: TrackedOriginal = { ...repair, attempt: 2, errorCode: 'WORKER_LOST', failedAt: during };
    const others = [row('LISTED'), row('RESOLVED', [['PENDING', before]])];
    const line = (state: TrackedOriginal) => [{ ...row('RESOLVED'), originals: [state] }, ...others];
    expect(ids(line(claimed))).toEqual([
      [false, [repair.id]],
      [false, []],
      [false, []],
    ]);
    expect(ids(line(failed))).toEqual([
      [false, []],
      [false, []],
      [false, []],
    ]);
    expect(failureOf(line(failed)[0]!, runStartedAt)).toEqual({ failed: true, quarantined: false });
    expect(openWork(line(repair)[0]!, { runStartedAt, roles }).originals).toEqual([repair]);
  });

  test('a repeated call finds no lost work if the first call recorded a lost original', () => {
    const recorded = row('RESOLVED', [['FAILED', during, 'WORKER_LOST']]);
    expect(ids([row('LISTED'), recorded, row('RESOLVED', [['PENDING', before]])])).toEqual([
      [false, []],
      [false, []],
      [false, []],
    ]);
  });

  test.each([
    ['in an earlier run', ['FAILED', before, 'WORKER_LOST']],
    ['with an error in the reply of its worker', ['FAILED', during, 'STALLED']],
  ] as const)('all open work is lost even if an original failed %s', (_when, failed) => {
    expect(ids([row('LISTED'), row('RESOLVED', [failed])])).toEqual([
      [true, []],
      [false, []],
    ]);
  });

  test('if the worker had claimed nothing, all open work is lost', () => {
    expect(ids([row('LISTED'), row('RESOLVED', [['PENDING', before]])])).toEqual([
      [true, []],
      [false, ['o0']],
    ]);
  });
});

test.each([
  ['Lambda.TooManyRequestsException', true],
  ['Lambda.ResourceNotFoundException', true],
  ['CloudSync.UnknownOutcome', true],
  ['Lambda.Unknown', false],
  ['Sandbox.Timedout', false],
  ['States.Timeout', false],
  ['CloudSync.BUG', false],
])('the error %s means that no work was lost: %s', (Error, unreached) => {
  expect(isUnreached({ Error, Cause: '' })).toBe(unreached);
});
