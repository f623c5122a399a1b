import type { Medium, MediumStatus, OriginalStatus, Role, Tally } from '../../media.ts';
import { listingColumns, toMedium, toTrackedMedium } from '../rules/medium-fields.ts';
import { toUpload } from '../rules/original-fields.ts';
import { isOpen } from '../rules/open.ts';
import { bitsOf } from '../rules/role-bits.ts';
import { count, zero } from '../rules/tally.ts';
import type { TrackedMedium, TrackedRow } from '../tracker.ts';
import type { Columns, Ledger } from './ledger.ts';
import { standing, tracked } from './rows.ts';

const standingColumns: Columns = ['status', 'gone_since', 'resolved_roles', 'role', 'revision', 'mark'];
const countedColumns: Columns = [...standingColumns, 'original_roles', 'unavailable', 'size_bytes'];
const mediumColumns = Object.keys(listingColumns({} as Medium)) as (keyof ReturnType<typeof listingColumns>)[];

/** Rows to work on, to show and to count: each answer is one paginated query of the partition. */
export function createQueries(ledger: Ledger) {
  /** A page holds hundreds of media and may take hours to work off, so each is read again when it is its turn. */
  async function* openMedia(roles: readonly Role[]): AsyncGenerator<TrackedMedium> {
    const bits = bitsOf(roles);
    for await (const { medium, originals } of ledger.groups(standingColumns)) {
      if (!isOpen(medium, standing(originals), bits)) continue;
      const row = await ledger.unit((unit) => unit.medium(medium.id));
      if (row) yield toTrackedMedium(row);
    }
  }

  /** With statuses: originals that have one of them, under their media, and media that have one of them. */
  async function* rows(statuses?: readonly (OriginalStatus | MediumStatus)[]): AsyncGenerator<TrackedRow> {
    for await (const { medium, originals } of ledger.groups()) {
      const shown = originals.filter((original) => !statuses || statuses.includes(original.status));
      if (shown.length === 0 && statuses && !statuses.includes(medium.status)) continue;
      yield { tracked: toTrackedMedium(medium), originals: shown.map(tracked) };
    }
  }

  async function tally(roles: readonly Role[], covers?: (medium: Medium) => boolean): Promise<Tally> {
    const bits = bitsOf(roles);
    const counts = zero();
    for await (const { medium, originals } of ledger.groups(covers ? [...countedColumns, ...mediumColumns] : countedColumns)) {
      if (covers && !covers(toMedium(medium))) continue;
      count(
        counts,
        medium,
        standing(originals).filter((original) => (original.role & bits) !== 0),
        bits,
      );
    }
    return counts;
  }

  /** Those of SOURCE_DELETED originals are not: their source is gone. */
  async function uploads(): Promise<readonly string[]> {
    const ids: string[] = [];
    for await (const { originals } of ledger.groups(['status', 'upload'])) {
      for (const original of originals) {
        const isNeeded = original.status !== 'COMPLETED' && original.status !== 'SOURCE_DELETED';
        const upload = isNeeded ? toUpload(original) : null;
        if (upload) ids.push(upload.id);
      }
    }
    return ids;
  }

  return { openMedia, rows, tally, uploads };
}
