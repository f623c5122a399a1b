import { describe, expect, test } from 'vitest';
import type { MediumStatus, OriginalStatus, Role } from '../../../media.ts';
import type { LineRow } from '../../work-line.ts';
import { brokenOf, isTold, isUnreached, lostBy, markOf, unrecorded } from './lost-work.ts';

const runStartedAt = '2026-11-21T03:15:00.000Z';
const before = '2026-11-20T03:20:00.000Z';
const during = '2026-11-21T03:20:00.000Z';
const roles: readonly Role[] = ['source', 'raw'];

interface Standing {
  readonly since?: string;
  readonly resolvedRoles?: readonly Role[];
  readonly goneSince?: string;
  readonly reason?: string;
}

function row(status: MediumStatus, originals: readonly (readonly [OriginalStatus, string])[] = [], more: Standing = {}): LineRow {
  const { since = before, resolvedRoles = status === 'RESOLVED' ? roles : [], goneSince = null, reason = 'why' } = more;
  return {
    tracked: { medium: { id: 'm' }, status, statusSince: since, resolvedRoles, goneSince, reason },
    originals: originals.map(([status, statusSince], index) => ({ id: `o${index}`, status, statusSince })),
  } as unknown as LineRow;
}

describe('what is left unsaid', () => {
  test.each<readonly [string, LineRow, boolean, readonly string[]]>([
    ['a medium that was never resolved', row('LISTED'), true, []],
    ['one that was not resolved for all that is asked for', row('RESOLVED', [], { resolvedRoles: ['source'] }), true, []],
    [
      'originals that were not begun, or not ended',
      row('RESOLVED', [
        ['PENDING', before],
        ['IN_PROGRESS', during],
      ]),
      false,
      ['o0', 'o1'],
    ],
    [
      'nothing of what is archived, failed, or gone',
      row('RESOLVED', [
        ['COMPLETED', during],
        ['FAILED', during],
        ['QUARANTINED', during],
        ['SOURCE_DELETED', during],
      ]),
      false,
      [],
    ],
    ['nothing of a medium that failed in this run', row('FAILED', [], { since: during }), false, []],
    ['a medium that failed in an earlier run', row('FAILED', [], { since: before }), true, []],
    [
      'but not again what this run has marked',
      row('FAILED', [], { since: before, reason: `why${markOf('night-1')}` }),
      false,
      [],
    ],
    ['nothing of one that waits for the provider', row('WAITING'), false, []],
    ['but what is open of the originals that it has', row('WAITING', [['PENDING', before]]), false, ['o0']],
    ['nothing of one that needs a person', row('QUARANTINED'), false, []],
    ['nothing of one that the listing misses', row('LISTED', [['PENDING', before]], { goneSince: during }), false, []],
  ])('%s', (_name, line, medium, originals) => {
    const open = unrecorded(line, { run: 'night-1', roles, runStartedAt });
    expect({ medium: open.medium, originals: open.originals.map(({ id }) => id) }).toEqual({ medium, originals });
  });
});

describe('how a medium stands', () => {
  test.each<readonly [string, LineRow, boolean, boolean]>([
    ['archived', row('RESOLVED', [['COMPLETED', during]]), false, false],
    ['failed as a whole', row('FAILED'), true, false],
    [
      'a file of it failed',
      row('RESOLVED', [
        ['COMPLETED', during],
        ['FAILED', during],
      ]),
      true,
      false,
    ],
    ['quarantined by this run', row('QUARANTINED', [], { since: during }), true, true],
    ['a file of it quarantined by this run', row('RESOLVED', [['QUARANTINED', during]]), true, true],
    ['quarantined before', row('RESOLVED', [['QUARANTINED', before]]), true, false],
  ])('%s', (_name, line, failed, quarantined) => {
    expect(brokenOf(line, runStartedAt)).toEqual({ failed, quarantined });
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
])('a worker that ends with %j has told all: %s', (Error, told) => {
  expect(isTold({ Error, Cause: '' })).toBe(told);
});

describe('what a lost worker lost', () => {
  const run = { run: 'night-1', runStartedAt, roles };
  const ids = (rows: readonly LineRow[]) =>
    lostBy(rows, run).map(({ lost }) => [lost.medium, lost.originals.map(({ id }) => id)]);

  test('is what it held, and not its neighbours', () => {
    const rows = [row('LISTED'), row('RESOLVED', [['IN_PROGRESS', during]]), row('RESOLVED', [['PENDING', before]])];
    expect(ids(rows)).toEqual([
      [false, []],
      [false, ['o0']],
      [false, []],
    ]);
  });

  test('is any of them where it held nothing', () => {
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
])('%s: the worker was never reached: %s', (Error, unreached) => {
  expect(isUnreached({ Error, Cause: '' })).toBe(unreached);
});
