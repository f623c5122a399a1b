import { SyncError } from '../../errors.ts';
import { allRoles } from '../../media.ts';
import { count } from '../../report/figures.ts';
import type { Tracker } from '../../tracker/tracker.ts';

/** What a retry has done. */
export interface Retried {
  /** How many entries were reset. */
  readonly retried: number;
  /** How many files are lost now. No run can fetch them again. */
  readonly lost: number;
}

/**
 * Resets all failed, quarantined and accepted entries, or only the entries of the media in `names`.
 * A name is the id of a medium or the key of one of its files. `listing` is the command that shows
 * the names, in backquotes. Errors: USAGE for an unknown name, before any entry is reset;
 * TRACKER_UNUSABLE.
 */
export async function retryMedia(tracker: Tracker, names: readonly string[], listing: string): Promise<Retried> {
  const retried = await tracker.retry(names.length > 0 ? await mediaOf(tracker, names, listing) : undefined);
  const { lost } = retried > 0 ? await tracker.tally(allRoles) : { lost: 0 };
  return { retried, lost };
}

async function mediaOf(tracker: Tracker, names: readonly string[], listing: string): Promise<readonly string[]> {
  const mediaIds: string[] = [];
  const keys = new Set<string>();
  for (const name of names) {
    if (await tracker.medium(name)) mediaIds.push(name);
    else keys.add(name);
  }
  if (keys.size === 0) return mediaIds;
  for await (const { tracked, originals } of tracker.rows()) {
    const named = originals.filter(({ original: { key } }) => keys.delete(key));
    if (named.length > 0) mediaIds.push(tracked.medium.id);
  }
  const [unknown] = keys;
  if (unknown === undefined) return mediaIds;
  throw new SyncError('USAGE', `the archive knows no medium and no file ${unknown}`, { hint: `${listing} shows the names.` });
}

/** Describes a retry for a person. `next` names the run that tries the entries again. */
export function describeRetry({ retried, lost }: Retried, next: string): string {
  if (retried === 0) return 'Nothing had failed.';
  const again = `Reset ${count(retried, 'entry', 'entries')}: ${next} tries ${retried === 1 ? 'it' : 'them'} again.`;
  return lost === 0 ? again : `${again} ${count(lost, 'file')} ${lost === 1 ? 'is' : 'are'} lost, so every run fails again.`;
}
