import { lostWithoutRecord, type Mark, type Proof } from '../../media.ts';
import type { RowOriginal, TrackedMedium, TrackedRow } from '../../tracker/tracker.ts';

/** One line of the output: an original, or a medium whose originals are not known. */
export interface ListEntry {
  /** The mark of an original, such as `missing`. Without a mark, the status. */
  readonly status: string;
  readonly since: string;
  readonly mediaId: string;
  /** The key of an original in the archive, or the provider's name of a medium. */
  readonly name: string;
  readonly sizeBytes: number | null;
  readonly code: string | null;
  readonly reason: string | null;
  readonly failedRuns: number;
  /**
   * The time of the first complete listing without the medium. It is null while the medium is
   * listed.
   */
  readonly goneSince: string | null;
  readonly mark: Mark | null;
  /** The proof of an archived file; null for any other entry. */
  readonly proof: Proof | null;
  /** When the bytes of an archived file were last read and compared; null if never. ISO 8601. */
  readonly checkedAt: string | null;
  /** True if files are missing, damaged or suspect and the provider no longer has them. */
  readonly lost: boolean;
  /** When a person accepted the entry as it is; null if nobody did. ISO 8601. */
  readonly acceptedAt: string | null;
  readonly acceptedReason: string | null;
}

/** Yields the lines for a medium and its originals. */
export function* listEntries({ tracked, originals }: TrackedRow): Generator<ListEntry> {
  const isMediumLost = lostWithoutRecord(tracked) > 0;
  const hasOwnLine = tracked.status !== 'RESOLVED' || isMediumLost || tracked.acceptedAt !== null;
  if (hasOwnLine || originals.length === 0) yield mediumEntry(tracked, isMediumLost);
  for (const original of originals) yield originalEntry(original, tracked);
}

function mediumEntry(tracked: TrackedMedium, lost: boolean): ListEntry {
  const { medium, status, statusSince: since, failedRuns, goneSince, acceptedAt, acceptedReason } = tracked;
  const lostReason = `the archive lacks ${tracked.absentOriginals} of its files, and the cloud no longer has them`;
  return {
    status: statusWord(status),
    since,
    mediaId: medium.id,
    name: medium.filename || '(no name)',
    sizeBytes: medium.sizeHintBytes,
    code: null,
    reason: lost ? lostReason : (tracked.reason ?? reasons[status] ?? null),
    failedRuns,
    goneSince,
    mark: null,
    proof: null,
    checkedAt: null,
    lost,
    acceptedAt,
    acceptedReason,
  };
}

function originalEntry(original: RowOriginal, { medium, goneSince }: TrackedMedium): ListEntry {
  const { statusSince: since, sizeBytes, errorCode: code, failedRuns, mark, lost, acceptedAt, acceptedReason } = original;
  const isArchived = original.status === 'COMPLETED';
  return {
    status: statusWord(mark ?? original.status),
    since,
    mediaId: medium.id,
    name: original.original.key,
    sizeBytes,
    code,
    reason: reasonOf(original),
    failedRuns,
    goneSince,
    mark,
    proof: isArchived ? original.proof : null,
    checkedAt: isArchived ? (original.checkedAt ?? original.archivedAt) : null,
    lost,
    acceptedAt,
    acceptedReason,
  };
}

/** Returns the word that says most about an entry: `accepted`, else `lost`, else the status. */
export function decisiveWord({ status, lost, acceptedAt }: ListEntry): string {
  if (acceptedAt !== null) return 'accepted';
  return lost ? 'lost' : status;
}

/** Whether a word of `--status` applies to an entry. */
export function isOneOf(entry: ListEntry, words: ReadonlySet<string>): boolean {
  return words.has(entry.status) || (entry.lost && words.has('lost')) || (entry.acceptedAt !== null && words.has('accepted'));
}

/** The reasons that are shown for a status if the tracker has recorded no reason. */
const reasons: Readonly<Record<string, string>> = {
  PENDING: 'the next sync fetches it',
  IN_PROGRESS: 'a run fetches it now, or a run that fetched it was killed',
  LISTED: 'the next sync asks for its files',
  RESOLVED: 'has only files that were not asked for, such as an edit; see `sync --include`',
  WAITING: 'not ready in the cloud yet',
  SOURCE_DELETED: 'deleted in the cloud before it was archived',
};

const findings: Readonly<Record<Mark, string>> = {
  MISSING: 'verify did not find it',
  DAMAGED: 'verify found different content',
  SUPERSEDED: 'a later revision replaces it',
  SUSPECT: "its bytes do not match the cloud's own checksum",
};

const dispute = "its bytes came twice, and do not match the cloud's own checksum";

function reasonOf({ mark, status, reason, lost, proof }: RowOriginal): string | null {
  if (status === 'COMPLETED' && mark === null && proof === 'disputed') return dispute;
  if (mark === null && lost) return 'the archive lost it, and the cloud no longer has it';
  if (mark === null || mark === 'SUPERSEDED') return (mark && findings[mark]) ?? reason ?? reasons[status] ?? null;
  if (lost) return `${findings[mark]}, and the cloud no longer has it`;
  const failure = reason === null ? '' : `; the last attempt failed: ${reason}`;
  const next = mark === 'SUSPECT' ? 'the next sync without --no-prove fetches it once more' : 'the next sync fetches it again';
  return `${findings[mark]}; ${next}${failure}`;
}

function statusWord(status: string): string {
  return status.toLowerCase().replaceAll('_', '-');
}
