/**
 * Opens the tracker of an archive. It is a file in the home, or a table that a service on AWS also
 * uses.
 */
import { resourceNames } from '../../aws/names.ts';
import type { Stage } from '../../config/stages.ts';
import type { Config } from '../../config/load.ts';
import { SyncError } from '../../errors.ts';
import { systemClock } from '../../lib/clock.ts';
import type { Provider } from '../../media.ts';
import type { Tracker } from '../../tracker/tracker.ts';
import { copyTracker } from './copy-tracker.ts';
import { trackerPath } from './known-archives.ts';

export interface TrackerOptions {
  readonly archiveId: string;
  readonly onWarning: (message: string) => void;
}

/** Opens the tracker that the settings name. Errors: TRACKER_UNUSABLE, CONFIG_UNREADABLE. */
export async function openTracker(config: Config, { archiveId, onWarning }: TrackerOptions): Promise<Tracker> {
  const { settings, home } = config;
  if (settings.tracker === 'sqlite') {
    const { openSqliteTracker } = await import('../../tracker/sqlite/index.ts');
    return openSqliteTracker({ path: await trackerPath(home, archiveId), archiveId, clock: systemClock, onWarning });
  }
  // Imported only when needed, because loading the AWS SDK takes longer than a run without work.
  const { openDynamoTracker } = await import('../../tracker/dynamodb/index.ts');
  const provider = settings.provider as Provider;
  const client = { network: config.awsNetwork('services') };
  return openDynamoTracker({ client, table: tableName(settings), provider, archiveId, clock: systemClock });
}

/** Opens an empty tracker that is deleted when it is closed. */
export async function openScratchTracker({ archiveId, onWarning }: TrackerOptions): Promise<Tracker> {
  const { openSqliteTracker } = await import('../../tracker/sqlite/index.ts');
  // If the name of a database is empty, SQLite deletes the database when it is closed.
  return openSqliteTracker({ path: '', archiveId, clock: systemClock, onWarning });
}

/**
 * Opens a tracker for a dry run. It is a copy of the tracker that the settings name, so the dry run
 * changes nothing that another command shows. Errors: TRACKER_UNUSABLE, CONFIG_UNREADABLE.
 */
export async function openTrackerCopy(config: Config, options: TrackerOptions): Promise<Tracker> {
  const copy = await openScratchTracker(options);
  const original = await openTracker(config, options);
  return copyTracker(original, copy);
}

/**
 * Returns the name of the table: the value of `--table`, or else the table of the stage `--env`.
 */
export function tableName({ table, env }: Config['settings']): string {
  return table ?? resourceNames(env as Stage).table;
}

/**
 * Throws ARCHIVE_UNKNOWN if the table already belongs to an archive. `location` holds no archive
 * yet, and its new archive needs a table of its own. Other errors: TRACKER_UNUSABLE.
 */
export async function refuseTableOfOtherArchive({ settings, awsNetwork }: Config, location: string): Promise<void> {
  if (settings.tracker !== 'dynamodb') return;
  const { boundArchive } = await import('../../tracker/dynamodb/index.ts');
  const table = tableName(settings);
  const known = await boundArchive({ network: awsNetwork('services') }, table);
  if (known === undefined) return;
  throw new SyncError('ARCHIVE_UNKNOWN', `the table ${table} belongs to the archive ${known}, but ${location} holds no archive`, {
    hint: 'Name the place of that archive with --to, or another table with --table. If .cloud-sync/archive.json was deleted, restore it.',
  });
}
