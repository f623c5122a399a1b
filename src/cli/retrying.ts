import { SyncError } from '../errors.ts';
import { count } from '../report/figures.ts';
import type { Tracker } from '../tracker/tracker.ts';

/**
 * Gives what failed a fresh start: all, or of the media named. `listing` is the command that shows ids, in backquotes. Returns how many entries. Errors: USAGE for a
 * medium that nobody knows, and then nothing is changed; TRACKER_UNUSABLE.
 */
export async function retryMedia(tracker: Tracker, mediaIds: readonly string[], listing: string): Promise<number> {
  for (const mediaId of mediaIds) {
    if (await tracker.medium(mediaId)) continue;
    throw new SyncError('USAGE', `the archive knows no medium ${mediaId}`, { hint: `${listing} shows the ids.` });
  }
  return tracker.retry(mediaIds.length > 0 ? mediaIds : undefined);
}

export function describeRetried(retried: number, next: string): string {
  return retried === 0 ? 'Nothing had failed.' : `${count(retried, 'entry', 'entries')} will be tried afresh by ${next}.`;
}
