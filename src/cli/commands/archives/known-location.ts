import type { Config } from '../../../config/load.ts';
import { SyncError } from '../../../errors.ts';
import { locationOf, parsePlace } from '../../archive/archive-place.ts';
import { readKnownArchives } from '../../archive/known-archives.ts';

/**
 * Finds an archive that the home knows, by its place or by the text that `archives list` shows.
 * Errors: USAGE, which names the known archives.
 */
export async function knownLocation(
  { home, settings }: Config,
  text: string,
): Promise<{ readonly location: string; readonly archiveId: string }> {
  const known = readKnownArchives(home);
  const location = known[text] === undefined ? await locationOf(parsePlace(text, 'PLACE'), settings['s3-endpoint']) : text;
  const archiveId = known[location];
  if (archiveId !== undefined) return { location, archiveId };
  const names = Object.keys(known);
  throw new SyncError('USAGE', `this home knows no archive at ${location}`, {
    hint: names.length === 0 ? 'It knows no archive at all.' : `It knows: ${names.join(', ')}.`,
  });
}
