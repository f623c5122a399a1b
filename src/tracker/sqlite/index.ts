import { SyncError } from '../../errors.ts';
import { isoTime, type Clock } from '../../lib/clock.ts';
import { createAdoption } from './adoption.ts';
import { forgetAsLeft, noteAsLeft } from './as-left.ts';
import { createClaims } from './claims.ts';
import { createCommitGroup } from './commit-group.ts';
import { asTrackerError } from './database.ts';
import { openTrackerFile } from './file.ts';
import { createLedger } from './ledger.ts';
import { createListing } from './listing.ts';
import { createMarks } from './marks.ts';
import { createMedia } from './media.ts';
import { createQueries } from './queries.ts';
import { createRuns } from './runs.ts';
import { createTally } from './tally.ts';
import { promising, translated } from '../translated.ts';
import type { Tracker } from '../tracker.ts';

export interface SqliteTrackerOptions {
  /** The file; made if absent, with its folder. */
  readonly path: string;
  /** The archive that the ledger is of. */
  readonly archiveId: string;
  readonly clock: Clock;
  /** Told when a damaged file was set aside. */
  readonly onWarning?: (message: string) => void;
}

/**
 * A tracker in one SQLite file. Several processes may have it open; each method is all or nothing, and answers when what it did is committed, perhaps
 * together with others. Methods that write are carried out in the order of the calls; one that reads does not wait for those that are not answered yet.
 * A damaged file is renamed to `<name>.corrupt-<date>` and a new one begun. Errors: TRACKER_UNUSABLE when the file belongs to another archive,
 * another program or a newer Cloud Sync, or cannot be opened.
 */
export async function openSqliteTracker(options: SqliteTrackerOptions): Promise<Tracker> {
  const { path, archiveId, clock, onWarning = () => {} } = options;
  const database = openTrackerFile({ path, archiveId, now: isoTime(clock.now()), onWarning });
  const group = createCommitGroup(database);
  const ledger = createLedger(database, group, clock);
  let isSound = true;
  const translate = (thrown: unknown) => {
    // Also what is no error of SQLite: a row that nothing can be made of.
    if (!(thrown instanceof SyncError)) {
      isSound = false;
      forgetAsLeft(path);
    }
    return asTrackerError(thrown, path);
  };
  const { openMedia, rows, ...queries } = createQueries(ledger);
  const methods = {
    ...createAdoption(ledger),
    ...createRuns(ledger),
    ...createListing(ledger),
    ...createMedia(ledger),
    ...createClaims(ledger),
    ...createMarks(ledger),
    ...createTally(ledger),
    ...queries,
  };
  const close = () => {
    if (!database.isOpen) return;
    group.flush();
    database.close();
    if (isSound) noteAsLeft(path, clock.now());
  };
  return {
    archiveId,
    ...promising({ ...methods, close }, translate),
    openMedia: (roles) => translated(openMedia(roles), translate),
    rows: (statuses) => translated(rows(statuses), translate),
  };
}
