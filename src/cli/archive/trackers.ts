/** The ledger of an archive: a file in the home, or a table that a service on AWS works with too. */
import { resourceNames } from '../../aws/names.ts';
import type { Stage } from '../../config/stages.ts';
import type { Config } from '../../config/load.ts';
import { SyncError } from '../../errors.ts';
import { systemClock } from '../../lib/clock.ts';
import type { Provider } from '../../media.ts';
import type { Tracker } from '../../tracker/tracker.ts';
import { trackerPath } from './known-archives.ts';

export interface TrackerOptions {
  readonly archiveId: string;
  /** `temporary`: gone when it is closed, wherever the settings want it. */
  readonly keeping: 'kept' | 'temporary';
  readonly onWarning: (message: string) => void;
}

/** Errors: TRACKER_UNUSABLE, CONFIG_UNREADABLE. */
export async function openTracker(config: Config, { archiveId, keeping, onWarning }: TrackerOptions): Promise<Tracker> {
  const { settings, home } = config;
  if (keeping === 'temporary' || settings.tracker === 'sqlite') {
    // SQLite's name for a file that is gone when it is closed.
    const path = keeping === 'temporary' ? '' : await trackerPath(home, archiveId);
    const { openSqliteTracker } = await import('../../tracker/sqlite/index.ts');
    return openSqliteTracker({ path, archiveId, clock: systemClock, onWarning });
  }
  // Loaded only where it is wanted, because the SDK takes longer to load than a quiet run takes in all.
  const { openDynamoTracker } = await import('../../tracker/dynamodb/index.ts');
  const provider = settings.provider as Provider;
  return openDynamoTracker({ client: {}, table: tableOf(settings), provider, archiveId, clock: systemClock });
}

/** Which table the settings mean. */
export function tableOf({ table, env }: Config['settings']): string {
  return table ?? resourceNames(env as Stage).table;
}

/**
 * Before an archive is made at `location`: a table that knows another archive would be of no use to it. Errors: ARCHIVE_UNKNOWN for such a table;
 * TRACKER_UNUSABLE.
 */
export async function refuseUsedTable({ settings }: Config, location: string): Promise<void> {
  if (settings.tracker !== 'dynamodb') return;
  const { boundArchive } = await import('../../tracker/dynamodb/index.ts');
  const table = tableOf(settings);
  const known = await boundArchive({}, table);
  if (known === undefined) return;
  throw new SyncError('ARCHIVE_UNKNOWN', `the table ${table} is of the archive ${known}, but ${location} holds no archive`, {
    hint: 'Give --to the place of that archive, or --table another table. If its .cloud-sync/archive.json was deleted, restore that.',
  });
}
