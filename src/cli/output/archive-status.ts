/** Counts an archive's media and files, and makes the lines that show the counts. */
import { clean } from '../../lib/log.ts';
import { allRoles, alwaysRoles, type Tally } from '../../media.ts';
import { count, formatBytes } from '../../report/figures.ts';
import type { Tracker } from '../../tracker/tracker.ts';

export interface ArchiveStatus extends Tally {
  /** The number of media with only edits or sidecars. No other count of media includes these. */
  readonly mediaOutOfScope: number;
}

/**
 * Counts all media and files. Files include edits and sidecars, but a medium counts as complete
 * without them. Errors: TRACKER_UNUSABLE.
 */
export async function archiveStatus(tracker: Tracker): Promise<ArchiveStatus> {
  const { media, mediaComplete } = await tracker.tally(alwaysRoles);
  const all = await tracker.tally(allRoles);
  return { ...all, media, mediaComplete, mediaOutOfScope: Math.max(0, sum(all.media) - sum(media)) };
}

function sum(counts: Tally['media']): number {
  return Object.values(counts).reduce((total, number) => total + number, 0);
}

/** Joins the counts that are not 0, with a comma before each. */
function joinCounts(parts: readonly (readonly [number, string])[]): string {
  return parts
    .filter(([number]) => number > 0)
    .map(([number, word]) => `, ${number.toLocaleString('en')} ${word}`)
    .join('');
}

/** Makes the line about media. Its numbers add up, because each medium is counted exactly once. */
export function mediaLine({ media, mediaComplete, mediaOutOfScope }: ArchiveStatus): string {
  const others = joinCounts([
    [media.RESOLVED - mediaComplete, 'incomplete'],
    [media.LISTED, 'not resolved yet'],
    [media.WAITING, 'waiting'],
    [media.FAILED, 'failed'],
    [media.QUARANTINED, 'quarantined'],
    [media.SOURCE_DELETED, 'deleted at the source'],
  ]);
  const outOfScope = mediaOutOfScope === 0 ? '' : `; ${mediaOutOfScope.toLocaleString('en')} more have only edits or sidecars`;
  return `${count(sum(media), 'medium', 'media')}: ${mediaComplete.toLocaleString('en')} complete${others}${outOfScope}`;
}

/** Makes the line about files. Marked files are left out, because other lines count them. */
export function filesLine({ originals, unsound, archivedBytes, waiting }: Tally): string {
  const open = originals.PENDING + originals.IN_PROGRESS;
  const others = joinCounts([
    [open, 'to fetch'],
    [waiting, 'waiting'],
    [originals.FAILED, 'failed'],
    [originals.QUARANTINED, 'quarantined'],
    [originals.SOURCE_DELETED, 'deleted at the source'],
  ]);
  return `${count(originals.COMPLETED - unsound, 'file')} archived, ${formatBytes(archivedBytes)}${others}`;
}

/** Formats labels and texts in two columns. Rows without a text are left out. */
export function labelledLines(rows: readonly (readonly [label: string, text: string])[]): string {
  const filled = rows.filter(([, text]) => text !== '');
  return filled.map(([label, text]) => `${label.padEnd(16)} ${clean(text)}\n`).join('');
}
