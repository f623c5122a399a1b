import { foldKey, originalId, type Original, type Role } from '../../media.ts';
import { SyncError } from '../../errors.ts';
import type { Failure, TrackedMedium, TrackedOriginal, Tracker } from '../tracker.ts';
import type { Ledger } from './ledger.ts';
import { toTrackedMedium, type MediumRow } from './medium-row.ts';
import { newOriginalRow, toTrackedOriginal } from './original-row.ts';
import { bitsOf } from './role-bits.ts';
import { changed, listed, moved, reappear, unclaimed, unfailed, vanished } from './statuses.ts';

/** What a `get` or a `resolve` tells of a medium, and what a person decides about it. */
export function createMedia(ledger: Ledger) {
  const { database, media, originals } = ledger;
  const findKey = database.prepare('SELECT id FROM originals WHERE folded_key = ?');
  const selectBroken = database.prepare(`
    SELECT id FROM media WHERE row IN (
      SELECT row FROM media WHERE status IN ('FAILED', 'QUARANTINED')
      UNION SELECT medium FROM originals WHERE status IN ('FAILED', 'QUARANTINED')
    )`);

  const keyTaken = (key: string): boolean => findKey.get(foldKey(key)) !== undefined;

  function originalsOf(medium: MediumRow): TrackedOriginal[] {
    return ledger.originalsOf(medium).map((row) => toTrackedOriginal(row, medium.id));
  }

  function addOriginal(original: Original, medium: MediumRow): void {
    if (originals.find(originalId(original, original.revision))) return;
    if (keyTaken(original.key)) throw new SyncError('KEY_TAKEN', `${original.key} belongs to another original`);
    const row = newOriginalRow(original, medium.row, ledger.now());
    originals.insert(row);
    ledger.markSuperseded(row);
  }

  function vanish(mediaId: string, reason: string): void {
    ledger.transaction(() => media.save(vanished(ledger, ledger.mediumOf(mediaId), reason)));
  }

  function retryMedium(row: MediumRow): number {
    const isBroken = row.status === 'FAILED' || row.status === 'QUARANTINED';
    if (isBroken) media.save({ ...listed({ ...row, waiting_since: null }, ledger.now()), failed_runs: 0 });
    let retried = isBroken ? 1 : 0;
    for (const original of ledger.originalsOf(row)) {
      const next = changed(original, 'retry', ledger.now());
      if (!next) continue;
      originals.save({ ...next, ...unclaimed, ...unfailed });
      retried += 1;
    }
    return retried;
  }

  return {
    medium: (mediaId: string): TrackedMedium | undefined => {
      const row = media.find(mediaId);
      return row && toTrackedMedium(row);
    },

    originals: (mediaId: string): readonly TrackedOriginal[] => {
      const row = media.find(mediaId);
      return row ? originalsOf(row) : [];
    },

    keyTaken,
    vanish,

    setMediumStatus: (mediaId: string, status: 'LISTED' | 'WAITING' | 'SOURCE_DELETED', reason: string): void => {
      if (status === 'SOURCE_DELETED') return vanish(mediaId, reason);
      ledger.transaction(() => {
        const row = ledger.mediumOf(mediaId);
        if (row.status === 'SOURCE_DELETED') reappear(ledger, row);
        const next = moved(row, status, ledger.now(), reason);
        // The provider answered as it should, so the failed runs before are no longer in a row.
        media.save(status === 'WAITING' ? { ...next, failed_runs: 0 } : next);
      });
    },

    failMedium: (mediaId: string, failure: Failure) =>
      ledger.transaction(() => {
        const row = ledger.mediumOf(mediaId);
        const failed_runs = row.failed_runs + 1;
        const status = row.status === 'QUARANTINED' || failed_runs >= failure.quarantineAfter ? 'QUARANTINED' : 'FAILED';
        media.save({ ...moved(row, status, ledger.now(), failure.reason), failed_runs });
        return status;
      }),

    /** Errors: KEY_TAKEN, nothing recorded, when a new original's key is in use. */
    recordResolution: (mediaId: string, resolution: Parameters<Tracker['recordResolution']>[1]): readonly TrackedOriginal[] =>
      ledger.transaction(() => {
        const row = ledger.mediumOf(mediaId);
        if (row.status === 'SOURCE_DELETED') reappear(ledger, row);
        for (const original of resolution.originals) addOriginal(original, row);
        media.save(resolved(row, resolution, ledger.now()));
        return originalsOf(row);
      }),

    retry: (mediaIds?: readonly string[]): number =>
      ledger.transaction(() => {
        const ids = mediaIds ?? selectBroken.all().map((row) => String(row['id']));
        const rows = [...new Set(ids)].map((id) => media.find(id)).filter((row) => row !== undefined);
        return rows.reduce((retried, row) => retried + retryMedium(row), 0);
      }),
  };
}

/** A role with something unavailable is not resolved, also if it was before; so nothing hides behind a later resolve for fewer roles. */
function resolved(
  row: MediumRow,
  { roles, unavailable, originals }: { roles: readonly Role[]; unavailable: number; originals: readonly Original[] },
  now: string,
): MediumRow {
  const bits = bitsOf(roles);
  const isWhole = unavailable === 0;
  return {
    ...moved(
      row,
      isWhole ? 'RESOLVED' : 'WAITING',
      now,
      isWhole ? null : `${unavailable} of its originals are not available yet`,
    ),
    resolved_roles: isWhole ? row.resolved_roles | bits : row.resolved_roles & ~bits,
    original_roles: row.original_roles | bitsOf(originals.map((original) => original.role)),
    unavailable,
    failed_runs: 0,
    deleted_run: null,
  };
}
