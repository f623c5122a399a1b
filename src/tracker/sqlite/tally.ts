import type { OriginalStatus, Role } from '../../media.ts';
import { roleBitsOf } from '../ledger/encoding.ts';
import {
  addMedia,
  addOriginals,
  addUnmarked,
  correct,
  countedMedium,
  countedOriginal,
  groupedMedium,
  zero,
  type Counts,
  type Unmarked,
} from '../ledger/tally.ts';
import { groupsOf, mediaRows } from './scans.ts';
import { prepareSearch, type Tables } from './tables.ts';

interface OriginalGroup {
  readonly status: OriginalStatus;
  readonly superseded: 0 | 1;
  readonly originals: number;
}

/**
 * Gives the same result as the ledger's `count`, but counts equal rows together. Then `correct`
 * adjusts the result for QUARANTINED and SOURCE_DELETED media, and for media with originals that
 * are marked or not archived.
 */
export function countAll(tables: Tables, roles: readonly Role[]): Counts {
  const counts = zero();
  const alike = 'true GROUP BY status, gone_since, resolved_roles, original_roles, unavailable';
  const groupMedia = prepareSearch(tables.media, alike, { fields: groupedMedium, row: 'count(*)' });
  for (const { row: media, record } of groupMedia()) addMedia(counts, record, media, roles);

  const groupOriginals = tables.sql(`
    SELECT status, superseded, count(*) AS originals FROM originals WHERE role & ? GROUP BY status, superseded, role`);
  for (const group of groupOriginals.all(roleBitsOf(roles)) as unknown as OriginalGroup[]) {
    addOriginals(counts, { status: group.status, isSuperseded: group.superseded === 1 }, group.originals);
  }
  const groupUnmarked = tables.sql(`
    SELECT proof, count(*) AS originals, coalesce(sum(size_bytes), 0) AS bytes,
      min(coalesce(checked_at, archived_at)) AS oldestReadAt, sum(coalesce(checked_at, archived_at) IS NULL) AS neverRead
    FROM originals WHERE status = 'COMPLETED' AND mark IS NULL AND role & ? GROUP BY proof`);
  for (const group of groupUnmarked.all(roleBitsOf(roles)) as unknown as Unmarked[]) addUnmarked(counts, group);

  const unlike = `
    SELECT medium AS row FROM originals INDEXED BY originals_unarchived WHERE superseded = 0 AND status <> 'COMPLETED'
    UNION SELECT medium FROM originals WHERE mark IS NOT NULL
    UNION SELECT row FROM media WHERE status IN ('QUARANTINED', 'SOURCE_DELETED')`;
  for (const groups of groupsOf(tables, mediaRows(tables, unlike), { medium: countedMedium, original: countedOriginal })) {
    for (const group of groups) correct(counts, group, roles);
  }
  return counts;
}
