import type { Config } from '../../config/load.ts';
import type { Log } from '../../lib/log.ts';
import { openArchive, type OpenArchive } from './open-archive.ts';

/**
 * Opens the ledger for `status`, `list` and `retry`: the tracker of the archive at `--to`, after it
 * adopted the files that only the archive knows. `aws/ledger.ts` opens it by the name of its table.
 * Errors as `openArchive`.
 */
export async function openLedger(config: Config, log: Log): Promise<OpenArchive> {
  const archive = await openArchive(config, 'read', (event) => {
    if (event.type === 'warning') log.warn(event.message, event.hint);
  });
  if (await archive.tracker.needsAdoption()) await archive.tracker.adopt(archive.destination.list());
  return archive;
}
