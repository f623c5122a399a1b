import { clean, jsonLine } from '../../lib/log.ts';
import type { MediumStatus, OriginalStatus } from '../../media.ts';
import { formatBytes } from '../../report/figures.ts';
import type { Context } from '../command.ts';
import { listEntries, type ListEntry } from '../output/list-entries.ts';
import { openLedger } from '../archive/open-ledger.ts';

export async function runList(context: Context): Promise<number> {
  const { config, stdout } = context;
  await using ledger = await openLedger(context);
  const print = (text: string) => new Promise<void>((resolve) => stdout.write(text, () => resolve()));
  const wanted = new Set(config.settings.status);
  for await (const row of ledger.tracker.rows(trackerStatuses(wanted))) {
    for (const entry of listEntries(row)) {
      if (wanted.size > 0 && !wanted.has(entry.status)) continue;
      // A program that reads the output, such as `head`, may have closed the pipe.
      if (!stdout.writable) return 0;
      await print(config.settings.json ? jsonLine(entry) : `${lineOf(entry)}\n`);
    }
  }
  return 0;
}

/**
 * Returns the statuses to ask the tracker for, or undefined for all rows. A `missing` or `damaged`
 * file is COMPLETED in the tracker. `resolved` needs all rows: filtered rows leave out originals,
 * but `list` has to know whether a medium has originals.
 */
function trackerStatuses(wanted: ReadonlySet<string>): readonly (OriginalStatus | MediumStatus)[] | undefined {
  if (wanted.size === 0 || wanted.has('resolved')) return undefined;
  const names = [...wanted].map((word) =>
    word === 'missing' || word === 'damaged' ? 'COMPLETED' : word.toUpperCase().replaceAll('-', '_'),
  );
  return [...new Set(names)] as readonly (OriginalStatus | MediumStatus)[];
}

function lineOf({ status, since, name, sizeBytes, reason, mediaId, failedRuns, goneSince }: ListEntry): string {
  const size = sizeBytes === null ? '-' : formatBytes(sizeBytes);
  const runs = failedRuns > 0 ? ` [${failedRuns} failed ${failedRuns === 1 ? 'run' : 'runs'}]` : '';
  const gone = goneSince === null ? '' : ` [gone from the cloud since ${goneSince}]`;
  return clean(
    `${status.padEnd(14)} ${since}  ${size.padStart(9)}  ${name}  ${mediaId}${reason === null ? '' : `: ${reason}`}${runs}${gone}`,
  );
}
