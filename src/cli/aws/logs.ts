import { CloudWatchLogsClient, paginateFilterLogEvents, type FilteredLogEvent } from '@aws-sdk/client-cloudwatch-logs';
import type { Config } from '../../config/load.ts';
import { SyncError } from '../../errors.ts';
import { readAwsError } from '../../lib/aws-error.ts';
import { askAws, clientOptions } from './errors.ts';

/** One line of a log group, as CloudWatch returns it. */
export interface LoggedEvent {
  readonly id: string;
  readonly atMs: number;
  readonly logGroup: string;
  readonly message: string;
}

export interface LogReader extends Disposable {
  /**
   * Reads the lines that mention the run from all log groups, beginning at `fromMs` and sorted by
   * time. A missing group is skipped. Errors: USAGE if AWS refuses or if all groups are missing.
   */
  read(fromMs: number): Promise<readonly LoggedEvent[]>;
}

/**
 * Opens the logs of a run. `run` is the name of an execution. Each line has that name as its
 * correlation id.
 */
export function openLogs(config: Config, logGroups: readonly string[], run: string): LogReader {
  const client = new CloudWatchLogsClient(clientOptions(config));

  async function readGroup(logGroup: string, fromMs: number): Promise<readonly LoggedEvent[] | undefined> {
    const request = { logGroupName: logGroup, startTime: fromMs, filterPattern: `"${run.replaceAll('"', '')}"` };
    const found: LoggedEvent[] = [];
    try {
      for await (const { events = [] } of paginateFilterLogEvents({ client }, request))
        found.push(...events.map((event) => loggedEvent(logGroup, event)));
    } catch (error) {
      if (readAwsError(error)?.kind === 'notFound') return undefined;
      throw error;
    }
    return found;
  }

  return {
    read: async (fromMs) => {
      const groups = await askAws('read the logs', async () =>
        Promise.all(logGroups.map(async (group) => readGroup(group, fromMs))),
      );
      if (groups.every((events) => events === undefined)) {
        throw new SyncError('USAGE', `none of the log groups ${logGroups.join(', ')} exists in ${await client.config.region()}`, {
          hint: 'Deploy the service first, or name another service with AWS_REGION or --env.',
        });
      }
      return groups.flatMap((events) => events ?? []).toSorted((a, b) => a.atMs - b.atMs);
    },
    [Symbol.dispose]: () => client.destroy(),
  };
}

function loggedEvent(logGroup: string, { eventId, timestamp = 0, message = '' }: FilteredLogEvent): LoggedEvent {
  return { id: eventId ?? `${logGroup} ${timestamp} ${message}`, atMs: timestamp, logGroup, message };
}
