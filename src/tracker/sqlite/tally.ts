import type { Medium, MediumStatus, OriginalStatus, Role } from '../../media.ts';
import type { Tally } from '../tracker.ts';
import type { Ledger } from './ledger.ts';
import { toMedium, type MediumRow } from './medium-row.ts';
import type { OriginalRow } from './original-row.ts';
import { bitsOf } from './role-bits.ts';

type Writable<Counts> = { -readonly [Name in keyof Counts]: Counts[Name] extends number ? number : Writable<Counts[Name]> };
type Counts = Writable<Tally>;

/** The columns of a medium that decide how it counts. */
type Standing = Pick<MediumRow, 'status' | 'gone_since' | 'resolved_roles' | 'original_roles' | 'unavailable'>;

/** A damaged file is excused once a later revision of it is archived; a missing one is not, for nobody can fetch that content again. */
const marked = `
  SELECT originals.row, originals.medium FROM originals WHERE mark IS NOT NULL AND role & :roles AND NOT (
    mark = 'DAMAGED' AND EXISTS (
      SELECT 1 FROM originals later
      WHERE later.identity = originals.identity AND later.revision > originals.revision AND later.revision > 1 AND later.status = 'COMPLETED'
    )
  )`;

/** Originals that are neither archived nor replaced by a later revision; the index of the same name holds only these. */
const unarchived = `originals.superseded = 0 AND originals.status <> 'COMPLETED' AND originals.role & :roles`;

/**
 * Counts media and originals. A superseded revision counts only as an archived file. A medium whose originals say themselves that they
 * are FAILED, QUARANTINED or SOURCE_DELETED counts as RESOLVED, so that media and originals can be added up. Archived bytes are those of
 * files without a mark.
 */
export function createTally(ledger: Ledger) {
  const { database } = ledger;
  const groupMedia = database.prepare(`
    SELECT status, gone_since, resolved_roles, original_roles, unavailable, count(*) AS media FROM media
    GROUP BY status, gone_since, resolved_roles, original_roles, unavailable`);
  const groupOriginals = database.prepare(`
    SELECT status, superseded, role, count(*) AS originals, sum(CASE WHEN mark IS NULL THEN size_bytes END) AS bytes FROM originals
    GROUP BY status, superseded, role`);
  // Grouped in the order of the index, and summed without sorting.
  const sumUnarchived = database.prepare(`
    SELECT total(status = 'RESOLVED' AND (gone_since IS NOT NULL OR resolved_roles & :roles = :roles)) AS incomplete,
      total(status = 'FAILED' AND told) AS FAILED, total(status = 'QUARANTINED' AND told) AS QUARANTINED,
      total(status = 'SOURCE_DELETED' AND told) AS SOURCE_DELETED
    FROM (
      SELECT media.status, media.gone_since, media.resolved_roles, max(originals.status = media.status) AS told
      FROM originals INDEXED BY originals_unarchived CROSS JOIN media ON media.row = originals.medium
      WHERE ${unarchived} GROUP BY originals.medium
    )`);
  const selectMarked = database.prepare(marked);
  const countIncompleteByMark = database.prepare(`
    SELECT count(DISTINCT media.row) AS media FROM (${marked}) AS marked CROSS JOIN media ON media.row = marked.medium
    WHERE media.status = 'RESOLVED' AND (media.gone_since IS NOT NULL OR media.resolved_roles & :roles = :roles)
      AND NOT EXISTS (SELECT 1 FROM originals WHERE originals.medium = media.row AND ${unarchived})`);
  const selectMedia = database.prepare(`
    SELECT row, id, provider, account, type, filename, file_extension, size_hint_bytes, captured_at, created_at, updated_at, reprocessed_at,
      item_count, camera_model, ready, ready_state, status, gone_since, resolved_roles, original_roles, unavailable
    FROM media ORDER BY row`);
  const selectOriginals = database.prepare(
    'SELECT row, medium, status, superseded, size_bytes, mark FROM originals WHERE role & :roles ORDER BY medium',
  );

  function tallyAll(roles: number): Counts {
    const counts = zero();
    for (const group of groupMedia.all() as unknown as (Standing & { media: number })[])
      addMedia(counts, group, group.media, roles);
    for (const group of groupOriginals.all() as unknown as (OriginalRow & { originals: number; bytes: number | null })[]) {
      if ((group.role & roles) !== 0) addOriginals(counts, group, group.originals, group.bytes ?? 0);
    }
    const { incomplete, ...told } = sumUnarchived.get({ roles }) as { incomplete: number } & Record<
      'FAILED' | 'QUARANTINED' | 'SOURCE_DELETED',
      number
    >;
    counts.mediaComplete -= incomplete + Number(countIncompleteByMark.get({ roles })?.['media']);
    for (const status of ['FAILED', 'QUARANTINED', 'SOURCE_DELETED'] as const) recount(counts, status, told[status]);
    counts.marked = selectMarked.all({ roles }).length;
    return counts;
  }

  /** The same rules, medium by medium: both tables are read side by side in the order of the media. */
  function tallyCovered(roles: number, covers: (medium: Medium) => boolean): Counts {
    const counts = zero();
    const openMarks = new Set(selectMarked.all({ roles }).map((row) => row['row']));
    const originals = selectOriginals.iterate({ roles }) as unknown as Iterator<OriginalRow>;
    let next = originals.next();
    for (const row of selectMedia.iterate() as unknown as Iterable<MediumRow>) {
      const isCovered = covers(toMedium(row));
      if (isCovered) addMedia(counts, row, 1, roles);
      let lacks = false;
      let told = false;
      for (; !next.done && next.value.medium === row.row; next = originals.next()) {
        if (!isCovered) continue;
        const original = next.value;
        const isUnarchived = original.superseded === 0 && original.status !== 'COMPLETED';
        const isMarked = openMarks.has(original.row);
        addOriginals(counts, original, 1, original.mark === null ? (original.size_bytes ?? 0) : 0);
        if (isMarked) counts.marked += 1;
        lacks ||= isUnarchived || isMarked;
        told ||= isUnarchived && original.status === row.status;
      }
      if (lacks && isWhole(row, roles)) counts.mediaComplete -= 1;
      if (told) recount(counts, row.status, 1);
    }
    return counts;
  }

  return {
    tally: (roles: readonly Role[], covers?: (medium: Medium) => boolean): Tally =>
      covers ? tallyCovered(bitsOf(roles), covers) : tallyAll(bitsOf(roles)),
  };
}

function zero(): Counts {
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

/** Nothing more of it is to be resolved: it was for all roles asked, or can be no more. */
function isWhole(medium: Standing, roles: number): boolean {
  return medium.status === 'RESOLVED' && (medium.gone_since !== null || (medium.resolved_roles & roles) === roles);
}

/** `media` alike ones; those that offer nothing in the roles asked are out of scope. Complete, until its originals say otherwise. */
function addMedia(counts: Counts, medium: Standing, media: number, roles: number): void {
  const hasOriginals = (medium.original_roles & roles) !== 0;
  if (isWhole(medium, roles) && !hasOriginals) return;
  counts.media[medium.status] += media;
  if (isWhole(medium, roles)) counts.mediaComplete += media;
  if (medium.status === 'WAITING') counts.waiting += media * Math.max(1, medium.unavailable);
}

function addOriginals(
  counts: Counts,
  original: Pick<OriginalRow, 'status' | 'superseded'>,
  originals: number,
  unmarkedBytes: number,
): void {
  if (original.superseded === 1 && original.status !== 'COMPLETED') return;
  counts.originals[original.status] += originals;
  if (original.status === 'COMPLETED') counts.archivedBytes += unmarkedBytes;
}

/** Media whose originals tell the same story one by one. */
function recount(counts: Counts, status: MediumStatus, media: number): void {
  counts.media[status] -= media;
  counts.media.RESOLVED += media;
}
