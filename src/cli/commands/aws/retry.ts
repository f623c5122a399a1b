import { commandsFor } from '../../../aws/commands.ts';
import type { Stage } from '../../../config/stages.ts';
import { clean, jsonLine } from '../../../lib/log.ts';
import { openLedger } from '../../archive/open-ledger.ts';
import { openMachine, startRun } from '../../aws/machine.ts';
import type { Context } from '../../command.ts';
import { describeRetry, retryMedia } from '../../archive/retry-media.ts';

/** Gives failed files a fresh start in the next run. With `--start` a run begins now. */
export async function runAwsRetry({ config, log, stdout, arguments: names }: Context): Promise<number> {
  const { json, start, env } = config.settings;
  // The machine is opened first. If it does not exist, the command must change nothing.
  using machine = start ? await openMachine(config) : undefined;
  await using ledger = await openLedger({ config, log }, 'table');
  const reset = await retryMedia(ledger.tracker, names, commandsFor({ stage: env as Stage })('aws failures'));
  const run = machine && (await startRun(machine, { fullListing: false }));
  if (json) stdout.write(jsonLine({ retried: reset.retried, started: run?.name ?? null }));
  else {
    stdout.write(`${describeRetry(reset, run ? 'the run that begins now' : 'the next run')}\n`);
    if (run) stdout.write(`Started ${clean(run.name)}\n${clean(run.arn)}\n`);
  }
  return 0;
}
