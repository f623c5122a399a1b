import type { DatabaseSync } from 'node:sqlite';
import { SyncError } from '../../errors.ts';
import { isoTime, type Clock } from '../../lib/clock.ts';
import { keepBackup, restoreBackup } from './backup.ts';
import { exists, forgetCleanClose, noteCleanClose } from './clean-close.ts';
import { createCommitGroup } from './commit-group.ts';
import { asTrackerError } from './database.ts';
import { openTrackerFile } from './file.ts';
import { leaseRow } from './lease.ts';
import { sqliteStore } from './store.ts';
import { ledgerTracker } from '../ledger/tracker.ts';
import type { Tracker } from '../tracker.ts';

export interface SqliteTrackerOptions {
  /** The path of the tracker's file. A missing file is made, with its folder. */
  readonly path: string;
  /** The archive that the ledger belongs to. */
  readonly archiveId: string;
  readonly clock: Clock;
  /** Called when a damaged file was set aside. */
  readonly onWarning?: (message: string) => void;
  /** Reads the whole file, also if it was closed cleanly, and puts the backup of a lost file back. */
  readonly repairs?: boolean;
}

/**
 * Opens a tracker in an SQLite file. Several processes may have the same file open. The promise of
 * a method resolves when its writes are committed. Writes run in the order of the calls. Reads do
 * not wait for unfinished writes. A damaged file is renamed to `<name>.corrupt-<date>`, and a new
 * file is made, from the backup if there is one. A run that ended well makes a backup once a day.
 * Errors: TRACKER_UNUSABLE if the file cannot be opened, or belongs to another
 * archive, another program or a newer Cloud Sync.
 */
export async function openSqliteTracker(options: SqliteTrackerOptions): Promise<Tracker> {
  const { path, archiveId, clock, onWarning = () => {}, repairs = false } = options;
  if (repairs) forgetCleanClose(path);
  if (repairs && !exists(path)) restoreBackup(path, archiveId);
  const database = openTrackerFile({ path, archiveId, now: isoTime(clock.now()), onWarning });
  const lease = leaseRow(database);
  const group = createCommitGroup(database, () => lease.assertFence());
  let isSound = true;
  const translate = (thrown: unknown) => {
    // Any error except a SyncError may mean a damaged file, for example a row that cannot be
    // decoded.
    if (!(thrown instanceof SyncError)) {
      isSound = false;
      forgetCleanClose(path);
    }
    return asTrackerError(thrown, path);
  };
  const close = async () => {
    if (!database.isOpen) return;
    group.flush();
    database.close();
    if (isSound) noteCleanClose(path, clock.now());
  };
  const tracker = ledgerTracker(sqliteStore(database, { group, lease, clock, close }), archiveId, translate);
  return {
    ...tracker,
    finishRun: async (runId, outcome, summary) => {
      await tracker.finishRun(runId, outcome, summary);
      if (isSound && (outcome === 'clean' || outcome === 'partial')) tryBackup(database, options);
    },
  };
}

/** The run has done its work, so it must not fail because the backup fails. */
function tryBackup(database: DatabaseSync, { path, clock, onWarning }: SqliteTrackerOptions): void {
  try {
    keepBackup(database, path, clock.now());
  } catch (error) {
    onWarning?.(`the tracker ${path} has no fresh backup: ${(error as Error).message}`);
  }
}
