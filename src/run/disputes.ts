import type { Destination } from '../destination/destination.ts';
import type { Report } from '../events.ts';
import { isSince, type Clock } from '../lib/clock.ts';
import { decodeClaim, wayOf } from '../proof/claim.ts';
import { losesTrust, provenWaysFact, wayFor, waysIn, type WayCount } from '../proof/trust.ts';
import type { TrackedOriginal, Tracker } from '../tracker/tracker.ts';
import { fileOf } from './judge-file.ts';

interface DisputePorts {
  readonly destination: Destination;
  readonly tracker: Tracker;
  readonly clock: Pick<Clock, 'now'>;
  readonly report: Report;
}

interface Dispute {
  readonly row: TrackedOriginal;
  readonly way: string;
}

/**
 * Decides at the end of a run which disputes of the run stay, and names the files. If too many
 * files of a way are disputed, the claims of this way are no digests. Then these files get the
 * proof `none`, and one warning says so. Returns how many disputes stay.
 */
export async function settleDisputes(ports: DisputePorts, { runStartedAt }: { readonly runStartedAt: string }): Promise<number> {
  const { destination, tracker, report } = ports;
  const { counts, disputes } = await readVerdicts(ports, runStartedAt);
  const distrusted = new Map<string, WayCount>([...counts].filter(([, count]) => losesTrust(count)));
  let stay = 0;
  for (const { row, way } of disputes) {
    if (distrusted.has(way)) {
      const evidence = { claim: row.claim, proof: 'none', claimPartBytes: null } as const;
      await tracker.recordCheck(row.id, { mark: row.mark, evidence, hasReadBytes: false });
      continue;
    }
    stay += 1;
    const reason = `the same bytes came twice, but the provider's own word for them is ${row.claim}`;
    report({ type: 'file.disputed', ...fileOf(row, destination), reason });
  }
  for (const [way, count] of distrusted) report(warningOf(way, count));
  return stay;
}

function warningOf(way: string, { compared, disputed }: WayCount): Parameters<Report>[0] {
  return {
    type: 'warning',
    message: `${disputed} of ${compared} files came twice with the same bytes but do not match the provider's word (${way})`,
    hint: 'So many files are not wrong by chance. The word of the provider decides nothing about these files.',
  };
}

/** Reads the verdicts of a run. Counts them by the way in which the provider stored the files. */
async function readVerdicts(
  { tracker, clock }: DisputePorts,
  runStartedAt: string,
): Promise<{ readonly counts: ReadonlyMap<string, WayCount>; readonly disputes: readonly Dispute[] }> {
  const fact = await tracker.getFact(provenWaysFact);
  const counts = new Map<string, WayCount>();
  const disputes: Dispute[] = [];
  const nowMs = clock.now();
  const isOfRun = (time: string | null) => time !== null && isSince(time, runStartedAt, nowMs);
  for await (const { originals } of tracker.rows(['COMPLETED'])) {
    for (const row of originals) {
      const way = isOfRun(row.archivedAt) || isOfRun(row.checkedAt) ? wayOfVerdict(row, fact) : undefined;
      if (way === undefined) continue;
      const { compared, disputed } = counts.get(way) ?? { compared: 0, disputed: 0 };
      const isDisputed = row.proof === 'disputed';
      counts.set(way, { compared: compared + 1, disputed: disputed + (isDisputed ? 1 : 0) });
      if (isDisputed) disputes.push({ row, way });
    }
  }
  return { counts, disputes };
}

/** The way of a proven or disputed file. Undefined for any other file. */
function wayOfVerdict({ original, claim: text, proof, claimPartBytes, sizeBytes }: TrackedOriginal, fact: string | undefined) {
  const claim = decodeClaim(text);
  if (!claim) return undefined;
  if (proof === 'proven') return wayOf(claim, claimPartBytes ?? 0);
  return proof === 'disputed' ? (wayFor(claim, sizeBytes ?? 0, waysIn(fact, original.account)) ?? 'an unknown way') : undefined;
}
