import { expect, test } from 'vitest';
import { zero, type Counts } from '../../tracker/ledger/tally.ts';
import type { RunRecord } from '../../media.ts';
import { nextStep } from './next-step.ts';

function aRun(outcome: string | null): RunRecord {
  const [startedAt, finishedAt] = ['2026-11-20T03:00:00.000Z', '2026-11-20T03:00:09.000Z'];
  return { id: 'night-1', kind: 'sync', fence: 1, startedAt, finishedAt, outcome, summary: null };
}

function tallyWith(change: (counts: Counts) => void = () => {}): Counts {
  const counts = zero();
  change(counts);
  return counts;
}

const clean = tallyWith();
const failed = tallyWith(({ originals }) => (originals.FAILED = 2));
const quarantined = tallyWith(({ media, originals }) => (media.QUARANTINED = originals.FAILED = 1));
const lost = tallyWith((counts) => (counts.originals.QUARANTINED = counts.lost = 1));
const before = '2026-11-14T10:00:00.000Z';
const since = '2026-11-20T08:00:00.000Z';

test.each([
  ['a service that has not run yet', clean, undefined, null, /aws run` starts the first run/],
  ['a service without problems', clean, 'clean', before, /^$/],
  ['a service with failed files', failed, 'partial', before, /aws failures`.*tries the files again/],
  ['a service with quarantined media', quarantined, 'partial', before, /aws failures`.*aws retry`/],
  ['a service with lost files', lost, 'partial', before, /aws failures` names the lost files, .*aws accept`/],
  ['a service with expired credentials', clean, 'expired', before, /`cloud-sync login gopro`, then `cloud-sync aws run`/],
  ['a service with expired credentials and failed files', quarantined, 'expired', before, /login gopro/],
  ['a service with expired credentials in an unreadable secret', clean, 'expired', undefined, /login gopro/],
  [
    'a service with credentials that were renewed since the last run',
    clean,
    'expired',
    since,
    /^`cloud-sync aws run` tries the new credentials/,
  ],
] as const)('%s gets the right next step', (_what, tally, outcome, writtenAt, says) => {
  expect(nextStep(tally, outcome && aRun(outcome), writtenAt, (command) => `\`cloud-sync ${command}\``)).toMatch(says);
});
