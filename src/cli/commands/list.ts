import { clean, jsonLine } from '../../lib/log.ts';
import { formatBytes } from '../../report/figures.ts';
import type { Selection } from '../../tracker/tracker.ts';
import type { Context } from '../command.ts';
import { decisiveWord, isOneOf, listEntries, type ListEntry } from '../output/list-entries.ts';
import { openLedger } from '../archive/open-ledger.ts';

export async function runList(context: Context): Promise<number> {
  const { config, stdout } = context;
  await using ledger = await openLedger(context);
  const print = (text: string) => new Promise<void>((resolve) => stdout.write(text, () => resolve()));
  const wanted = new Set(config.settings.status);
  for await (const row of ledger.tracker.rows(selectionsOf(wanted))) {
    for (const entry of listEntries(row)) {
      if (wanted.size > 0 && !isOneOf(entry, wanted)) continue;
      // A program that reads the output, such as `head`, may have closed the pipe.
      if (!stdout.writable) return 0;
      await print(config.settings.json ? jsonLine(entry) : `${lineOf(entry)}\n`);
    }
  }
  return 0;
}

/**
 * Returns the selections of rows to read, or undefined to read all rows. `resolved` needs all rows,
 * because `list` must know whether a resolved medium has originals, and a selection leaves
 * out some of them.
 */
function selectionsOf(wanted: ReadonlySet<string>): readonly Selection[] | undefined {
  if (wanted.size === 0 || wanted.has('resolved')) return undefined;
  return [...wanted].map((word) => word.toUpperCase().replaceAll('-', '_')) as Selection[];
}

function lineOf(entry: ListEntry): string {
  const { since, name, sizeBytes, reason, mediaId, failedRuns, goneSince, acceptedAt } = entry;
  const size = sizeBytes === null ? '-' : formatBytes(sizeBytes);
  const runs = failedRuns > 0 ? ` [${failedRuns} failed ${failedRuns === 1 ? 'run' : 'runs'}]` : '';
  const gone = goneSince === null ? '' : ` [gone from the cloud since ${goneSince}]`;
  const accepted = acceptedAt === null ? '' : ` [accepted on ${acceptedAt}]`;
  const columns = `${decisiveWord(entry).padEnd(14)} ${since}  ${size.padStart(9)}  ${name}  ${mediaId}`;
  return clean(`${columns}${reason === null ? '' : `: ${reason}`}${runs}${gone}${accepted}`);
}
