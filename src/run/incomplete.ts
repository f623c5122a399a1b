import type { Event } from '../events.ts';
import { lostWithoutRecord } from '../media.ts';
import type { TrackedMedium } from '../tracker/tracker.ts';

type MediumIncomplete = Extract<Event, { readonly type: 'medium.incomplete' }>;

/** The event for a medium of which the archive lacks files. Undefined for any other medium. */
export function incompleteEvent(tracked: TrackedMedium): MediumIncomplete | undefined {
  const { medium, absentOriginals: missing } = tracked;
  if (missing === 0) return undefined;
  return { type: 'medium.incomplete', mediaId: medium.id, name: medium.filename, missing, lost: lostWithoutRecord(tracked) > 0 };
}
