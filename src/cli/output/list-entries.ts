import type { TrackedOriginal, TrackedRow } from '../../tracker/tracker.ts';

/** One line of the output: an original, or a medium whose originals are not known. */
export interface ListEntry {
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
}

/** Yields the lines for a medium and its originals. */
export function* listEntries({ tracked, originals }: TrackedRow): Generator<ListEntry> {
  const { medium, goneSince } = tracked;
  const mediaId = medium.id;
  if (tracked.status !== 'RESOLVED' || originals.length === 0) {
    const { status, statusSince: since, reason, failedRuns } = tracked;
    const name = medium.filename || '(no name)';
    yield {
      status: statusWord(status),
      since,
      mediaId,
      name,
      sizeBytes: medium.sizeHintBytes,
      code: null,
      reason: reason ?? reasons[status] ?? null,
      failedRuns,
      goneSince,
    };
  }
  for (const original of originals) {
    const { statusSince: since, sizeBytes, errorCode: code, failedRuns } = original;
    yield {
      status: statusWord(original.mark ?? original.status),
      since,
      mediaId,
      name: original.original.key,
      sizeBytes,
      code,
      reason: reasonOf(original),
      failedRuns,
      goneSince,
    };
  }
}

/** The reasons that are shown for a mark, or for a status if the tracker has recorded no reason. */
const reasons: Readonly<Record<string, string>> = {
  PENDING: 'the next sync fetches it',
  IN_PROGRESS: 'a run fetches it now, or a run that fetched it was killed',
  LISTED: 'the next sync asks for its files',
  RESOLVED: 'has only files that were not asked for, such as an edit; see `sync --include`',
  WAITING: 'not ready in the cloud yet',
  MISSING: 'verify did not find it; the next sync fetches it again',
  DAMAGED: 'verify found different content; the next sync fetches it again',
  SOURCE_DELETED: 'deleted in the cloud before it was archived',
};

function reasonOf({ mark, status, reason }: TrackedOriginal): string | null {
  return (mark && reasons[mark]) ?? reason ?? reasons[status] ?? null;
}

function statusWord(status: string): string {
  return status.toLowerCase().replaceAll('_', '-');
}
