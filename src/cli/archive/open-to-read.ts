import type { Config } from '../../config/load.ts';
import type { Destination } from '../../destination/destination.ts';
import { SyncError } from '../../errors.ts';
import type { Report } from '../../events.ts';
import type { Place } from './archive-place.ts';
import { openDestination } from './open-destination.ts';

/**
 * Opens an archive that is only read, without its tracker. Errors: USAGE if there is no archive;
 * DESTINATION_UNUSABLE, also for a newer format.
 */
export async function openToRead(place: Place, config: Config, report: Report): Promise<Destination> {
  const destination = await openDestination(place, config, (message) => report({ type: 'warning', message }));
  try {
    if ((await destination.identify()) !== undefined) return destination;
    throw new SyncError('USAGE', `${destination.location} is no archive`, {
      hint: 'Check the spelling, and whether the disk is mounted. Name the folder that contains `.cloud-sync`.',
    });
  } catch (error) {
    await destination.close();
    throw error;
  }
}
