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
  const wanted = { statuses: new Set(config.settings.status), proofs: new Set(config.settings.proof) };
  for await (const row of ledger.tracker.rows(selectionsOf(wanted))) {
    for (const entry of listEntries(row)) {
      if (!isWanted(entry, wanted)) continue;
      // A program that reads the output, such as `head`, may have closed the pipe.
      if (!stdout.writable) return 0;
      await print(config.settings.json ? jsonLine(entry) : `${lineOf(entry)}\n`);
    }
  }
  return 0;
}

/** What a person wants to see. An empty set stands for everything. */
interface Wanted {
  readonly statuses: ReadonlySet<string>;
  readonly proofs: ReadonlySet<string>;
}

function isWanted(entry: ListEntry, { statuses, proofs }: Wanted): boolean {
  return (statuses.size === 0 || isOneOf(entry, statuses)) && (proofs.size === 0 || proofs.has(entry.proof ?? ''));
}

/**
 * Returns the selections of rows to read, or undefined to read all rows. `resolved` needs all rows,
 * because `list` must know whether a resolved medium has originals, and a selection leaves
 * out some of them.
 */
function selectionsOf({ statuses, proofs }: Wanted): readonly Selection[] | undefined {
  if (proofs.size > 0) return [...proofs].map((proof) => `proof:${proof}`) as Selection[];
  if (statuses.size === 0 || statuses.has('resolved')) return undefined;
  return [...statuses].map((word) => word.toUpperCase().replaceAll('-', '_')) as Selection[];
}

function lineOf(entry: ListEntry): string {
  const { since, name, sizeBytes, reason, mediaId, failedRuns, goneSince, acceptedAt, proof } = entry;
  const size = sizeBytes === null ? '-' : formatBytes(sizeBytes);
  const runs = failedRuns > 0 ? ` [${failedRuns} failed ${failedRuns === 1 ? 'run' : 'runs'}]` : '';
  const gone = goneSince === null ? '' : ` [gone from the cloud since ${goneSince}]`;
  const accepted = acceptedAt === null ? '' : ` [accepted on ${acceptedAt}]`;
  const proved = proof === null || proof === 'none' ? '' : ` [${proof}]`;
  const columns = `${decisiveWord(entry).padEnd(14)} ${since}  ${size.padStart(9)}  ${name}  ${mediaId}`;
  return clean(`${columns}${reason === null ? '' : `: ${reason}`}${proved}${runs}${gone}${accepted}`);
}
