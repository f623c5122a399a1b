import type { RunRecord } from '../tracker.ts';
import type { Ledger } from './ledger.ts';
import { released } from '../rules/original.ts';
import { quarantineLongWaiting } from './statuses.ts';

const runsKept = 1000;

type LeaseAnswer = { readonly granted: true } | { readonly granted: false; readonly holder: string };

/** The run lease, the runs and small facts between them. */
export function createRuns(ledger: Ledger) {
  const { database } = ledger;
  const selectLeft = ledger.originals.where(`status = 'IN_PROGRESS'`);
  const readLease = database.prepare('SELECT owner, until_ms AS untilMs FROM run_lease');
  const writeLease = database.prepare(`
    INSERT INTO run_lease (single, owner, until_ms) VALUES (1, :owner, :until)
    ON CONFLICT (single) DO UPDATE SET owner = excluded.owner, until_ms = excluded.until_ms`);
  const extendLease = database.prepare('UPDATE run_lease SET until_ms = :until WHERE owner = :owner');
  const dropLease = database.prepare('DELETE FROM run_lease WHERE owner = ?');
  const insertRun = database.prepare('INSERT INTO runs (id, started_at) VALUES (?, ?) ON CONFLICT (id) DO NOTHING');
  const trimRuns = database.prepare('DELETE FROM runs WHERE row <= (SELECT max(row) FROM runs) - ?');
  const endRun = database.prepare('UPDATE runs SET finished_at = :now, outcome = :outcome, summary = :summary WHERE id = :id');
  const selectRuns = database.prepare(
    'SELECT id, started_at AS startedAt, finished_at AS finishedAt, outcome, summary FROM runs ORDER BY row DESC LIMIT ?',
  );
  const readFact = database.prepare('SELECT value FROM facts WHERE name = ?');
  const writeFact = database.prepare(
    'INSERT INTO facts (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
  );

  /** Takes the lease if it is free, ours, expired, or held by `dead`. */
  function takeLease(owner: string, ttlMs: number, dead: string | undefined): Promise<LeaseAnswer> {
    return ledger.transaction(() => {
      const lease = readLease.get() as { owner: string; untilMs: number } | undefined;
      const isTaken = lease && lease.owner !== owner && lease.owner !== dead && lease.untilMs > ledger.nowMs();
      if (isTaken) return { granted: false, holder: lease.owner };
      writeLease.run({ owner, until: ledger.nowMs() + ttlMs });
      return { granted: true };
    });
  }

  return {
    acquireRunLease: async (owner: string, ttlMs: number, isDead: (holder: string) => Promise<boolean>): Promise<LeaseAnswer> => {
      // While we ask whether one holder lives, another contender may take over; then we ask about that one.
      for (let dead: string | undefined; ;) {
        const answer = await takeLease(owner, ttlMs, dead);
        if (answer.granted || !(await isDead(answer.holder))) return answer;
        dead = answer.holder;
      }
    },
    renewRunLease: (owner: string, ttlMs: number): Promise<boolean> =>
      ledger.transaction(() => extendLease.run({ owner, until: ledger.nowMs() + ttlMs }).changes > 0),
    releaseRunLease: (owner: string): Promise<void> => ledger.transaction(() => void dropLease.run(owner)),

    beginRun: (runId: string): Promise<void> =>
      ledger.transaction(() => {
        insertRun.run(runId, ledger.now());
        trimRuns.run(runsKept);
        for (const row of selectLeft()) ledger.originals.save(released(row, ledger.now()), row);
        quarantineLongWaiting(ledger);
      }),
    finishRun: (runId: string, outcome: string, summary: string): Promise<void> =>
      ledger.transaction(() => void endRun.run({ id: runId, now: ledger.now(), outcome, summary })),
    runs: (limit: number): readonly RunRecord[] => selectRuns.all(limit) as unknown as RunRecord[],

    getFact: (name: string): string | undefined => readFact.get(name)?.['value'] as string | undefined,
    setFact: (name: string, value: string): Promise<void> => ledger.transaction(() => void writeFact.run(name, value)),
  };
}
