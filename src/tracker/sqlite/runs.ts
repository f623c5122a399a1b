import { isoTime, type Clock } from '../../lib/clock.ts';
import type { Lease, Store } from '../ledger/store.ts';
import type { ListingState, RunRecord } from '../tracker.ts';
import type { CommitGroup } from './commit-group.ts';
import type { Tables } from './tables.ts';

/** The small tables. */

export function runMethods({ sql }: Tables, { transaction }: CommitGroup, clock: Clock) {
  const now = () => isoTime(clock.now());
  return {
    changeLease: async (decide) =>
      transaction(() => {
        const before = sql('SELECT owner, until_ms AS untilMs FROM run_lease').get() as Lease | undefined;
        const { lease, answer } = decide(before);
        if (before && lease !== before) sql('DELETE FROM run_lease').run();
        if (lease && lease !== before)
          sql('INSERT INTO run_lease (single, owner, until_ms) VALUES (1, ?, ?)').run(lease.owner, lease.untilMs);
        return answer;
      }),
    addRun: async (runId, kept) =>
      transaction(() => {
        sql('INSERT INTO runs (id, started_at) VALUES (?, ?) ON CONFLICT (id) DO NOTHING').run(runId, now());
        sql('DELETE FROM runs WHERE row <= (SELECT max(row) FROM runs) - ?').run(kept);
      }),
    finishRun: async (id, outcome, summary) => {
      const end = sql('UPDATE runs SET finished_at = ?, outcome = ?, summary = ? WHERE id = ?');
      await transaction(() => void end.run(now(), outcome, summary, id));
    },
    runs: async (limit) => {
      const newest = sql(`
        SELECT id, started_at AS startedAt, finished_at AS finishedAt, outcome, summary FROM runs ORDER BY row DESC LIMIT ?`);
      return newest.all(limit) as unknown as RunRecord[];
    },
  } satisfies Partial<Store>;
}

export function settingMethods({ sql }: Tables, { transaction }: CommitGroup, clock: Clock) {
  const replace = 'ON CONFLICT (name) DO UPDATE SET value = excluded.value';
  return {
    listingState: async (account) => {
      const state = sql('SELECT last_full_at AS lastFullAt, listed FROM listings WHERE account = ?').get(account);
      return (state as ListingState | undefined) ?? { lastFullAt: null, listed: 0 };
    },
    saveListing: async (account, { lastFullAt, listed }) => {
      const save = sql(`
        INSERT INTO listings (account, last_full_at, listed) VALUES (?, ?, ?) ON CONFLICT (account) DO UPDATE
        SET last_full_at = coalesce(excluded.last_full_at, last_full_at), listed = excluded.listed`);
      await transaction(() => void save.run(account, lastFullAt, listed));
    },
    getFact: async (name) => sql('SELECT value FROM facts WHERE name = ?').get(name)?.['value'] as string | undefined,
    setFact: async (name, value) => {
      const save = sql(`INSERT INTO facts (name, value) VALUES (?, ?) ${replace}`);
      await transaction(() => void save.run(name, value));
    },
    needsAdoption: async () => sql(`SELECT 1 FROM settings WHERE name = 'adopted_at'`).get() === undefined,
    setAdopted: async () => {
      const save = sql(`INSERT INTO settings (name, value) VALUES ('adopted_at', ?) ${replace}`);
      await transaction(() => void save.run(isoTime(clock.now())));
    },
  } satisfies Partial<Store>;
}
