/** How an archive stands, counted and in words. */
import { clean } from '../../lib/log.ts';
import { allRoles, alwaysRoles, type Tally } from '../../media.ts';
import { count, formatBytes, formatDuration } from '../../report/figures.ts';
import type { RunRecord, Tracker } from '../../tracker/tracker.ts';

export interface ArchiveStanding extends Tally {
  /** Media that offer nothing without which they would be incomplete, only edits or sidecars; in no other count of media. */
  readonly mediaOutOfScope: number;
}

/** Of all files; but nobody misses edits that were never asked for: a medium is complete with its originals. Errors: TRACKER_UNUSABLE. */
export async function standing(tracker: Tracker): Promise<ArchiveStanding> {
  const { media, mediaComplete } = await tracker.tally(alwaysRoles);
  const all = await tracker.tally(allRoles);
  return { ...all, media, mediaComplete, mediaOutOfScope: Math.max(0, sum(all.media) - sum(media)) };
}

function sum(counts: Tally['media']): number {
  return Object.values(counts).reduce((total, number) => total + number, 0);
}

function listed(parts: readonly (readonly [number, string])[]): string {
  return parts
    .filter(([number]) => number > 0)
    .map(([number, word]) => `, ${number.toLocaleString('en')} ${word}`)
    .join('');
}

/** Adds up: every medium is in one of the numbers. */
export function mediaLine({ media, mediaComplete, mediaOutOfScope }: ArchiveStanding): string {
  const others = listed([
    [media.RESOLVED - mediaComplete, 'incomplete'],
    [media.LISTED, 'not looked at yet'],
    [media.WAITING, 'waiting'],
    [media.FAILED, 'failed'],
    [media.QUARANTINED, 'quarantined'],
    [media.SOURCE_DELETED, 'deleted at the source'],
  ]);
  const beside = mediaOutOfScope === 0 ? '' : `; ${mediaOutOfScope.toLocaleString('en')} more with nothing but edits or sidecars`;
  return `${count(sum(media), 'medium', 'media')}: ${mediaComplete.toLocaleString('en')} complete${others}${beside}`;
}

export function filesLine({ originals, archivedBytes, waiting }: Tally): string {
  const open = originals.PENDING + originals.IN_PROGRESS;
  const others = listed([
    [open, 'to do'],
    [waiting, 'waiting'],
    [originals.FAILED, 'failed'],
    [originals.QUARANTINED, 'quarantined'],
    [originals.SOURCE_DELETED, 'deleted at the source'],
  ]);
  return `${count(originals.COMPLETED, 'file')} archived, ${formatBytes(archivedBytes)}${others}`;
}

/** Empty if `verify` found nothing. */
export function markedLine({ marked }: Tally): string {
  return marked === 0 ? '' : `${count(marked, 'file')} missing or damaged; the next run fetches them again`;
}

export function runLine({ startedAt, finishedAt, outcome }: RunRecord, nowMs: number): string {
  const agoMs = nowMs - Date.parse(startedAt);
  const took = finishedAt === null ? '' : `, took ${formatDuration(Date.parse(finishedAt) - Date.parse(startedAt))}`;
  return `${startedAt} (${formatDuration(Math.max(0, agoMs))} ago): ${outcome ?? 'not finished'}${took}`;
}

/** Labels and texts as lines in two columns; a row without text is left out. */
export function labelled(rows: readonly (readonly [label: string, text: string])[]): string {
  const said = rows.filter(([, text]) => text !== '');
  return said.map(([label, text]) => `${label.padEnd(16)} ${clean(text)}\n`).join('');
}
