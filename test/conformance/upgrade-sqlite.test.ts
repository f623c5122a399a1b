import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openSqliteTracker } from '../../src/tracker/sqlite/index.ts';
import { copyTracker, keptVersions } from '../fixtures/kept.ts';
import { archiveId } from '../fixtures/library.ts';
import { temporaryDirectory } from '../support/cli-process.ts';
import { manualClock } from '../support/manual-clock.ts';
import { upgradeTests } from './upgrade.ts';

describe.each(keptVersions)('an SQLite tracker of %s', (version) => {
  upgradeTests(version, async (clock) => {
    const path = join(temporaryDirectory(), 'tracker.sqlite');
    await copyTracker(version, path);
    const tracker = await openSqliteTracker({ path, archiveId, clock, onWarning: expect.unreachable });
    onTestFinished(() => tracker.close());
    return tracker;
  });

  test('a tracker that a newer version wrote to is refused and stays unchanged', async () => {
    const path = join(temporaryDirectory(), 'tracker.sqlite');
    await copyTracker(version, path);
    const file = new DatabaseSync(path);
    file.exec('PRAGMA user_version = 99; PRAGMA journal_mode = DELETE; ALTER TABLE originals ADD COLUMN notary TEXT');
    file.close();
    const before = await readFile(path);
    await expect(openSqliteTracker({ path, archiveId, clock: manualClock() })).rejects.toMatchObject({
      code: 'TRACKER_UNUSABLE',
      message: `the tracker ${path} was written by a newer Cloud Sync`,
      hint: expect.stringContaining('Update Cloud Sync'),
    });
    expect((await readFile(path)).equals(before)).toBe(true);
  });
});
