import { TransactionCanceledException, TransactWriteItemsCommand } from '@aws-sdk/client-dynamodb';
import { isoTime } from '../../lib/clock.ts';
import type { RunKind, RunRecord } from '../../media.ts';
import { currentFence } from './fence.ts';
import { expecting, expiry, getItem, pauseBefore, queryPages, removeRow, rowKey, updateRow, type Partition } from './table.ts';
import { toItem, type Item } from './values.ts';

/** Keeps the runs of a ledger in rows of the table. */

/** Rows of runs expire after more than a thousand nights, even if no further run removes them. */
const runDays = 1_100;

const maxRunsInPage = 1000;

/**
 * The row of a run is sorted by the run's number. A second row gives the number for the run's id.
 */
const runKey = (number: number): string => `RUN#${String(number).padStart(10, '0')}`;
const numberKey = (runId: string): string => `RUN#of#${encodeURIComponent(runId)}`;

export async function latestRunId(partition: Partition): Promise<string | null> {
  return (await readRows(partition, 1))[0]?.['id']?.S ?? null;
}

/** Newest first. */
export async function readRuns(partition: Partition, limit: number): Promise<readonly RunRecord[]> {
  return (await readRows(partition, limit)).map(toRun);
}

async function readRows(partition: Partition, limit: number): Promise<readonly Item[]> {
  const rows: Item[] = [];
  const range = { partition: partition.name, between: [runKey(0), 'RUN#9999999999'] } as const;
  const pages = queryPages(partition, range, { ScanIndexForward: false, Limit: Math.min(limit, maxRunsInPage) });
  for await (const page of pages) {
    rows.push(...page);
    if (rows.length >= limit) break;
  }
  return rows.slice(0, limit);
}

function toRun(row: Item): RunRecord {
  const text = (name: string) => row[name]?.S ?? null;
  return {
    id: text('id')!,
    kind: text('kind') as RunKind | null,
    fence: row['fence']?.N === undefined ? null : Number(row['fence'].N),
    startedAt: text('started_at')!,
    finishedAt: text('finished_at'),
    outcome: text('outcome'),
    summary: text('summary'),
  };
}

/**
 * Adds a run that is not known yet. Removes the run that is then no longer among the last `kept`.
 */
export async function addRun(
  partition: Partition,
  { id, kind }: { readonly id: string; readonly kind: RunKind },
  kept: number,
): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    await pauseBefore(tries, partition.tableName);
    const [latest] = await readRows(partition, 1);
    const number = Number(latest?.['number']?.N ?? 0) + 1;
    const fence = await currentFence(partition);
    const added = await tryToAdd(partition, { id, kind, number, fence });
    if (added === 'taken') continue;
    if (added === 'added' && number > kept) await removeRow(partition, rowKey(partition, runKey(number - kept)));
    return;
  }
}

async function tryToAdd(
  partition: Partition,
  { id, kind, number, fence }: { readonly id: string; readonly kind: RunKind; readonly number: number; readonly fence: number },
): Promise<'added' | 'known' | 'taken'> {
  const { client, tableName } = partition;
  const expires_at = expiry(partition, runDays);
  const rows = [
    { id, kind, number, fence, started_at: isoTime(partition.clock.now()), expires_at, ...rowKey(partition, runKey(number)) },
    { number, fence, expires_at, ...rowKey(partition, numberKey(id)) },
  ];
  const TransactItems = rows.map((row) => ({
    Put: { TableName: tableName, Item: toItem(row), ...expecting({ media_id: undefined }) },
  }));
  try {
    await client.send(new TransactWriteItemsCommand({ TransactItems }));
    return 'added';
  } catch (error) {
    if (!(error instanceof TransactionCanceledException)) throw error;
    return error.CancellationReasons?.[1]?.Code === 'ConditionalCheckFailed' ? 'known' : 'taken';
  }
}

/** Records the end of a run. Changes nothing if the run was removed. */
export async function endRun(partition: Partition, runId: string, outcome: string, summary: string): Promise<void> {
  const pointer = await getItem(partition, rowKey(partition, numberKey(runId)));
  if (!pointer) return;
  const key = rowKey(partition, runKey(Number(pointer['number']!.N)));
  const ending = { finished_at: isoTime(partition.clock.now()), outcome, summary };
  const fence = await currentFence(partition);
  await updateRow(partition, key, { ...ending, fence }, { id: { S: runId } });
}
