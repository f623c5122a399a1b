import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { forEachLimited } from '../../lib/for-each.ts';
import { released } from '../rules/original.ts';
import type { RunRecord } from '../tracker.ts';
import { factKey } from './keys.ts';
import type { Ledger } from './ledger.ts';
import { addRun, endRun, readRuns } from './run-records.ts';
import { quarantineLongWaiting, unitsAtOnce } from './statuses.ts';
import { toItem } from './values.ts';

/** Runs, and small facts between them. */
export function createRuns(ledger: Ledger) {
  const { store } = ledger;

  async function releaseLeft(): Promise<void> {
    await forEachLimited(await ledger.inStatus('IN_PROGRESS'), unitsAtOnce, ({ id }) =>
      ledger.unit(async (unit) => {
        const row = await unit.original(id);
        if (row?.status === 'IN_PROGRESS') unit.saveOriginal(released(row, ledger.now()));
      }),
    );
  }

  return {
    beginRun: async (runId: string): Promise<void> => {
      await addRun(ledger, runId);
      await releaseLeft();
      await quarantineLongWaiting(ledger);
    },

    finishRun: (runId: string, outcome: string, summary: string): Promise<void> => endRun(ledger, runId, outcome, summary),

    runs: async (limit: number): Promise<readonly RunRecord[]> => (await readRuns(ledger, limit)).map((row) => row.run),

    getFact: async (name: string): Promise<string | undefined> => (await store.get(ledger.at(factKey(name))))?.['value']?.S,

    setFact: async (name: string, value: string): Promise<void> => {
      const row = toItem({ ...ledger.at(factKey(name)), value });
      await store.client.send(new PutItemCommand({ TableName: store.table, Item: row }));
    },
  };
}
