import type { Destination } from '../destination/destination.ts';
import type { Report } from '../events.ts';
import { isSince, type Clock } from '../lib/clock.ts';
import { decodeClaim, wayOf } from '../proof/claim.ts';
import { losesTrust, provenWaysFact, wayFor, waysIn, type WayCount } from '../proof/trust.ts';
import type { TrackedOriginal, Tracker } from '../tracker/tracker.ts';
import { recordVerdict } from '../transfer/record-verdict.ts';
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

/** The search for the last run that ran to its end goes back this many runs. */
const maxRunsBack = 100;

/**
 * Since when no run has settled its disputes, in ISO 8601: the start of this run, or of an earlier
 * one if the runs in between were killed or ended early.
 */
export async function unsettledSince(
  { tracker }: Pick<DisputePorts, 'tracker'>,
  { runId, runStartedAt }: { readonly runId: string; readonly runStartedAt: string },
): Promise<string> {
  const runs = await tracker.runs(maxRunsBack);
  const earlier = runs.filter(({ id, kind }) => id !== runId && kind !== 'verify' && kind !== 'copy');
  const ended = earlier.findIndex(({ outcome }) => outcome === 'clean' || outcome === 'partial');
  const unsettled = ended === -1 ? earlier : earlier.slice(0, ended);
  return [runStartedAt, ...unsettled.map(({ startedAt }) => startedAt)].toSorted()[0]!;
}

/**
 * Decides at the end of a run which disputes since `since` stay, and names the files that nobody
 * has accepted. If too many files of a way are disputed, the claims of this way are no digests.
 * Then these files get the proof `none`, and one warning says so. Returns how many disputes stay.
 */
export async function settleDisputes(ports: DisputePorts, { since }: { readonly since: string }): Promise<number> {
  const { destination, report } = ports;
  const { counts, disputes } = await readVerdicts(ports, since);
  const distrusted = new Map<string, WayCount>([...counts].filter(([, count]) => losesTrust(count)));
  let stay = 0;
  for (const { row, way } of disputes) {
    if (distrusted.has(way)) {
      const evidence = { claim: row.claim, proof: 'none', claimPartBytes: null } as const;
      await recordVerdict(ports, row, { mark: row.mark, evidence, hasReadBytes: false });
      continue;
    }
    if (row.acceptedAt !== null) continue;
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

/**
 * Reads the verdicts since a time. Counts them by the way in which the provider stored the files.
 */
async function readVerdicts(
  { tracker, clock }: DisputePorts,
  since: string,
): Promise<{ readonly counts: ReadonlyMap<string, WayCount>; readonly disputes: readonly Dispute[] }> {
  const fact = await tracker.getFact(provenWaysFact);
  const counts = new Map<string, WayCount>();
  const disputes: Dispute[] = [];
  const nowMs = clock.now();
  const isNews = (time: string | null) => time !== null && isSince(time, since, nowMs);
  for await (const { originals } of tracker.rows(['COMPLETED'])) {
    for (const row of originals) {
      const way = isNews(row.archivedAt) || isNews(row.checkedAt) ? wayOfVerdict(row, fact) : undefined;
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
