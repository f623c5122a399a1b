import { SyncError } from '../../errors.ts';
import { count } from '../../report/figures.ts';
import type { Tracker } from '../../tracker/tracker.ts';

/**
 * Resets all failed and quarantined entries, or only the entries of `mediaIds`. Returns how many
 * entries were reset. `listing` is the command that shows the ids, in backquotes. Errors: USAGE for
 * an unknown medium, before any entry is reset; TRACKER_UNUSABLE.
 */
export async function retryMedia(tracker: Tracker, mediaIds: readonly string[], listing: string): Promise<number> {
  for (const mediaId of mediaIds) {
    if (await tracker.medium(mediaId)) continue;
    throw new SyncError('USAGE', `the archive knows no medium ${mediaId}`, { hint: `${listing} shows the ids.` });
  }
  return tracker.retry(mediaIds.length > 0 ? mediaIds : undefined);
}

/** Describes a retry for a person. `next` names the run that tries the entries again. */
export function describeRetry(retried: number, next: string): string {
  if (retried === 0) return 'Nothing had failed.';
  return `Reset ${count(retried, 'entry', 'entries')}: ${next} tries ${retried === 1 ? 'it' : 'them'} again.`;
}
