import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { systemClock } from '../../src/lib/clock.ts';
import { openSqliteTracker } from '../../src/tracker/sqlite/index.ts';
import type { Tracker } from '../../src/tracker/tracker.ts';
import { leaseRecord } from '../support/builders.ts';
import { makeTempDir } from '../support/temp-dir.ts';
import { leaseConformance } from './lease.ts';

const owner = JSON.stringify({ host: 'another-machine', bootId: 'b', pid: 4711, processStart: '1', runId: 'r' });

leaseConformance('an SQLite tracker', async () => {
  const root = await mkdtemp(join(tmpdir(), 'cloud-sync-lease-'));
  const path = join(root, 'tracker.db');
  const opened: Tracker[] = [];
  const change = (sql: string, ...values: (string | number)[]) => {
    using database = new DatabaseSync(path);
    database.prepare(sql).run(...values);
  };
  return {
    open: async () => {
      const tracker = await openSqliteTracker({ path, archiveId: 'archive-1', clock: systemClock });
      opened.push(tracker);
      return tracker.lease;
    },
    spoil: async () => change(`UPDATE run_lease SET record = '{"owner":"process 1 on'`),
    writeFirstVersion: async (expiresAt) =>
      change('INSERT OR REPLACE INTO run_lease (single, owner, until_ms) VALUES (1, ?, ?)', owner, Date.parse(expiresAt)),
    [Symbol.asyncDispose]: async () => {
      for (const tracker of opened) await tracker.close();
      await rm(root, { recursive: true });
    },
  };
});

test('an unreadable record in an SQLite tracker keeps its fence', async () => {
  await using temp = await makeTempDir();
  const path = join(temp.path, 'tracker.db');
  const tracker = await openSqliteTracker({ path, archiveId: 'archive-1', clock: systemClock });
  await tracker.lease.replace(undefined, leaseRecord({ fence: 7 }));
  const file = new DatabaseSync(path);
  file.exec(`UPDATE run_lease SET record = '{"owner":'`);
  file.close();
  expect((await tracker.lease.read()).record).toMatchObject({ owner: 'an unknown run', fence: 7 });
  await tracker.close();
});
