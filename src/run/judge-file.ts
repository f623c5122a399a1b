import type { Destination } from '../destination/destination.ts';
import type { FileOf, Report, RunFinished } from '../events.ts';
import { needsRepair, type Evidence, type Mark } from '../media.ts';
import { encodeClaim, provingPartBytes } from '../proof/claim.ts';
import type { RowOriginal, TrackedOriginal, Tracker } from '../tracker/tracker.ts';
import { recordVerdict } from '../transfer/record-verdict.ts';
import { lastCopyOf } from './last-copy.ts';
import { claimOf, lookAtFile, type Look, type Seen } from './verify/look-at-file.ts';

/** An archived file that `verify` judges. */
export interface ArchivedFile {
  readonly row: RowOriginal;
  /** The file cannot be fetched again, so it is lost if it is missing or damaged. */
  readonly isFinal: boolean;
}

/** What `verify` has found so far. */
export interface Findings {
  readonly counts: { -readonly [Name in keyof NonNullable<RunFinished['verified']>]: number };
  /** How many findings need a repair or the decision of a person. */
  differences: number;
}

export function noFindings(): Findings {
  const marked = { missing: 0, damaged: 0, suspect: 0, lost: 0, superseded: 0 };
  return { counts: { files: 0, bytes: 0, ...marked, proven: 0, disputed: 0, unreadable: 0, unknown: 0 }, differences: 0 };
}

export interface JudgePorts {
  readonly destination: Destination;
  readonly tracker: Tracker;
  readonly report: Report;
}

/** What is known of a file after a look at it. */
export interface Verdict {
  readonly mark: Mark | null;
  readonly reason: string;
  /** Undefined if the evidence stays as it is. */
  readonly evidence?: Evidence | undefined;
  readonly hasReadBytes: boolean;
}

/**
 * Compares a file with its record and its claim, sets or clears its mark, and reports what differs.
 * Returns true for a file whose bytes contradict its claim. Then the caller decides what this
 * means, and calls `settleFile`.
 */
export async function judgeFile(file: ArchivedFile, ports: JudgePorts, look: Look, found: Findings): Promise<boolean> {
  const { row } = file;
  const { destination, report } = ports;
  const about = fileOf(row, destination);
  const { counts } = found;
  counts.files += 1;
  if (row.mark === 'SUPERSEDED') {
    counts.superseded += 1;
    report({ type: 'file.superseded', ...about });
    return false;
  }
  const seen = await lookAtFile(row, destination, look);
  if (seen.kind === 'unreadable') {
    counts.unreadable += 1;
    const { code, message: reason, hint } = seen.error;
    if (code === 'STORE_FAILED' || needsRepair(row.mark)) found.differences += 1;
    report({ type: 'file.unreadable', ...about, code, reason, ...(hint !== undefined && { hint }) });
    return false;
  }
  counts.bytes += seen.sizeBytes;
  if (seen.comparison.kind === 'contradiction' && row.proof !== 'disputed') return true;
  if (seen.comparison.kind === 'match') await noteMatch(row, seen.comparison, look, found);
  await settleFile(file, verdictOf(row, seen), ports, found);
  return false;
}

type Judged = Extract<Seen, { readonly kind: 'judged' }>;
type Match = Extract<Judged['comparison'], { readonly kind: 'match' }>;

async function noteMatch(row: TrackedOriginal, { claim, partBytes }: Match, { trust }: Look, found: Findings): Promise<void> {
  found.counts.proven += 1;
  // The proofs of the tracker are noted before the first file is read.
  const isNoted = row.proof === 'proven' && provingPartBytes(claim, row.sizeBytes, row.claimPartBytes) !== null;
  if (!isNoted && partBytes !== null) await trust.noteProven(row.original.account, claim, partBytes);
}

function verdictOf(row: TrackedOriginal, { mark, reason, hasReadBytes, comparison }: Judged): Verdict {
  if (comparison.kind === 'match') {
    const evidence: Evidence = { claim: encodeClaim(comparison.claim), proof: 'proven', claimPartBytes: comparison.partBytes };
    return { mark, reason, evidence, hasReadBytes };
  }
  // Only a comparison with the claim can clear this mark.
  const staysSuspect = mark === null && row.mark === 'SUSPECT' && claimOf(row) !== null;
  return staysSuspect ? { mark: 'SUSPECT', reason: suspectReason, hasReadBytes } : { mark, reason, hasReadBytes };
}

export const suspectReason = "its bytes are those that arrived, but the provider's own word for them says otherwise";
const disputedReason = "the same bytes arrived twice, but the provider's own word for them says otherwise";

/** Records what is known of a file, and reports it if something is wrong. */
export async function settleFile(file: ArchivedFile, verdict: Verdict, ports: JudgePorts, found: Findings): Promise<void> {
  const { row } = file;
  const { destination, report } = ports;
  const about = fileOf(row, destination);
  const mark = await record(row, verdict, ports);
  if (mark === 'SUPERSEDED') {
    found.counts.superseded += 1;
    return report({ type: 'file.superseded', ...about });
  }
  if (mark !== null) return reportDifference({ ...file, mark, reason: verdict.reason }, about, ports, found);
  if ((verdict.evidence ?? row).proof !== 'disputed') return undefined;
  found.counts.disputed += 1;
  return report({ type: 'file.disputed', ...about, reason: disputedReason });
}

const evidenceNames = ['claim', 'proof', 'claimPartBytes'] as const;

/**
 * Records a verdict if it is news, or if every byte was read. Returns the mark that the file has
 * then.
 */
async function record(row: TrackedOriginal, verdict: Verdict, ports: JudgePorts): Promise<Mark | null> {
  const { mark, evidence, hasReadBytes } = verdict;
  const isKnown = evidence === undefined || evidenceNames.every((name) => evidence[name] === row[name]);
  // A mark is always set again, because `recordCheck` makes it SUPERSEDED if a later revision is
  // archived or was proven meanwhile. An earlier version of Cloud Sync left such files DAMAGED.
  if (isKnown && !hasReadBytes && mark === row.mark && mark === null) return mark;
  return recordVerdict(ports, row, { mark, hasReadBytes, ...(!isKnown && { evidence }) });
}

const counted = { MISSING: 'missing', DAMAGED: 'damaged', SUSPECT: 'suspect' } as const;

async function reportDifference(
  { row, isFinal: lost, mark, reason }: ArchivedFile & { readonly mark: keyof typeof counted; readonly reason: string },
  about: FileOf,
  { destination, report }: JudgePorts,
  found: Findings,
): Promise<void> {
  const isAccepted = row.acceptedAt !== null && row.mark === mark;
  if (!isAccepted) found.differences += 1;
  if (lost) found.counts.lost += 1;
  found.counts[counted[mark]] += 1;
  const loss = { lost, lastCopy: await lastCopyOf(about.key, destination) };
  if (mark === 'MISSING') return report({ type: 'file.missing', ...about, ...loss });
  return report({ type: mark === 'DAMAGED' ? 'file.damaged' : 'file.suspect', ...about, ...loss, reason });
}

export function fileOf(
  { id, original: { mediaId, key } }: Pick<TrackedOriginal, 'id' | 'original'>,
  { location }: Destination,
): FileOf {
  return { id, mediaId, key, path: `${location}/${key}` };
}
