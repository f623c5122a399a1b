import type { Destination } from '../destination/destination.ts';
import type { Report } from '../events.ts';
import { isSince, type Clock } from '../lib/clock.ts';
import { decodeClaim, partSizesOf, wayOf } from '../proof/claim.ts';
import { losesTrust, wayFor } from '../proof/trust.ts';
import type { TrackedOriginal, Tracker } from '../tracker/tracker.ts';
import { fileOf, suspectReason } from './judge-file.ts';
import { lastCopyOf } from './last-copy.ts';

interface EvidencePorts {
  readonly destination: Destination;
  readonly tracker: Tracker;
  readonly clock: Pick<Clock, 'now'>;
  readonly report: Report;
}

/**
 * Marks files as SUSPECT that a run archived before other files of the run showed that their claims
 * can be trusted. The next run fetches each of them once more. If so many files of a way differ
 * that the way loses its trust, they stay as they are. Returns the number of marked files.
 */
export async function suspectEarlyFiles(ports: EvidencePorts, run: { readonly runStartedAt: string }): Promise<number> {
  const { destination, tracker, report } = ports;
  const verdicts = await readVerdicts(ports, run.runStartedAt);
  const early = findTrusted(verdicts);
  for (const { id, claim, original } of early) {
    const evidence = { claim, proof: 'unchecked', claimPartBytes: null } as const;
    await tracker.recordCheck(id, { mark: 'SUSPECT', evidence, hasReadBytes: false });
    const lastCopy = await lastCopyOf(original.key, destination);
    report({ type: 'file.suspect', ...fileOf({ id, original }, destination), lost: false, lastCopy, reason: suspectReason });
  }
  if (early.length > 0) report({ type: 'warning', ...warningOf(early.length) });
  return early.length;
}

function warningOf(files: number): { readonly message: string; readonly hint: string } {
  const which = files === 1 ? '1 file was' : `${files.toLocaleString('en')} files were`;
  const message = `${which} archived before other files showed that the provider's own word can be trusted, and it says otherwise`;
  return { message, hint: `The next run fetches ${files === 1 ? 'it' : 'them'} once more.` };
}

/** What a run found out about the files that it archived. */
interface Verdicts {
  /** The files whose claims decided nothing when they were archived. */
  readonly undecided: readonly TrackedOriginal[];
  readonly disputed: readonly TrackedOriginal[];
  /** How many files each way proved, by account. */
  readonly proven: ReadonlyMap<string, ReadonlyMap<string, number>>;
}

async function readVerdicts({ destination, tracker, clock }: EvidencePorts, runStartedAt: string): Promise<Verdicts> {
  const nowMs = clock.now();
  const undecided: TrackedOriginal[] = [];
  const disputed: TrackedOriginal[] = [];
  const proven = new Map<string, Map<string, number>>();
  for await (const { originals } of tracker.rows(['COMPLETED'])) {
    for (const row of originals) {
      const claim = decodeClaim(row.claim);
      const isOfRun = row.archivedAt !== null && isSince(row.archivedAt, runStartedAt, nowMs);
      if (!isOfRun || !claim || row.mark !== null) continue;
      // A bucket does not show unfinished uploads, so only one of several sizes was compared there.
      const hasComparedAll = destination.readUpload !== undefined || partSizesOf(claim, row.sizeBytes ?? 0).length === 1;
      if (row.proof === 'none' && hasComparedAll) undecided.push(row);
      if (row.proof === 'disputed') disputed.push(row);
      if (row.proof !== 'proven' || row.claimPartBytes === null) continue;
      const ways = proven.get(row.original.account) ?? new Map<string, number>();
      const way = wayOf(claim, row.claimPartBytes);
      proven.set(row.original.account, ways.set(way, (ways.get(way) ?? 0) + 1));
    }
  }
  return { undecided, disputed, proven };
}

/** The undecided files whose claims can be trusted now. */
function findTrusted({ undecided, disputed, proven }: Verdicts): readonly TrackedOriginal[] {
  const wayOfRow = ({ original: { account }, claim, sizeBytes }: TrackedOriginal) =>
    wayFor(decodeClaim(claim)!, sizeBytes ?? 0, [...(proven.get(account)?.keys() ?? [])]);
  const differing = Map.groupBy([...undecided, ...disputed], wayOfRow);
  return undecided.filter((row) => {
    const way = wayOfRow(row);
    if (way === undefined) return false;
    const matching = proven.get(row.original.account)?.get(way) ?? 0;
    const count = differing.get(way)?.length ?? 0;
    return !losesTrust({ compared: matching + count, disputed: count });
  });
}
