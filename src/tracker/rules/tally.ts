import type { Mark, MediumStatus, OriginalStatus, Tally } from '../../media.ts';
import type { MediumFields } from './medium-fields.ts';

/** How media and originals count; `Tally` says what for. */

type Writable<Counts> = { -readonly [Name in keyof Counts]: Counts[Name] extends number ? number : Writable<Counts[Name]> };
export type Counts = Writable<Tally>;

/** What of a medium decides how it counts. */
export type Standing = Pick<MediumFields, 'status' | 'gone_since' | 'resolved_roles' | 'original_roles' | 'unavailable'>;

/** What of an original decides how it counts. */
export interface CountedOriginal {
  readonly status: OriginalStatus;
  /** A later revision exists. */
  readonly superseded: boolean;
  readonly size_bytes: number | null;
  readonly mark: Mark | null;
  /** Its mark stands: no later revision of a damaged file is archived. For a missing one nothing is excuse: nobody can fetch that content again. */
  readonly isMarked: boolean;
}

export function zero(): Counts {
  const media: Record<MediumStatus, number> = {
    LISTED: 0,
    WAITING: 0,
    RESOLVED: 0,
    FAILED: 0,
    QUARANTINED: 0,
    SOURCE_DELETED: 0,
  };
  const originals: Record<OriginalStatus, number> = {
    PENDING: 0,
    IN_PROGRESS: 0,
    COMPLETED: 0,
    FAILED: 0,
    QUARANTINED: 0,
    SOURCE_DELETED: 0,
  };
  return { media, mediaComplete: 0, originals, archivedBytes: 0, waiting: 0, marked: 0 };
}

/** Counts one medium with its originals in the roles asked. */
export function count(counts: Counts, medium: Standing, originals: readonly CountedOriginal[], roles: number): void {
  addMedia(counts, medium, 1, roles);
  let lacks = false;
  let told = false;
  for (const original of originals) {
    const isUnarchived = !original.superseded && original.status !== 'COMPLETED';
    addOriginals(counts, original, 1, original.mark === null ? (original.size_bytes ?? 0) : 0);
    if (original.isMarked) counts.marked += 1;
    lacks ||= isUnarchived || original.isMarked;
    told ||= isUnarchived && original.status === medium.status;
  }
  if (lacks && isWhole(medium, roles)) counts.mediaComplete -= 1;
  if (told) recount(counts, medium.status, 1);
}

/** Nothing more of it is to be resolved: it was for all roles asked, or can be no more. */
function isWhole(medium: Standing, roles: number): boolean {
  return medium.status === 'RESOLVED' && (medium.gone_since !== null || (medium.resolved_roles & roles) === roles);
}

/** `media` alike ones; those that offer nothing in the roles asked are out of scope. Complete, until its originals say otherwise. */
export function addMedia(counts: Counts, medium: Standing, media: number, roles: number): void {
  const hasOriginals = (medium.original_roles & roles) !== 0;
  if (isWhole(medium, roles) && !hasOriginals) return;
  counts.media[medium.status] += media;
  if (isWhole(medium, roles)) counts.mediaComplete += media;
  if (medium.status === 'WAITING') counts.waiting += media * Math.max(1, medium.unavailable);
}

/** `originals` alike ones. A superseded revision counts only as an archived file. */
export function addOriginals(
  counts: Counts,
  original: Pick<CountedOriginal, 'status' | 'superseded'>,
  originals: number,
  unmarkedBytes: number,
): void {
  if (original.superseded && original.status !== 'COMPLETED') return;
  counts.originals[original.status] += originals;
  if (original.status === 'COMPLETED') counts.archivedBytes += unmarkedBytes;
}

/** Media whose originals tell the same story one by one count as RESOLVED. */
export function recount(counts: Counts, status: MediumStatus, media: number): void {
  counts.media[status] -= media;
  counts.media.RESOLVED += media;
}
