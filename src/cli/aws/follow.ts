import {
  DescribeMapRunCommand,
  ListMapRunsCommand,
  paginateGetExecutionHistory,
  type DescribeExecutionOutput,
  type HistoryEvent,
} from '@aws-sdk/client-sfn';
import { SyncError } from '../../errors.ts';
import { isoTime, type Clock } from '../../lib/clock.ts';
import { askAws } from './errors.ts';
import type { ExecutionLines, ExecutionSight } from './execution-events.ts';
import { describeRun, type Execution, type Machine } from './machine.ts';

const pollMs = 2_000;
/** The state in which a run works on its work lines. */
const workState = 'DownloadVideos';

/**
 * Reports the changes of a run until it ends, and returns its last description. Aborting `signal`
 * does not stop the run. Errors: USAGE; the reason of `signal`.
 */
export async function followRun(
  machine: Machine,
  { arn }: Execution,
  {
    clock,
    report,
    signal,
  }: { readonly clock: Clock; readonly report: (sight: ExecutionSight) => void; readonly signal: AbortSignal },
): Promise<DescribeExecutionOutput> {
  let lastEvent = 0;
  const { reportStates, reportCounts } = onlyChanges(report, clock);
  for (;;) {
    // The status is read before the history. If the status says that the run ended, the history is
    // complete.
    const execution = await describeRun(machine, arn);
    if (!execution)
      throw new SyncError('USAGE', `there is no execution ${arn}`, { hint: 'Check the name, AWS_REGION and --env.' });
    const entries = await entriesSince(machine, arn, lastEvent);
    const counts = await countLines(machine, arn);
    // The counts of work lines are reported after `workState` and before all later states.
    const work = entries.findIndex(({ stateEnteredEventDetails }) => stateEnteredEventDetails?.name === workState) + 1;
    reportStates(entries.slice(0, work));
    reportCounts(counts);
    reportStates(entries.slice(work));
    lastEvent = entries.at(-1)?.id ?? lastEvent;
    if (execution.status !== 'RUNNING') return execution;
    await clock.sleep(pollMs, signal);
  }
}

function onlyChanges(report: (sight: ExecutionSight) => void, clock: Clock) {
  let lastState: string | undefined;
  let lastCounts: string | undefined;
  return {
    reportStates: (entries: readonly HistoryEvent[]) => {
      for (const { timestamp, stateEnteredEventDetails } of entries) {
        const state = stateEnteredEventDetails?.name ?? '';
        if (state !== lastState) report({ type: 'execution.state', time: isoTime(timestamp?.getTime() ?? clock.now()), state });
        lastState = state;
      }
    },
    reportCounts: (counts: LineCounts | undefined) => {
      const next = JSON.stringify(counts);
      if (counts && next !== lastCounts) report({ type: 'execution.lines', time: isoTime(clock.now()), ...counts });
      lastCounts = next;
    },
  };
}

/**
 * Returns the states that the run entered after the event `lastEvent`, oldest first. AWS sends the
 * newest pages first.
 */
async function entriesSince({ client }: Machine, executionArn: string, lastEvent: number): Promise<readonly HistoryEvent[]> {
  return askAws('read the history of a run', async () => {
    const entries: HistoryEvent[] = [];
    const request = { executionArn, reverseOrder: true, includeExecutionData: false };
    for await (const { events = [] } of paginateGetExecutionHistory({ client, pageSize: 100 }, request)) {
      const fresh = events.filter(({ id = 0 }) => id > lastEvent);
      entries.push(...fresh.filter(({ stateEnteredEventDetails }) => stateEnteredEventDetails));
      if (fresh.length < events.length) break;
    }
    return entries.toReversed();
  });
}

type LineCounts = Omit<ExecutionLines, 'type' | 'time'>;

/** Counts the work lines of a run. Returns undefined if no work line has begun. */
async function countLines({ client }: Machine, executionArn: string): Promise<LineCounts | undefined> {
  return askAws('read the progress of a run', async () => {
    const { mapRuns = [] } = await client.send(new ListMapRunsCommand({ executionArn, maxResults: 10 }));
    const latest = mapRuns.toSorted((a, b) => Number(b.startDate) - Number(a.startDate))[0];
    if (!latest) return undefined;
    const { itemCounts } = await client.send(new DescribeMapRunCommand({ mapRunArn: latest.mapRunArn }));
    const { total = 0, succeeded = 0, failed = 0, timedOut = 0, aborted = 0, running = 0 } = itemCounts ?? {};
    return { total, done: succeeded, failed: failed + timedOut + aborted, running };
  });
}
