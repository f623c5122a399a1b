import { clean, jsonLine } from '../../lib/log.ts';
import type { MediumStatus, OriginalStatus } from '../../media.ts';
import { formatBytes } from '../../report/figures.ts';
import type { TrackedOriginal, TrackedRow } from '../../tracker/tracker.ts';
import type { Context } from '../command.ts';
import { openTracked } from '../tracked.ts';

/** One line of the list: an original, or a medium that stands for itself because none of its originals is known. */
interface Entry {
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

export async function runList({ config, log, stdout }: Context): Promise<number> {
  await using archive = await openTracked(config, log);
  const print = (text: string) => new Promise<void>((resolve) => stdout.write(text, () => resolve()));
  const wanted = new Set(config.settings.status);
  for await (const row of archive.tracker.rows(trackerStatuses(wanted))) {
    for (const entry of entriesOf(row)) {
      if (wanted.size > 0 && !wanted.has(entry.status)) continue;
      // Whoever reads this, such as `head`, may have seen enough.
      if (!stdout.writable) return 0;
      await print(config.settings.json ? jsonLine(entry) : `${lineOf(entry)}\n`);
    }
  }
  return 0;
}

/** undefined: all. `verify`'s marks lie on completed originals; whether a medium stands for itself only its originals tell. */
function trackerStatuses(wanted: ReadonlySet<string>): readonly (OriginalStatus | MediumStatus)[] | undefined {
  if (wanted.size === 0 || wanted.has('resolved')) return undefined;
  const names = [...wanted].map((word) =>
    word === 'missing' || word === 'damaged' ? 'COMPLETED' : word.toUpperCase().replaceAll('-', '_'),
  );
  return [...new Set(names)] as readonly (OriginalStatus | MediumStatus)[];
}

function* entriesOf({ tracked, originals }: TrackedRow): Generator<Entry> {
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

function lineOf({ status, since, name, sizeBytes, reason, mediaId, failedRuns, goneSince }: Entry): string {
  const size = sizeBytes === null ? '-' : formatBytes(sizeBytes);
  const runs = failedRuns > 0 ? ` [${failedRuns} failed ${failedRuns === 1 ? 'run' : 'runs'}]` : '';
  const gone = goneSince === null ? '' : ` [gone from the cloud since ${goneSince}]`;
  return clean(
    `${status.padEnd(14)} ${since}  ${size.padStart(9)}  ${name}  ${mediaId}${reason === null ? '' : `: ${reason}`}${runs}${gone}`,
  );
}
