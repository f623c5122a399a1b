import { clean, jsonLine } from '../../lib/log.ts';
import type { MediumStatus, OriginalStatus } from '../../media.ts';
import { formatBytes } from '../../report/figures.ts';
import type { Context } from '../command.ts';
import { entriesOf, type Entry } from '../output/entries.ts';
import { openTracked } from '../archive/tracked.ts';

export async function runList({ config, log, stdout }: Context): Promise<number> {
  await using archive = await openTracked(config, log);
  const print = (text: string) => new Promise<void>((resolve) => stdout.write(text, () => resolve()));
  const wanted = new Set(config.settings.status);
  for await (const row of archive.tracker.rows(trackerStatuses(wanted))) {
    for (const entry of entriesOf(row)) {
      if (wanted.size > 0 && !wanted.has(entry.status)) continue;
      // Whoever reads this, such as `head`, may have seen enough.
      if (!stdout.writable) return 0;
      await print(config.settings.json ? jsonLine(entry) : `${lineOf(entry)}\n`);
    }
  }
  return 0;
}

/** undefined: all. `verify`'s marks lie on completed originals; whether a medium stands for itself only its originals tell. */
function trackerStatuses(wanted: ReadonlySet<string>): readonly (OriginalStatus | MediumStatus)[] | undefined {
  if (wanted.size === 0 || wanted.has('resolved')) return undefined;
  const names = [...wanted].map((word) =>
    word === 'missing' || word === 'damaged' ? 'COMPLETED' : word.toUpperCase().replaceAll('-', '_'),
  );
  return [...new Set(names)] as readonly (OriginalStatus | MediumStatus)[];
}

function lineOf({ status, since, name, sizeBytes, reason, mediaId, failedRuns, goneSince }: Entry): string {
  const size = sizeBytes === null ? '-' : formatBytes(sizeBytes);
  const runs = failedRuns > 0 ? ` [${failedRuns} failed ${failedRuns === 1 ? 'run' : 'runs'}]` : '';
  const gone = goneSince === null ? '' : ` [gone from the cloud since ${goneSince}]`;
  return clean(
    `${status.padEnd(14)} ${since}  ${size.padStart(9)}  ${name}  ${mediaId}${reason === null ? '' : `: ${reason}`}${runs}${gone}`,
  );
}
