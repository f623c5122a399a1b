import type { Destination } from '../../destination/destination.ts';
import type { LeaseRecord } from '../../lease.ts';
import type { Tracker } from '../../tracker/tracker.ts';
import type { Context } from '../command.ts';
import { openArchive } from './open-archive.ts';

/** The ledger of one archive, for a command that shows or resets its entries. */
export interface Ledger extends AsyncDisposable {
  readonly tracker: Tracker;
  /** The archive's place in words for a person, or the table's name if only the table is known. */
  readonly place: string;
  /** The destination of the archive. It is absent if only the table is known. */
  readonly destination?: Destination;
  /**
   * Returns the lease of the run that works on the archive now. Only a ledger in a table has this
   * method.
   */
  currentLease?(): Promise<LeaseRecord | undefined>;
}

/**
 * Opens the ledger of the archive at `--to`, or the ledger in the table of a service on AWS.
 * Errors: the same as `openArchive`, and USAGE for a table without an archive.
 */
export async function openLedger(
  context: Pick<Context, 'config' | 'log'>,
  from: 'archive' | 'table' = 'archive',
): Promise<Ledger> {
  if (from === 'archive') return openArchiveLedger(context);
  // The import is here because loading the AWS SDK takes longer than a whole short run.
  const { openTableLedger } = await import('./open-table-ledger.ts');
  return openTableLedger(context.config);
}

/**
 * Opens the archive and its tracker. If the tracker needs adoption, it adopts the described files.
 */
async function openArchiveLedger({ config, log }: Pick<Context, 'config' | 'log'>): Promise<Ledger> {
  const archive = await openArchive(config, 'read', (event) => {
    if (event.type === 'warning') log.warn(event.message, event.hint);
  });
  const { tracker, destination } = archive;
  const { forgetsAbsentFiles } = destination;
  if (await tracker.needsAdoption()) await tracker.adopt(destination.list(), { forgetsAbsentFiles });
  return { ...archive, place: destination.location };
}
