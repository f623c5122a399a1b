import type { Medium, Role, Tally } from '../../media.ts';
import { toMedium } from '../rules/medium-fields.ts';
import { bitsOf } from '../rules/role-bits.ts';
import {
  addMedia,
  addOriginals,
  count,
  recount,
  zero,
  type CountedOriginal,
  type Counts,
  type Standing,
} from '../rules/tally.ts';
import type { Ledger } from './ledger.ts';
import type { MediumRow, OriginalRow } from './rows.ts';

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
      if ((group.role & roles) === 0) continue;
      addOriginals(counts, { ...group, superseded: group.superseded === 1 }, group.originals, group.bytes ?? 0);
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
      const own: CountedOriginal[] = [];
      for (; !next.done && next.value.medium === row.row; next = originals.next()) {
        const { status, superseded, size_bytes, mark } = next.value;
        own.push({ status, superseded: superseded === 1, size_bytes, mark, isMarked: openMarks.has(next.value.row) });
      }
      if (covers(toMedium(row))) count(counts, row, own, roles);
    }
    return counts;
  }

  return {
    tally: (roles: readonly Role[], covers?: (medium: Medium) => boolean): Tally =>
      covers ? tallyCovered(bitsOf(roles), covers) : tallyAll(bitsOf(roles)),
  };
}
