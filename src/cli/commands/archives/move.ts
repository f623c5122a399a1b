import { SyncError } from '../../../errors.ts';
import { locationOf, parsePlace } from '../../archive/archive-place.ts';
import { idAt } from '../../archive/inspect-archives.ts';
import { changeKnownArchives } from '../../archive/known-archives.ts';
import type { Context } from '../../command.ts';
import { knownLocation } from './known-location.ts';

/** Notes that an archive is at another place now. Moves no file. */
export async function runArchivesMove({ config, arguments: words, stdout }: Context): Promise<number> {
  const [from, to, ...others] = words;
  if (from === undefined || to === undefined || others.length > 0) {
    throw new SyncError('USAGE', 'archives move takes two places: the old one and the new one', {
      hint: 'Move or copy the archive first, then run `cloud-sync archives move OLD NEW`.',
    });
  }
  const { home, settings } = config;
  const { location: old, archiveId } = await knownLocation(config, from);
  const next = await locationOf(parsePlace(to, 'NEW'), settings['s3-endpoint']);
  if (next === old) throw new SyncError('USAGE', `${old} is the old and the new place`, { hint: 'Name two different places.' });
  const found = await idAt(config, next);
  if (found !== archiveId) {
    const what = found === undefined ? 'holds no archive' : `holds the archive ${found}`;
    throw new SyncError('ARCHIVE_UNKNOWN', `${next} ${what}, and not the archive ${archiveId} of ${old}`, {
      hint: 'Move the whole folder or prefix, with its `.cloud-sync`, and check that the disk is mounted.',
    });
  }
  if ((await idAt(config, old).catch(() => undefined)) === archiveId) {
    throw new SyncError('ARCHIVE_UNKNOWN', `the archive ${archiveId} is at ${old} and at ${next}: one is a copy of the other`, {
      hint: `Delete the archive at one of the places. If you want two archives, delete \`.cloud-sync/archive.json\` at ${next}.`,
    });
  }
  await changeKnownArchives(home, (known) => {
    const { [old]: _, ...others } = known;
    return { ...others, [next]: archiveId };
  });
  stdout.write(`The archive ${archiveId} is at ${next} now. Its tracker stays as it is.\n`);
  return 0;
}
