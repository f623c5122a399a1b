import { ListExecutionsCommand } from '@aws-sdk/client-sfn';
import { commandsFor } from '../../../aws/commands.ts';
import { resourceNames } from '../../../aws/names.ts';
import type { Stage } from '../../../config/stages.ts';
import { SyncError, type ShowCommand } from '../../../errors.ts';
import { systemClock } from '../../../lib/clock.ts';
import { jsonLine } from '../../../lib/log.ts';
import { askAws } from '../../aws/errors.ts';
import { isAtLeast, readLogLine, textOfLine, type LogLevel } from '../../aws/log-line.ts';
import { openLogs } from '../../aws/logs.ts';
import { describeRun, openMachine, type Execution, type Machine } from '../../aws/machine.ts';
import type { Context } from '../../command.ts';

const pollMs = 3_000;
/**
 * Each read begins this long before the newest line, because CloudWatch may show older lines later.
 */
const lateMs = 30_000;

/** Prints the log lines of the functions in a run. With `--follow` it prints until the run ends. */
export async function runAwsLogs({ config, stdout, interruption }: Context): Promise<number> {
  const { json, follow, run, level, env } = config.settings;
  const stage = env as Stage;
  const show = commandsFor({ stage });
  using machine = await openMachine(config);
  const wanted = run === undefined ? await lastRun(machine, show) : { name: run, arn: machine.executionArn(run) };
  const known = await describeRun(machine, wanted.arn);
  if (!known) {
    throw new SyncError('USAGE', `the service has no run ${wanted.name}`, {
      hint: `${show('aws status')} shows the last runs; AWS forgets a run after 90 days.`,
    });
  }
  using logs = openLogs(config, Object.values(resourceNames(stage).logGroups), wanted.name);
  const printed = new Set<string>();
  let fromMs = known.startDate?.getTime() ?? 0;
  for (;;) {
    // The state is read before the log, so that the last read of the log follows the end of the
    // run.
    const isRunning = follow && (await describeRun(machine, wanted.arn))?.status === 'RUNNING';
    for (const event of await logs.read(fromMs)) {
      if (printed.has(event.id)) continue;
      printed.add(event.id);
      fromMs = Math.max(fromMs, event.atMs - lateMs);
      const line = readLogLine(event);
      if (line && isAtLeast(line, level as LogLevel)) stdout.write(json ? jsonLine(line) : textOfLine(line));
    }
    if (!isRunning) return 0;
    await systemClock.sleep(pollMs, interruption.signal);
  }
}

async function lastRun({ client, arn }: Machine, show: ShowCommand): Promise<Execution> {
  const list = new ListExecutionsCommand({ stateMachineArn: arn, maxResults: 1 });
  const { executions = [] } = await askAws('list the runs', async () => client.send(list));
  const [last] = executions;
  if (last?.executionArn !== undefined && last.name !== undefined) return { arn: last.executionArn, name: last.name };
  throw new SyncError('USAGE', 'the service has not run yet', { hint: `${show('aws run')} starts a run.` });
}
