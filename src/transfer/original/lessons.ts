import { encodeClaim, parseEtag } from '../../proof/claim.ts';
import type { UploadState } from '../../destination/destination.ts';
import { provenSame } from '../../media.ts';
import type { TrackedOriginal } from '../../tracker/tracker.ts';
import type { Lessons } from '../context.ts';
import type { ServedFile } from '../media-host/guard.ts';

/** What earlier runs have shown about an original. */
export function firstLessons(row: TrackedOriginal): Lessons {
  return { isFirst: true, answersRanges: true, trustsHead: true, makesNoClaim: false, mismatch: mismatchOf(row) };
}

/** Recalls what an earlier slice or run learned about the content that `now` describes. */
export function recallLessons(lessons: Lessons, earlier: UploadState | undefined, now: ServedFile): void {
  if (earlier?.makesNoClaim && provenSame(earlier.validator, now.validator)) lessons.makesNoClaim = true;
}

/**
 * An archived file that contradicts its claim counts as the first copy, so a second copy decides
 * about it.
 */
function mismatchOf({ mark, claim, mismatch, crc32, validator }: TrackedOriginal): Lessons['mismatch'] {
  const first = mismatch ?? (mark === 'SUSPECT' ? crc32 : null);
  const text = claim ?? encodeClaim(parseEtag(validator.etag));
  return first === null ? null : { crc32: first, claim: text };
}
