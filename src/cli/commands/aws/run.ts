import { commandsFor } from '../../../aws/commands.ts';
import type { Stage } from '../../../config/stages.ts';
import { asSyncError, SyncError } from '../../../errors.ts';
import { isoTime, systemClock } from '../../../lib/clock.ts';
import { clean, jsonLine } from '../../../lib/log.ts';
import { count, formatDuration } from '../../../report/figures.ts';
import { endingOf } from '../../aws/ending.ts';
import type { ExecutionEvent } from '../../aws/execution-events.ts';
import { followRun } from '../../aws/follow.ts';
import { openMachine, startRun, type Execution, type Machine } from '../../aws/machine.ts';
import type { Context } from '../../command.ts';

type Show = (event: ExecutionEvent) => void;

/** What a run does in a state, in words. A state that only branches or ends the run has no text. */
const states: Readonly<Record<string, string>> = {
  BeginRun: 'begins',
  ValidateTokens: 'checks the credentials',
  ListMedia: 'lists the library',
  DownloadVideos: 'archives new media',
  GenerateSummary: 'summarises',
  EndRun: 'ends early',
  NotifyNotice: 'sends a notification',
  NotifyPartialFailure: 'sends a notification',
  NotifyCriticalFailure: 'sends a notification',
};

/** Starts a run. With `--follow` the exit code of the command tells how the run ended. */
export async function runAwsRun(context: Context): Promise<number> {
  const { config, stdout } = context;
  const { json, full, follow, env } = config.settings;
  const show: Show = (event) => void stdout.write(json ? jsonLine(event) : textOf(event));
  using machine = await openMachine(config);
  const execution = await startRun(machine, { fullListing: full });
  const { arn: executionArn, name } = execution;
  show({ type: 'execution.started', time: isoTime(systemClock.now()), executionArn, name });
  if (follow) return await followToEnd(context, show, machine, execution);
  const command = commandsFor({ stage: env as Stage });
  if (!json) stdout.write(`${command('aws status')} shows the progress, ${command('aws logs --follow')} shows the log.\n`);
  return 0;
}

async function followToEnd(
  { config, log, interruption }: Context,
  show: Show,
  machine: Machine,
  execution: Execution,
): Promise<number> {
  const { signal } = interruption;
  const stage = config.settings.env as Stage;
  const ended = await followRun(machine, execution, { clock: systemClock, report: show, signal }).catch((error: unknown) => {
    throw signal.aborted ? stoppedFollowing(signal.reason, execution, stage) : error;
  });
  const ending = await endingOf(machine, ended, stage);
  const { status = '', startDate, stopDate } = ended;
  const elapsedMs = startDate && stopDate ? stopDate.getTime() - startDate.getTime() : null;
  const time = isoTime(stopDate?.getTime() ?? systemClock.now());
  show({ type: 'execution.finished', time, name: execution.name, status, ...ending, elapsedMs });
  if (ending.message !== null) log.error(ending.message);
  return ending.exitCode;
}

/** Creates the error for an interrupted `--follow`. The run itself is not interrupted. */
function stoppedFollowing(reason: unknown, { name }: Execution, stage: Stage): SyncError {
  const { code, message } = asSyncError(reason);
  return new SyncError(code, `${message}; the run ${name} continues`, {
    hint: `${commandsFor({ stage })('aws status')} shows the progress.`,
  });
}

function textOf(event: ExecutionEvent): string {
  return linesOf(event)
    .map((line) => `${clean(line)}\n`)
    .join('');
}

function linesOf(event: ExecutionEvent): readonly string[] {
  const at = event.time.slice(11, 19);
  if (event.type === 'execution.started') return [`Started ${event.name}`, event.executionArn];
  if (event.type === 'execution.state') return Object.hasOwn(states, event.state) ? [`${at}  ${states[event.state]}`] : [];
  if (event.type === 'execution.finished')
    return [`Ended: ${event.outcome}${event.elapsedMs === null ? '' : ` (${formatDuration(event.elapsedMs)})`}`];
  const { total, done, failed, running } = event;
  const others = [running > 0 ? `, ${running} under way` : '', failed > 0 ? `, ${failed} failed` : ''];
  return [`${at}  ${done} of ${count(total, 'work line')} done${others.join('')}`];
}
