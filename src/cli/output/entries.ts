import type { TrackedOriginal, TrackedRow } from '../../tracker/tracker.ts';

/** One line of the list: an original, or a medium that stands for itself because none of its originals is known. */
export interface Entry {
  readonly status: string;
  readonly since: string;
  readonly mediaId: string;
  /** The archive's key of an original, else the provider's name of the medium. */
  readonly name: string;
  readonly sizeBytes: number | null;
  readonly code: string | null;
  readonly reason: string | null;
  readonly failedRuns: number;
  /** Since when a complete listing misses the medium. */
  readonly goneSince: string | null;
}

/** What is to be said of a medium and its originals, in no words but the tracker's and ours. */
export function* entriesOf({ tracked, originals }: TrackedRow): Generator<Entry> {
  const { medium, goneSince } = tracked;
  const mediaId = medium.id;
  if (tracked.status !== 'RESOLVED' || originals.length === 0) {
    const { status, statusSince: since, reason, failedRuns } = tracked;
    const name = medium.filename || '(no name)';
    yield {
      status: wordOf(status),
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
      status: wordOf(original.mark ?? original.status),
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

/** Why something is where it is, when the tracker noted nothing more particular. */
const reasons: Readonly<Record<string, string>> = {
  PENDING: 'the next sync fetches it',
  IN_PROGRESS: 'being fetched, or left by a run that was killed',
  LISTED: 'the next sync asks for its files',
  RESOLVED: 'offers nothing but what was not asked for, such as an edit; see `sync --include`',
  WAITING: 'not ready in the cloud yet',
  MISSING: 'verify did not find it; the next sync fetches it again',
  DAMAGED: 'verify found other content; the next sync fetches it again',
  SOURCE_DELETED: 'deleted in the cloud before it was archived',
};

function reasonOf({ mark, status, reason }: TrackedOriginal): string | null {
  return (mark && reasons[mark]) ?? reason ?? reasons[status] ?? null;
}

function wordOf(status: string): string {
  return status.toLowerCase().replaceAll('_', '-');
}
