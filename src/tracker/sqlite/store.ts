import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import { isoTime, type Clock } from '../../lib/clock.ts';
import { foldKey, type RunRecord } from '../../media.ts';
import type { PlainMethods, Store, Time } from '../ledger/store.ts';
import type { ListingState } from '../tracker.ts';
import type { CommitGroup } from './commit-group.ts';
import type { LeaseRow } from './lease.ts';
import * as scans from './scans.ts';
import { openTables, type Tables } from './tables.ts';
import { countAll } from './tally.ts';
import { openUnit } from './unit.ts';

/** What a store is made of, besides its file. */
interface Parts {
  readonly group: CommitGroup;
  readonly lease: LeaseRow;
  readonly clock: Clock;
  readonly close: PlainMethods['close'];
}

/** A ledger's records in an open file. Writes go through the commit group. Reads do not. */
export function sqliteStore(database: DatabaseSync, { group, lease, clock, close }: Parts): Store {
  const tables = openTables(database);
  const save = saveWith(tables, group);
  const time = (): Time => ({ nowMs: clock.now(), now: isoTime(clock.now()) });
  return {
    ...runMethods(tables, group, save, clock),
    plain: { ...plainMethods(tables, save, clock), close },
    clock,
    lease,
    useFence: (fence) => lease.useFence(fence),
    owns: () => true,
    // Rows share a commit, because a commit costs more than a row. A larger batch would delay other
    // work.
    adoptedAtOnce: 500,
    read: async (work) => work(openUnit(tables, time())),
    change: async (work) => group.transaction(() => work(openUnit(tables, time()))),
    changeEach: async (ids, work) => {
      if (ids.length === 0) return [];
      return group.transaction(() => {
        const together = time();
        return ids.map((id) => work(openUnit(tables, together), id));
      });
    },
    scan: (options) => scans.scan(tables, options),
    openMedia: (roles) => scans.openMedia(tables, roles),
    inStatus: async (status, until) => scans.inStatus(tables, status, until ?? null),
    originalsWith: async (field) => scans.originalsWith(tables, field),
    unseen: async (account, runId) => scans.unseen(tables, account, runId),
    countAll: (roles) => countAll(tables, roles),
  };
}

const orReplace = 'ON CONFLICT (name) DO UPDATE SET value = excluded.value';

type Save = (text: string, ...values: SQLInputValue[]) => Promise<void>;

function saveWith({ sql }: Tables, { transaction }: CommitGroup): Save {
  return async (text, ...values) => transaction(() => void sql(text).run(...values));
}

function plainMethods({ sql }: Tables, save: Save, clock: Clock): Omit<PlainMethods, 'close'> {
  return {
    finishRun: async (id, outcome, summary) => {
      const end = 'UPDATE runs SET finished_at = ?, outcome = ?, summary = ? WHERE id = ?';
      await save(end, isoTime(clock.now()), outcome, summary, id);
    },
    runs: async (limit) => {
      const newest = sql(`
        SELECT id, kind, fence, started_at AS startedAt, finished_at AS finishedAt, outcome, summary
        FROM runs ORDER BY row DESC LIMIT ?`);
      return newest.all(limit) as unknown as RunRecord[];
    },
    listingState: async (account) => {
      const state = sql('SELECT last_full_at AS lastFullAt, listed FROM listings WHERE account = ?').get(account);
      return (state as ListingState | undefined) ?? { lastFullAt: null, listed: 0 };
    },
    getFact: async (name) => sql('SELECT value FROM facts WHERE name = ?').get(name)?.['value'] as string | undefined,
    setFact: async (name, value) => save(`INSERT INTO facts (name, value) VALUES (?, ?) ${orReplace}`, name, value),
    needsAdoption: async () => sql(`SELECT 1 FROM settings WHERE name = 'adopted_at'`).get() === undefined,
    knownCount: async () => Number(sql('SELECT count(*) AS known FROM media WHERE gone_since IS NULL').get()!['known']),
    keyTaken: async (key) => sql('SELECT 1 FROM originals WHERE folded_key = ?').get(foldKey(key)) !== undefined,
  };
}

function runMethods({ sql }: Tables, { transaction }: CommitGroup, save: Save, clock: Clock) {
  return {
    addRun: async ({ id, kind }, kept) =>
      transaction(() => {
        const add = sql(`
          INSERT INTO runs (id, kind, fence, started_at)
          VALUES (?, ?, (SELECT coalesce(max(fence), 0) FROM run_lease), ?) ON CONFLICT (id) DO NOTHING`);
        add.run(id, kind, isoTime(clock.now()));
        sql('DELETE FROM runs WHERE row <= (SELECT max(row) FROM runs) - ?').run(kept);
      }),
    saveListing: async (account, { lastFullAt, listed }) => {
      const text = `
        INSERT INTO listings (account, last_full_at, listed) VALUES (?, ?, ?) ON CONFLICT (account) DO UPDATE
        SET last_full_at = coalesce(excluded.last_full_at, last_full_at), listed = excluded.listed`;
      await save(text, account, lastFullAt, listed);
    },
    setAdopted: async () =>
      save(`INSERT INTO settings (name, value) VALUES ('adopted_at', ?) ${orReplace}`, isoTime(clock.now())),
  } satisfies Partial<Store>;
}
