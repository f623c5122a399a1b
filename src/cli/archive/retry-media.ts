import { SyncError } from '../../errors.ts';
import { count } from '../../report/figures.ts';
import type { Tracker } from '../../tracker/tracker.ts';

/**
 * Resets all failed and quarantined entries, or those of `mediaIds`. Returns how many.
 * `listing` is the command that shows the ids, in backquotes.
 * Errors: USAGE for an unknown medium, and then nothing changes; TRACKER_UNUSABLE.
 */
export async function retryMedia(tracker: Tracker, mediaIds: readonly string[], listing: string): Promise<number> {
  for (const mediaId of mediaIds) {
    if (await tracker.medium(mediaId)) continue;
    throw new SyncError('USAGE', `the archive knows no medium ${mediaId}`, { hint: `${listing} shows the ids.` });
  }
  return tracker.retry(mediaIds.length > 0 ? mediaIds : undefined);
}

/** `next` is the run that tries the entries. */
export function describeRetry(retried: number, next: string): string {
  if (retried === 0) return 'Nothing had failed.';
  return `Reset ${count(retried, 'entry', 'entries')}: ${next} tries ${retried === 1 ? 'it' : 'them'} again.`;
}
