import type { Config } from '../../config/load.ts';
import type { Log } from '../../lib/log.ts';
import { openArchive, type OpenArchive } from './archive.ts';

/** An existing archive whose tracker knows what the archive knows. Errors as `openArchive`. */
export async function openTracked(config: Config, log: Log): Promise<OpenArchive> {
  const archive = await openArchive(config, 'read', (event) => {
    if (event.type === 'warning') log.warn(event.message, event.hint);
  });
  if (await archive.tracker.needsAdoption()) await archive.tracker.adopt(archive.destination.list());
  return archive;
}
