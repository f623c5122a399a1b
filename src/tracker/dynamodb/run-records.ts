import {
  ConditionalCheckFailedException,
  DeleteItemCommand,
  TransactionCanceledException,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import type { RunRecord } from '../tracker.ts';
import type { Ledger } from './ledger.ts';
import { keyItem, pauseBefore } from './store.ts';
import { fromItem, toItem } from './values.ts';

/** The rows of the runs. */

const runsKept = 1000;
const daySeconds = 86_400;
/** Kept by number as long as by date: longer than a thousand nights. */
const runDays = 1_100;

/** `expires_at` after some days: the attribute of the table's TTL, which only rows of runs and leases carry. Seconds since 1970. */
export function expiry(ledger: Ledger, days: number): number {
  return Math.floor(ledger.nowMs() / 1000) + days * daySeconds;
}

/** A run is numbered, so that runs sort as they began; a second row finds the number by the run's id. */
interface RunRow {
  readonly number: number;
  readonly run: RunRecord;
}

const runKey = (number: number): string => `RUN#${String(number).padStart(10, '0')}`;
const numberKey = (runId: string): string => `RUN#of#${encodeURIComponent(runId)}`;

export async function latestRun(ledger: Ledger): Promise<RunRow | undefined> {
  const [latest] = await readRuns(ledger, 1);
  return latest;
}

export async function readRuns(ledger: Ledger, limit: number): Promise<readonly RunRow[]> {
  const runs: RunRow[] = [];
  const pages = ledger.store.pages({
    KeyConditionExpression: '#provider = :partition AND media_id BETWEEN :first AND :last',
    ExpressionAttributeNames: { '#provider': 'provider' },
    ExpressionAttributeValues: toItem({ ':partition': ledger.partition, ':first': runKey(0), ':last': 'RUN#9999999999' }),
    ScanIndexForward: false,
    Limit: Math.min(limit, runsKept),
  });
  for await (const page of pages) {
    for (const item of page) runs.push(toRun(fromItem(item)));
    if (runs.length >= limit) break;
  }
  return runs.slice(0, limit);
}

function toRun(row: Record<string, unknown>): RunRow {
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

/** Again for a run that is known: no change. */
export async function addRun(ledger: Ledger, runId: string): Promise<void> {
  const { client, table } = ledger.store;
  for (let tries = 0; ; tries += 1) {
    await pauseBefore(tries, table);
    const number = ((await latestRun(ledger))?.number ?? 0) + 1;
    const run = { id: runId, number, started_at: ledger.now(), expires_at: expiry(ledger, runDays) };
    const rows = [
      { ...run, ...ledger.at(runKey(number)) },
      { number, expires_at: run.expires_at, ...ledger.at(numberKey(runId)) },
    ];
    const puts = rows.map((row) => ({
      Put: { TableName: table, Item: toItem(row), ConditionExpression: 'attribute_not_exists(media_id)' },
    }));
    try {
      await client.send(new TransactWriteItemsCommand({ TransactItems: puts }));
    } catch (error) {
      if (!(error instanceof TransactionCanceledException)) throw error;
      if (error.CancellationReasons?.[1]?.Code === 'ConditionalCheckFailed') return;
      continue;
    }
    const surplus = keyItem(ledger.at(runKey(number - runsKept)));
    if (number > runsKept) await client.send(new DeleteItemCommand({ TableName: table, Key: surplus }));
    return;
  }
}

/** No change for a run that is not known any more. */
export async function endRun(ledger: Ledger, runId: string, outcome: string, summary: string): Promise<void> {
  const { client, table } = ledger.store;
  const pointer = await ledger.store.get(ledger.at(numberKey(runId)));
  if (!pointer) return;
  const ending = new UpdateItemCommand({
    TableName: table,
    Key: keyItem(ledger.at(runKey(Number(pointer['number']!.N)))),
    UpdateExpression: 'SET finished_at = :now, outcome = :outcome, summary = :summary',
    ConditionExpression: 'attribute_exists(media_id)',
    ExpressionAttributeValues: toItem({ ':now': ledger.now(), ':outcome': outcome, ':summary': summary }),
  });
  await client.send(ending).catch((error: unknown) => {
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
  });
}
