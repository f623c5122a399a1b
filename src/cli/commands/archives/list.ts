import { clean, jsonLine } from '../../../lib/log.ts';
import { ageMs, systemClock } from '../../../lib/clock.ts';
import { formatBytes, formatDuration } from '../../../report/figures.ts';
import { inspectArchives, type KnownArchive } from '../../archive/inspect-archives.ts';
import type { Context } from '../../command.ts';

const states = {
  there: 'there',
  absent: 'no archive is there; is the disk mounted?',
  other: 'another archive is there',
  unreachable: 'cannot be reached',
} as const satisfies Record<KnownArchive['state'], string>;

/** Lists the archives that the home knows. Returns 1 if one of them is not where it should be. */
export async function runArchivesList({ config, stdout }: Context): Promise<number> {
  const archives = await inspectArchives(config);
  if (config.settings.json) for (const archive of archives) stdout.write(jsonLine(archive));
  else if (archives.length === 0) stdout.write('This home knows no archive yet. `cloud-sync sync --to …` makes one.\n');
  else stdout.write(archives.map(linesOf).join('\n'));
  return archives.every(({ state }) => state === 'there') ? 0 : 1;
}

function linesOf({ location, archiveId, state, reason, trackerBytes, lastRun }: KnownArchive): string {
  const ago = lastRun ? formatDuration(ageMs(lastRun.startedAt, systemClock.now()) ?? 0) : '';
  const rows = [
    ['Archive', archiveId],
    ['State', reason === null ? states[state] : `${states[state]}: ${reason}`],
    ['Tracker', trackerBytes === null ? 'none; the next command rebuilds it from the archive' : formatBytes(trackerBytes)],
    ['Last run', lastRun ? `${lastRun.kind}, ${lastRun.outcome ?? 'not finished'}, ${ago} ago` : 'none'],
  ] as const;
  return `${clean(location)}\n${rows.map(([label, text]) => `  ${label.padEnd(9)} ${clean(text)}\n`).join('')}`;
}
