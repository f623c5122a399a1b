import { commandsFor } from '../../../aws/commands.ts';
import type { Stage } from '../../../config/stages.ts';
import type { ShowCommand } from '../../../errors.ts';
import { clean, jsonLine } from '../../../lib/log.ts';
import { isoTime, systemClock } from '../../../lib/clock.ts';
import { nextAttemptMs } from '../../../plan/next-attempt.ts';
import { count } from '../../../report/figures.ts';
import { openLedger } from '../../archive/open-ledger.ts';
import type { Context } from '../../command.ts';
import { decisiveWord, isOneOf, listEntries, type ListEntry } from '../../output/list-entries.ts';

const statuses = ['FAILED', 'QUARANTINED', 'MISSING', 'DAMAGED', 'SUSPECT', 'LOST', 'ACCEPTED'] as const;
const words: ReadonlySet<string> = new Set(statuses.map((status) => status.toLowerCase()));

/**
 * Prints what failed, which archived files need a repair or are disputed, and what waits for a
 * person or was accepted.
 */
export async function runAwsFailures({ config, log, stdout }: Context): Promise<number> {
  await using ledger = await openLedger({ config, log }, 'table');
  const { json, env } = config.settings;
  const show = commandsFor({ stage: env as Stage });
  let failures = 0;
  for await (const row of ledger.tracker.rows([...statuses, 'proof:disputed'])) {
    for (const entry of listEntries(row)) {
      if (!isOneOf(entry, words) && entry.proof !== 'disputed') continue;
      failures += 1;
      const nextAttempt =
        entry.status === 'failed' ? isoTime(nextAttemptMs({ ...entry, statusSince: entry.since }, systemClock.now())) : null;
      stdout.write(json ? jsonLine({ ...entry, nextAttempt }) : textOf(entry, nextAttempt, show));
    }
  }
  if (!json && failures === 0) stdout.write('Nothing has failed.\n');
  return 0;
}

function textOf(entry: ListEntry, nextAttempt: string | null, show: ShowCommand): string {
  const { name, mediaId, since, code, reason, failedRuns } = entry;
  const runs = failedRuns === 0 ? '' : `, ${count(failedRuns, 'failed run')}`;
  const lines = [
    `${wordOf(entry).padEnd(11)} ${name}  ${mediaId}`,
    `  ${code === null ? '' : `${code}: `}${reason ?? 'no reason was recorded'}`,
    `  since ${since}${runs}; ${nextOf(entry, nextAttempt, show)}`,
  ];
  return `${lines.map(clean).join('\n')}\n`;
}

function wordOf(entry: ListEntry): string {
  const word = decisiveWord(entry);
  return word === 'completed' ? 'disputed' : word;
}

function nextOf({ status, lost, acceptedAt }: ListEntry, nextAttempt: string | null, show: ShowCommand): string {
  if (acceptedAt !== null) return `accepted on ${acceptedAt}, ${show('aws retry')} undoes this`;
  if (lost) return `no run can fetch it again, ${show('aws accept')} accepts the loss`;
  if (nextAttempt !== null) return `the service tries again after ${nextAttempt}, ${show('aws run')} tries now`;
  if (status === 'quarantined') return `not tried again before ${show('aws retry')}`;
  return status === 'completed' ? `it stays as it is, ${show('aws accept')} accepts it` : 'the next run fetches it again';
}
