import { SyncError } from '../../errors.ts';
import { isoTime, type Clock } from '../../lib/clock.ts';
import { forgetCleanClose, noteCleanClose } from './clean-close.ts';
import { createCommitGroup } from './commit-group.ts';
import { asTrackerError } from './database.ts';
import { openTrackerFile } from './file.ts';
import { sqliteStore } from './store.ts';
import { ledgerTracker } from '../ledger/tracker.ts';
import type { Tracker } from '../tracker.ts';

export interface SqliteTrackerOptions {
  /** The file; made with its folder if absent. */
  readonly path: string;
  /** The archive of this ledger. */
  readonly archiveId: string;
  readonly clock: Clock;
  /** Called when a damaged file was set aside. */
  readonly onWarning?: (message: string) => void;
}

/**
 * Opens a tracker in one SQLite file. Several processes may have it open. Each method is all or
 * nothing, and answers when its writes are committed, perhaps together with others. Methods that
 * write run in the order of the calls. A method that reads does not wait for writes that are not
 * answered yet. A damaged file is renamed to `<name>.corrupt-<date>`, and a new one begins. Errors:
 * TRACKER_UNUSABLE when the file belongs to another archive, another program or a newer Cloud Sync,
 * or cannot be opened.
 */
export async function openSqliteTracker(options: SqliteTrackerOptions): Promise<Tracker> {
  const { path, archiveId, clock, onWarning = () => {} } = options;
  const database = openTrackerFile({ path, archiveId, now: isoTime(clock.now()), onWarning });
  const group = createCommitGroup(database);
  let isSound = true;
  const translate = (thrown: unknown) => {
    // A row that cannot be decoded throws an error that SQLite does not know.
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
  return ledgerTracker(sqliteStore(database, group, clock, close), archiveId, translate);
}
