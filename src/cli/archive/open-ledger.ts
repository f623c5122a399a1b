import type { Destination } from '../../destination/destination.ts';
import type { Tracker } from '../../tracker/tracker.ts';
import type { Context } from '../command.ts';
import { openArchive } from './open-archive.ts';

/** The ledger of one archive, for a command that shows or resets its entries. */
export interface Ledger extends AsyncDisposable {
  readonly tracker: Tracker;
  /** For a person: the place of the archive, or the table of a ledger without its archive. */
  readonly place: string;
  /** Absent if only the table is known. */
  readonly destination?: Destination;
}

/**
 * Opens the ledger of the archive at `--to`. First it adopts the files that only the archive knows.
 * Errors: the same as `openArchive`.
 */
export async function openLedger({ config, log }: Pick<Context, 'config' | 'log'>): Promise<Ledger> {
  const archive = await openArchive(config, 'read', (event) => {
    if (event.type === 'warning') log.warn(event.message, event.hint);
  });
  const { tracker, destination } = archive;
  if (await tracker.needsAdoption()) await tracker.adopt(destination.list());
  return { ...archive, place: destination.location };
}
