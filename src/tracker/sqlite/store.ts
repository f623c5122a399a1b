import type { DatabaseSync } from 'node:sqlite';
import { isoTime, type Clock } from '../../lib/clock.ts';
import type { PlainMethods, Store } from '../ledger/store.ts';
import type { CommitGroup } from './commit-group.ts';
import { plainMethods, runMethods, saveWith } from './runs.ts';
import * as scans from './scans.ts';
import { openTables } from './tables.ts';
import { countAll } from './tally.ts';
import { openUnit, type Time } from './unit.ts';

/** A ledger's records in an open file. Writes go through the commit group; reads do not. */
export function sqliteStore(database: DatabaseSync, group: CommitGroup, clock: Clock, close: PlainMethods['close']): Store {
  const tables = openTables(database);
  const save = saveWith(tables, group);
  const time = (): Time => ({ nowMs: clock.now(), now: isoTime(clock.now()) });
  return {
    ...runMethods(tables, group, save, clock),
    plain: { ...plainMethods(tables, save, clock), close },
    clock,
    owns: () => true,
    // A commit costs more than a row, but other work must get its turn.
    adoptedAtOnce: 2000,
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
    sightings: async (account, runId) => scans.sightings(tables, account, runId),
    countAll: (roles) => countAll(tables, roles),
  };
}
