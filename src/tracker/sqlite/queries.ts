import { setImmediate as nextTurn } from 'node:timers/promises';
import type { MediumStatus, OriginalStatus, Role } from '../../media.ts';
import type { TrackedMedium, TrackedRow } from '../tracker.ts';
import type { Ledger } from './ledger.ts';
import { toTrackedMedium } from '../rules/medium-fields.ts';
import { toTrackedOriginal, toUpload } from '../rules/original-fields.ts';
import { bitsOf } from '../rules/role-bits.ts';

/** Rows to work on or to show. Which ones is decided at the call; each is read when it is its turn. */
export function createQueries(ledger: Ledger) {
  const { database, media } = ledger;
  // Every branch is answered by an index that holds only what is open, so a library at rest costs next to nothing.
  // One text instead of a row object for each number: a hundred thousand of those take more than the plan.
  const selectOpen = database.prepare(`
    SELECT json_group_array(row) AS rows FROM (
    SELECT row FROM media WHERE status IN ('LISTED', 'WAITING', 'FAILED') AND gone_since IS NULL
    UNION
    SELECT row FROM media WHERE status = 'RESOLVED' AND gone_since IS NULL AND resolved_roles & :roles <> :roles
    UNION
    SELECT medium FROM originals CROSS JOIN media ON media.row = originals.medium
      WHERE originals.status IN ('PENDING', 'IN_PROGRESS', 'FAILED') AND originals.role & :roles
        AND media.status = 'RESOLVED' AND media.gone_since IS NULL
    UNION
    SELECT medium FROM originals CROSS JOIN media ON media.row = originals.medium
      WHERE originals.mark IS NOT NULL AND originals.superseded = 0 AND originals.role & :roles
        AND media.status = 'RESOLVED' AND media.gone_since IS NULL)`);
  const selectAll = database.prepare('SELECT row FROM media');
  const selectWith = database.prepare(`
    SELECT row FROM media WHERE status IN (SELECT value FROM json_each(:statuses))
    UNION SELECT medium FROM originals WHERE status IN (SELECT value FROM json_each(:statuses))`);
  const selectUploads = database.prepare(`
    SELECT upload FROM originals WHERE upload IS NOT NULL AND status NOT IN ('COMPLETED', 'SOURCE_DELETED')`);

  async function* openMedia(roles: readonly Role[]): AsyncGenerator<TrackedMedium> {
    const { rows: numbersText } = selectOpen.get({ roles: bitsOf(roles) })!;
    for (const [index, row] of (JSON.parse(String(numbersText)) as number[]).entries()) {
      // Signals, lease and timers get their turn.
      if (index % 1000 === 999) await nextTurn();
      yield toTrackedMedium(media.at(row)!);
    }
  }

  /** With statuses: originals that have one of them, under their media, and media that have one of them. */
  async function* rows(statuses?: readonly (OriginalStatus | MediumStatus)[]): AsyncGenerator<TrackedRow> {
    const found = statuses ? selectWith.all({ statuses: JSON.stringify(statuses) }) : selectAll.all();
    for (const number of numbers(found)) {
      const row = media.at(number)!;
      const originals = ledger.originalsOf(row).filter((original) => !statuses || statuses.includes(original.status));
      yield { tracked: toTrackedMedium(row), originals: originals.map((original) => toTrackedOriginal(original, row.id)) };
    }
  }

  /** Those of SOURCE_DELETED originals are not: their source is gone. */
  function uploads(): readonly string[] {
    return selectUploads.all().map((row) => toUpload({ upload: String(row['upload']) })!.id);
  }

  return { openMedia, rows, uploads };
}

function numbers(rows: readonly Record<string, unknown>[]): number[] {
  return rows.map((row) => Number(row['row']));
}
