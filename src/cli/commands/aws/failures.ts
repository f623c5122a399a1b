import { commandsFor } from '../../../aws/commands.ts';
import type { Stage } from '../../../config/stages.ts';
import type { ShowCommand } from '../../../errors.ts';
import { clean, jsonLine } from '../../../lib/log.ts';
import { isoTime } from '../../../lib/clock.ts';
import { nextAttemptMs } from '../../../plan/next-attempt.ts';
import { count } from '../../../report/figures.ts';
import { openLedger } from '../../archive/open-ledger.ts';
import type { Context } from '../../command.ts';
import { listEntries, type ListEntry } from '../../output/list-entries.ts';

/** Prints the failed files, and the quarantined files, which wait for a person. */
export async function runAwsFailures({ config, log, stdout }: Context): Promise<number> {
  await using ledger = await openLedger({ config, log }, 'table');
  const { json, env } = config.settings;
  const show = commandsFor({ stage: env as Stage });
  let failures = 0;
  for await (const row of ledger.tracker.rows(['FAILED', 'QUARANTINED'])) {
    for (const entry of listEntries(row)) {
      if (entry.status !== 'failed' && entry.status !== 'quarantined') continue;
      failures += 1;
      const nextAttempt = entry.status === 'failed' ? isoTime(nextAttemptMs({ ...entry, statusSince: entry.since })) : null;
      stdout.write(json ? jsonLine({ ...entry, nextAttempt }) : textOf(entry, nextAttempt, show));
    }
  }
  if (!json && failures === 0) stdout.write('Nothing has failed.\n');
  return 0;
}

function textOf(
  { status, name, mediaId, since, code, reason, failedRuns }: ListEntry,
  nextAttempt: string | null,
  show: ShowCommand,
): string {
  const next =
    nextAttempt === null
      ? `not tried again before ${show('aws retry')}`
      : `the service tries again after ${nextAttempt}, ${show('aws run')} tries now`;
  const lines = [
    `${status.padEnd(11)} ${name}  ${mediaId}`,
    `  ${code === null ? '' : `${code}: `}${reason ?? 'no reason was recorded'}`,
    `  since ${since}, ${count(failedRuns, 'failed run')}; ${next}`,
  ];
  return `${lines.map(clean).join('\n')}\n`;
}
