import type { Destination } from '../../destination/destination.ts';
import type { CurrentLease } from '../../tracker/dynamodb/lease.ts';
import type { Tracker } from '../../tracker/tracker.ts';
import type { Context } from '../command.ts';
import { openArchive } from './open-archive.ts';

/** The ledger of one archive, for a command that shows or resets its entries. */
export interface Ledger extends AsyncDisposable {
  readonly tracker: Tracker;
  /**
   * The place of the archive, as a person sees it. If only the table is known, the name of the
   * table.
   */
  readonly place: string;
  /** Absent if only the table is known. */
  readonly destination?: Destination;
  /** The run that works on the archive, or undefined. Absent unless the ledger is a table. */
  currentLease?(): Promise<CurrentLease | undefined>;
}

/**
 * Opens the ledger of the archive at `--to`, or that of the `table` of a service on AWS. Errors:
 * the same as `openArchive`, and USAGE for a table without an archive.
 */
export async function openLedger(
  context: Pick<Context, 'config' | 'log'>,
  from: 'archive' | 'table' = 'archive',
): Promise<Ledger> {
  if (from === 'archive') return openArchiveLedger(context);
  // Loaded on demand: the SDK takes longer to load than a short run takes in all.
  const { openTableLedger } = await import('./open-table-ledger.ts');
  return openTableLedger(context.config);
}

/** The tracker first adopts the files that only the archive knows. */
async function openArchiveLedger({ config, log }: Pick<Context, 'config' | 'log'>): Promise<Ledger> {
  const archive = await openArchive(config, 'read', (event) => {
    if (event.type === 'warning') log.warn(event.message, event.hint);
  });
  const { tracker, destination } = archive;
  if (await tracker.needsAdoption()) await tracker.adopt(destination.list());
  return { ...archive, place: destination.location };
}
