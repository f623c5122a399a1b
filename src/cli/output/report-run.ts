/** Sends the events of a run to a reporter, and turns the end of the run into an exit code. */
import { randomUUID } from 'node:crypto';
import { asSyncError } from '../../errors.ts';
import { systemClock } from '../../lib/clock.ts';
import type { Report, RunFinished } from '../../events.ts';
import type { RunKind } from '../../media.ts';
import { finishedEarly } from '../../report/summary.ts';
import type { Context } from '../command.ts';

/**
 * Runs `run` and returns its exit code. An error of `run` is thrown again. With `--json` only the
 * error USAGE is thrown; any other error becomes the last event, `run.finished`.
 */
export async function reportRun(context: Context, kind: RunKind, run: (report: Report) => Promise<RunFinished>): Promise<number> {
  const { config, log, interruption } = context;
  const show = await openReport(context);
  const progress = { runId: randomUUID() as string, kind, archived: { files: 0, proven: 0, bytes: 0 } };
  let ended = false;
  const report: Report = (event) => {
    if (ended) return;
    if (event.type === 'run.started') progress.runId = event.runId;
    if (event.type === 'file.archived') {
      progress.archived.files += 1;
      progress.archived.bytes += event.sizeBytes;
      if (event.proof === 'proven') progress.archived.proven += 1;
    }
    ended = event.type === 'run.finished';
    show(event);
  };
  interruption.beforeForcedExit((error) => {
    report(finishedEarly(error, progress));
    log.error(error.message, error.hint);
  });
  const finished = await run(report).catch((thrown: unknown) => {
    const error = asSyncError(thrown);
    if (!config.settings.json || error.code === 'USAGE') throw thrown;
    const early = finishedEarly(error, progress);
    report(early);
    return early;
  });
  if (finished.error) log.error(finished.error.message, finished.error.hint);
  return finished.exitCode;
}

function systemNow(): number {
  return systemClock.now();
}

/**
 * Opens the reporter. Only the chosen reporter is imported, because the reporter of the terminal
 * takes longer to load than the rest of the program.
 */
async function openReport({ config, stdout, stderr, log }: Context): Promise<Report> {
  const { json, quiet } = config.settings;
  const print = (text: string) => void stdout.write(text);
  if (json) {
    const { createJsonReport } = await import('../../report/jsonl.ts');
    const printEvent = createJsonReport(print, systemNow);
    return (event) => {
      if (event.type === 'warning') log.warn(event.message, event.hint);
      printEvent(event);
    };
  }
  if (!quiet && stdout.isTTY) {
    const { createTerminalReport } = await import('../../report/terminal.ts');
    return createTerminalReport(stdout, systemNow);
  }
  const { createPlainReport, createQuietReport } = await import('../../report/plain.ts');
  return quiet ? createQuietReport((text) => void stderr.write(text)) : createPlainReport(print, systemNow);
}
