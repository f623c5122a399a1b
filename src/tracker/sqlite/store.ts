import type { DatabaseSync } from 'node:sqlite';
import { isoTime, type Clock } from '../../lib/clock.ts';
import type { Store } from '../ledger/store.ts';
import type { CommitGroup } from './commit-group.ts';
import { runMethods, settingMethods } from './runs.ts';
import * as scans from './scans.ts';
import { openTables } from './tables.ts';
import { countAll } from './tally.ts';
import { openUnit, type Time } from './unit.ts';

/** A ledger's records in an open file. Writes go through the commit group; reads do not. */
export function sqliteStore(database: DatabaseSync, group: CommitGroup, clock: Clock): Omit<Store, 'close'> {
  const tables = openTables(database);
  const time = (): Time => ({ nowMs: clock.now(), now: isoTime(clock.now()) });
  return {
    ...runMethods(tables, group, clock),
    ...settingMethods(tables, group, clock),
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
    keyTaken: async (key) => scans.keyTaken(tables, key),
    knownCount: async () => scans.knownCount(tables),
    sightings: async (account, runId) => scans.sightings(tables, account, runId),
    countAll: (roles) => countAll(tables, roles),
  };
}
