import { commandsFor } from '../../../aws/commands.ts';
import { resourceNames } from '../../../aws/names.ts';
import type { Stage } from '../../../config/stages.ts';
import { ageInDays, warnFromDays } from '../../../config/credentials/age.ts';
import { SyncError, type ShowCommand } from '../../../errors.ts';
import { systemClock } from '../../../lib/clock.ts';
import { jsonLine } from '../../../lib/log.ts';
import { count } from '../../../report/figures.ts';
import type { LeaseRecord } from '../../../lease.ts';
import { openLedger } from '../../archive/open-ledger.ts';
import { describeRun, openMachine } from '../../aws/machine.ts';
import { nextStep } from '../../aws/next-step.ts';
import { secretWrittenAt } from '../../aws/secret.ts';
import type { Context } from '../../command.ts';
import { archiveStatus, filesLine, labelledLines, mediaLine } from '../../output/archive-status.ts';
import { evidenceLines, readEvidence } from '../../output/evidence-lines.ts';
import { proofLines, proofStatus } from '../../output/proof-lines.ts';
import { lastRuns, runLine, toLastRun, type ShownRun } from '../../output/run-lines.ts';

/**
 * When the secret was written. It is null if the secret has no value yet, and undefined if AWS did
 * not answer.
 */
type SecretWritten = string | null | undefined;

/**
 * Shows the state of the service from its tracker. If the machine or the secret cannot be read, a
 * warning gives the reason.
 */
export async function runAwsStatus(context: Context): Promise<number> {
  const { config, stdout } = context;
  await using ledger = await openLedger(context, 'table');
  const { tracker, place: table } = ledger;
  const tally = await archiveStatus(tracker);
  const evidence = await readEvidence(tracker, tally);
  const proof = await proofStatus(tally, tracker);
  const lease = await ledger.currentLease?.();
  const runs = await withEnds(await lastRuns(tracker), context);
  const stage = config.settings.env as Stage;
  const { secret } = resourceNames(stage);
  const writtenAt = await askOrWarn(context, async () => secretWrittenAt(config, secret));
  if (config.settings.json) {
    stdout.write(
      jsonLine({
        table,
        archiveId: tracker.archiveId,
        ...tally,
        ...proof,
        evidence,
        lease: lease ? { holder: lease.owner, until: lease.deadline } : null,
        credentials: { secret, since: writtenAt ?? null },
        lastRuns: runs.map(toLastRun),
      }),
    );
    return 0;
  }
  const show = commandsFor({ stage });
  const rows = [
    ['Archive', `${tracker.archiveId} (table ${table})`],
    ['Media', mediaLine(tally)],
    ['Files', filesLine(tally)],
    ...proofLines(proof, { list: show('aws failures'), nowMs: systemClock.now() }),
    ...evidenceLines(evidence, { retry: show('aws retry') }),
    ['At work', leaseLine(lease)],
    ...runs.map((run, index) => [index === 0 ? 'Last runs' : '', `${runLine(run, systemClock.now())}  ${run.id}`] as const),
    ['Credentials', credentialsLine(secret, writtenAt, show)],
    ['Next', nextStep(tally, runs[0], writtenAt, show)],
  ] as const;
  stdout.write(labelledLines(rows));
  return 0;
}

/**
 * Asks the machine about runs that are unfinished in the tracker. Such a run may still be at work,
 * or it ended but could not record its end.
 */
async function withEnds(runs: readonly ShownRun[], context: Context): Promise<readonly ShownRun[]> {
  if (runs.every(({ finishedAt }) => finishedAt !== null)) return runs;
  const asked = await askOrWarn(context, async () => {
    using machine = await openMachine(context.config);
    return await Promise.all(
      runs.map(async (run) => {
        if (run.finishedAt !== null) return run;
        const execution = await describeRun(machine, machine.executionArn(run.id));
        const { status } = execution ?? {};
        if (status === undefined) return run;
        const state = status === 'RUNNING' ? 'running' : 'killed';
        return { ...run, state, outcome: status.toLowerCase().replaceAll('_', ' ') } as const;
      }),
    );
  });
  return asked ?? runs;
}

async function askOrWarn<Answer>({ log }: Context, ask: () => Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof SyncError)) throw error;
    log.warn(error.message, error.hint);
    return undefined;
  }
}

function leaseLine(lease: LeaseRecord | undefined): string {
  if (!lease) return 'nobody';
  return lease.deadline === null ? lease.owner : `${lease.owner}, until ${lease.deadline} at the latest`;
}

function credentialsLine(secret: string, writtenAt: SecretWritten, show: ShowCommand): string {
  if (writtenAt === undefined) return '';
  const renew = show('login gopro');
  if (writtenAt === null) return `the secret ${secret} is empty: fill it with ${renew}`;
  const days = ageInDays({ lastUpdated: writtenAt }, systemClock.now()) ?? 0;
  const age = days < 1 ? 'less than a day' : count(Math.floor(days), 'day');
  return `${age} old${days < warnFromDays ? '' : `; GoPro's cookies last at most 7: renew them with ${renew}`}`;
}
