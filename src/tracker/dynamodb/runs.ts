import {
  ConditionalCheckFailedException,
  DeleteItemCommand,
  TransactionCanceledException,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { isoTime } from '../../lib/clock.ts';
import type { RunRecord } from '../tracker.ts';
import { expiry, rowKey, type Partition } from './partition.ts';
import { getItem, keyItem, pauseBefore, queryPages } from './table.ts';
import { fromItem, toItem, type Item } from './values.ts';

/** The rows of the runs. */

/** They expire some day even if no further run removes them: after more than a thousand nights. */
const runDays = 1_100;

const maxRunsInPage = 1000;

/** Runs sort by number; a second row finds the number by the run's id. */
interface RunRow {
  readonly number: number;
  readonly run: RunRecord;
}

const runKey = (number: number): string => `RUN#${String(number).padStart(10, '0')}`;
const numberKey = (runId: string): string => `RUN#of#${encodeURIComponent(runId)}`;

export async function latestRun(partition: Partition): Promise<RunRow | undefined> {
  const [latest] = await readRuns(partition, 1);
  return latest;
}

/** Newest first. */
export async function readRuns(partition: Partition, limit: number): Promise<readonly RunRow[]> {
  const runs: RunRow[] = [];
  const range = { partition: partition.name, between: [runKey(0), 'RUN#9999999999'] } as const;
  const pages = queryPages(partition.table, range, { ScanIndexForward: false, Limit: Math.min(limit, maxRunsInPage) });
  for await (const page of pages) {
    runs.push(...page.map(toRun));
    if (runs.length >= limit) break;
  }
  return runs.slice(0, limit);
}

function toRun(item: Item): RunRow {
  const row = fromItem(item);
  const text = (name: string) => (row[name] as string | undefined) ?? null;
  const run: RunRecord = {
    id: text('id')!,
    startedAt: text('started_at')!,
    finishedAt: text('finished_at'),
    outcome: text('outcome'),
    summary: text('summary'),
  };
  return { number: Number(row['number']), run };
}

/** No change for a run that is known. Forgets the one that is no longer among the last `kept`. */
export async function addRun(partition: Partition, runId: string, kept: number): Promise<void> {
  const { client, name } = partition.table;
  for (let tries = 0; ; tries += 1) {
    await pauseBefore(tries, name);
    const number = ((await latestRun(partition))?.number ?? 0) + 1;
    const added = await tryToAdd(partition, runId, number);
    if (added === 'known') return;
    if (added === 'taken') continue;
    const surplus = keyItem(rowKey(partition, runKey(number - kept)));
    if (number > kept) await client.send(new DeleteItemCommand({ TableName: name, Key: surplus }));
    return;
  }
}

async function tryToAdd(partition: Partition, runId: string, number: number): Promise<'added' | 'known' | 'taken'> {
  const { client, name } = partition.table;
  const expires_at = expiry(partition, runDays);
  const run = { id: runId, number, started_at: isoTime(partition.clock.now()), expires_at };
  const rows = [
    { ...run, ...rowKey(partition, runKey(number)) },
    { number, expires_at, ...rowKey(partition, numberKey(runId)) },
  ];
  const TransactItems = rows.map((row) => ({
    Put: { TableName: name, Item: toItem(row), ConditionExpression: 'attribute_not_exists(media_id)' },
  }));
  try {
    await client.send(new TransactWriteItemsCommand({ TransactItems }));
    return 'added';
  } catch (error) {
    if (!(error instanceof TransactionCanceledException)) throw error;
    return error.CancellationReasons?.[1]?.Code === 'ConditionalCheckFailed' ? 'known' : 'taken';
  }
}

/** No change for a run that is forgotten. */
export async function endRun(partition: Partition, runId: string, outcome: string, summary: string): Promise<void> {
  const { client, name } = partition.table;
  const pointer = await getItem(partition.table, rowKey(partition, numberKey(runId)));
  if (!pointer) return;
  const now = isoTime(partition.clock.now());
  const ending = new UpdateItemCommand({
    TableName: name,
    Key: keyItem(rowKey(partition, runKey(Number(pointer['number']!.N)))),
    UpdateExpression: 'SET finished_at = :now, outcome = :outcome, summary = :summary',
    ConditionExpression: 'attribute_exists(media_id)',
    ExpressionAttributeValues: toItem({ ':now': now, ':outcome': outcome, ':summary': summary }),
  });
  await client.send(ending).catch((error: unknown) => {
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
  });
}
