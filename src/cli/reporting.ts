/** Who hears the events of a run, and how its end becomes an exit code. */
import { randomUUID } from 'node:crypto';
import { asSyncError } from '../errors.ts';
import { systemClock } from '../lib/clock.ts';
import type { Report, RunFinished } from '../report/events.ts';
import { createJsonReport } from '../report/jsonl.ts';
import { createPlainReport, createQuietReport } from '../report/plain.ts';
import { finishedEarly } from '../report/summary.ts';
import { createTerminalReport } from '../report/terminal.ts';
import type { Context } from './command.ts';

/**
 * Runs `run` and returns its exit code. With `--json` the last line is `run.finished` whatever happens, a usage error excepted; without,
 * what ended the run before it began is thrown.
 */
export async function reportRun(context: Context, run: (report: Report) => Promise<RunFinished>): Promise<number> {
  const { config, log, interruption } = context;
  const show = createReport(context);
  let runId: string = randomUUID();
  let ended = false;
  const report: Report = (event) => {
    if (ended) return;
    if (event.type === 'run.started') ({ runId } = event);
    ended = event.type === 'run.finished';
    show(event);
  };
  interruption.beforeForcedExit((error) => report(finishedEarly(error, runId)));
  const finished = await run(report).catch((thrown: unknown) => {
    const error = asSyncError(thrown);
    if (!config.settings.json || error.code === 'USAGE') throw thrown;
    const early = finishedEarly(error, runId);
    report(early);
    return early;
  });
  if (finished.error) log.error(finished.error.message, finished.error.hint);
  return finished.exitCode;
}

function systemNow(): number {
  return systemClock.now();
}

function createReport({ config, stdout, stderr, log }: Context): Report {
  const { json, quiet } = config.settings;
  const print = (text: string) => void stdout.write(text);
  if (json) {
    const printEvent = createJsonReport(print, systemNow);
    return (event) => {
      if (event.type === 'warning') log.warn(event.message, event.hint);
      printEvent(event);
    };
  }
  if (quiet) return createQuietReport((text) => void stderr.write(text));
  return stdout.isTTY ? createTerminalReport(stdout, systemNow) : createPlainReport(print, systemNow);
}
