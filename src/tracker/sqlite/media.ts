import { foldKey, originalId, type Original } from '../../media.ts';
import { SyncError } from '../../errors.ts';
import type { Failure, TrackedMedium, TrackedOriginal, Tracker } from '../tracker.ts';
import type { Ledger } from './ledger.ts';
import { failedMedium, resolved, retriedMedium, told } from '../rules/medium.ts';
import { toTrackedMedium } from '../rules/medium-fields.ts';
import { retried } from '../rules/original.ts';
import { toTrackedOriginal, type OriginalFields } from '../rules/original-fields.ts';
import { newOriginalRow, type MediumRow, type NewOriginalRow } from './rows.ts';
import { bringBack, vanish } from './statuses.ts';

/** What a `get` or a `resolve` tells of a medium, and what a person decides about it. */
export function createMedia(ledger: Ledger) {
  const { database, media, originals } = ledger;
  const findKey = database.prepare('SELECT id FROM originals WHERE folded_key = ?');
  const selectOriginals = originals.where('medium = (SELECT row FROM media WHERE id = ?) ORDER BY row');
  const selectBroken = database.prepare(`
    SELECT id FROM media WHERE row IN (
      SELECT row FROM media WHERE status IN ('FAILED', 'QUARANTINED')
      UNION SELECT medium FROM originals WHERE status IN ('FAILED', 'QUARANTINED')
    )`);

  const keyTaken = (key: string): boolean => findKey.get(foldKey(key)) !== undefined;

  /** Returns all originals of the medium, those added last. */
  function addOriginals(added: readonly Original[], medium: MediumRow): readonly OriginalFields[] {
    const rows: NewOriginalRow[] = [...ledger.originalsOf(medium)];
    const ids = new Set(rows.map(({ id }) => id));
    const identities = new Set(rows.map(({ identity }) => identity));
    for (const original of added) {
      const id = originalId(original, original.revision);
      if (ids.has(id)) continue;
      const row = newOriginalRow(original, medium.row, ledger.now());
      if (originals.insert(row) === undefined) throw new SyncError('KEY_TAKEN', `${original.key} belongs to another original`);
      if (identities.has(row.identity)) ledger.markSuperseded(row);
      ids.add(id);
      identities.add(row.identity);
      rows.push(row);
    }
    return rows;
  }

  function vanishById(mediaId: string, reason: string): Promise<void> {
    return ledger.transaction(() => media.save(vanish(ledger, ledger.mediumOf(mediaId), reason)));
  }

  function retryMedium(row: MediumRow): number {
    const afresh = retriedMedium(row, ledger.now());
    if (afresh) media.save(afresh);
    let count = afresh ? 1 : 0;
    for (const original of ledger.originalsOf(row)) {
      const next = retried(original, ledger.now());
      if (!next) continue;
      originals.save(next);
      count += 1;
    }
    return count;
  }

  return {
    medium: (mediaId: string): TrackedMedium | undefined => {
      const row = media.find(mediaId);
      return row && toTrackedMedium(row);
    },

    originals: (mediaId: string): readonly TrackedOriginal[] =>
      selectOriginals(mediaId).map((row) => toTrackedOriginal(row, mediaId)),

    keyTaken,
    vanish: vanishById,

    setMediumStatus: (mediaId: string, status: 'LISTED' | 'WAITING' | 'SOURCE_DELETED', reason: string): Promise<void> => {
      if (status === 'SOURCE_DELETED') return vanishById(mediaId, reason);
      return ledger.transaction(() => {
        const row = ledger.mediumOf(mediaId);
        if (row.status === 'SOURCE_DELETED') bringBack(ledger, row);
        media.save(told(row, status, reason, ledger.now()));
      });
    },

    failMedium: (mediaId: string, failure: Failure) =>
      ledger.transaction(() => {
        const row = failedMedium(ledger.mediumOf(mediaId), failure, ledger.now());
        media.save(row);
        return row.status;
      }),

    /** Errors: KEY_TAKEN, nothing recorded, when a new original's key is in use. */
    recordResolution: (
      mediaId: string,
      resolution: Parameters<Tracker['recordResolution']>[1],
    ): Promise<readonly TrackedOriginal[]> =>
      ledger.transaction(() => {
        const row = ledger.mediumOf(mediaId);
        if (row.status === 'SOURCE_DELETED') bringBack(ledger, row);
        const all = addOriginals(resolution.originals, row);
        media.save(resolved(row, resolution, ledger.now()), row);
        return all.map((original) => toTrackedOriginal(original, mediaId));
      }),

    retry: (mediaIds?: readonly string[]): Promise<number> =>
      ledger.transaction(() => {
        const ids = mediaIds ?? selectBroken.all().map((row) => String(row['id']));
        const rows = [...new Set(ids)].map((id) => media.find(id)).filter((row) => row !== undefined);
        return rows.reduce((count, row) => count + retryMedium(row), 0);
      }),
  };
}
