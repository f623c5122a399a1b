import type { Destination } from '../destination/destination.ts';
import type { Report } from '../events.ts';
import { lostWithoutRecord, type Medium, type Role, type Tally } from '../media.ts';
import type { Tracker } from '../tracker/tracker.ts';
import { incompleteEvent } from './incomplete.ts';
import { fileOf } from './judge-file.ts';
import { lastCopyOf } from './last-copy.ts';

interface LossPorts {
  readonly destination: Destination;
  readonly tracker: Tracker;
  readonly report: Report;
}

/** What a run covers. If `covers` is undefined, the run covers all media. */
interface Covered {
  readonly roles: readonly Role[];
  readonly covers?: ((medium: Medium) => boolean) | undefined;
}

interface ReportLossesOptions extends Covered {
  readonly dryRun: boolean;
  /** Whether the run compares files with their claims. Only such a run repairs a suspect file. */
  readonly proves: boolean;
}

/**
 * Names every lost file that a run covers and nobody has accepted. Warns of marked files that the
 * provider still has, but that the run did not fetch again.
 */
export async function reportLosses(ports: LossPorts, tally: Tally, options: ReportLossesOptions): Promise<void> {
  if (tally.marked > 0) {
    const unproven = options.proves ? 0 : await countSuspects(ports.tracker, options.roles);
    warnOfMarked(tally.marked, { dryRun: options.dryRun, unproven }, ports.report);
  }
  if (tally.lost > 0) await nameLostFiles(ports, options);
}

/** Names every lost file that a run covers and nobody has accepted. */
export async function nameLostFiles(
  { destination, tracker, report }: LossPorts,
  { roles, covers = () => true }: Covered,
): Promise<void> {
  for await (const { tracked, originals } of tracker.rows(['LOST'])) {
    if (!covers(tracked.medium)) continue;
    const incomplete = lostWithoutRecord(tracked) > 0 && tracked.acceptedAt === null ? incompleteEvent(tracked) : undefined;
    if (incomplete) report(incomplete);
    for (const row of originals) {
      const { mark, original, acceptedAt } = row;
      if (!row.lost || acceptedAt !== null || !roles.includes(original.role)) continue;
      const lastCopy = await lastCopyOf(original.key, destination);
      report({ type: 'file.lost', ...fileOf(row, destination), mark: mark ?? 'MISSING', lastCopy });
    }
  }
}

async function countSuspects(tracker: Tracker, roles: readonly Role[]): Promise<number> {
  let suspects = 0;
  for await (const { originals } of tracker.rows(['SUSPECT'])) {
    const open = originals.filter((row) => row.mark === 'SUSPECT' && !row.lost && roles.includes(row.original.role));
    suspects += open.length;
  }
  return suspects;
}

/** `unproven` counts the suspect files that this run cannot repair, because it has `--no-prove`. */
function warnOfMarked(
  files: number,
  { dryRun, unproven }: { readonly dryRun: boolean; readonly unproven: number },
  report: Report,
): void {
  const state = `${files === 1 ? '1 archived file is' : `${files.toLocaleString('en')} archived files are`} missing, damaged or suspect`;
  const which = 'Run `cloud-sync list --status missing,damaged,suspect` to see which.';
  const next = dryRun ? `The next \`sync\` fetches ${files === 1 ? 'it' : 'them'} again.` : 'The next run tries again.';
  const suspects = unproven === 1 ? '1 of them is suspect' : `${unproven.toLocaleString('en')} of them are suspect`;
  const proving = `${suspects}: run \`cloud-sync sync\` without --no-prove, because only a comparison with the cloud's own checksum shows which copy is right.`;
  report({
    type: 'warning',
    message: dryRun ? state : `${state}, and this run did not fetch ${files === 1 ? 'it' : 'them'} again`,
    hint: `${unproven > 0 ? proving : next} ${which}`,
  });
}
