import type { SQLInputValue } from 'node:sqlite';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Role } from '../../media.ts';
import { roleBitsOf } from '../ledger/encoding.ts';
import type { MediumRecord, OriginalRecord } from '../ledger/fields.ts';
import { isOpen } from '../ledger/queries.ts';
import type { Group } from '../ledger/records.ts';
import type { Finding, Found, ScanOptions } from '../ledger/store.ts';
import { prepareSearch, type Tables } from './tables.ts';

/**
 * Functions that read many records. An index may find media without work, so `isOpen` checks each
 * medium that an index finds.
 */

const mediaInPage = 1000;

export async function* scan(tables: Tables, { fields, statuses }: ScanOptions = {}): AsyncGenerator<readonly Group[]> {
  const withStatus = `
    SELECT row FROM media WHERE status IN (SELECT value FROM json_each(:statuses))
    UNION SELECT medium FROM originals WHERE status IN (SELECT value FROM json_each(:statuses))
    UNION SELECT medium FROM originals WHERE mark IS NOT NULL AND mark IN (SELECT value FROM json_each(:statuses))
    UNION SELECT medium FROM originals
      WHERE proof = 'disputed' AND 'DISPUTED' IN (SELECT value FROM json_each(:statuses))`;
  const rows = statuses
    ? mediaRows(tables, withStatus, { statuses: JSON.stringify(statuses) })
    : mediaRows(tables, 'SELECT row FROM media');
  yield* groupsOf(tables, rows, fields);
}

/** Each SELECT has an index that holds little more than the open media. */
export async function* openMedia(tables: Tables, roles: readonly Role[]): AsyncGenerator<MediumRecord> {
  const rows = `
    SELECT row FROM media WHERE status IN ('LISTED', 'WAITING', 'FAILED') AND gone_since IS NULL
    UNION
    SELECT row FROM media WHERE status = 'RESOLVED' AND gone_since IS NULL AND resolved_roles & :roles <> :roles
    UNION
    SELECT medium FROM originals WHERE status IN ('PENDING', 'IN_PROGRESS', 'FAILED')
    UNION
    SELECT medium FROM originals WHERE mark IS NOT NULL`;
  for (const [index, row] of mediaRows(tables, rows, { roles: roleBitsOf(roles) }).entries()) {
    // Signals, timers and the renewal of the lease can run during this wait.
    if (index % 1000 === 999) await nextTurn();
    const medium = tables.mediumAt(row)[0]!.record;
    const originals = () => tables.originalsOf(medium.id).map(({ record }) => record);
    if (isOpen(medium, originals, roles)) yield medium;
  }
}

/**
 * Returns row numbers. SQLite returns the numbers as one JSON text, because one object for each row
 * would take more memory than the plan of a run.
 */
export function mediaRows(
  { sql }: Tables,
  rows: string,
  parameters: Readonly<Record<string, SQLInputValue>> = {},
): readonly number[] {
  const { numbers } = sql(`SELECT json_group_array(row) AS numbers FROM (${rows})`).get(parameters)!;
  return JSON.parse(String(numbers)) as number[];
}

/**
 * Reads media with their originals page by page. No statement is open while the caller has a page.
 */
export function* groupsOf(tables: Tables, rows: readonly number[], fields?: ScanOptions['fields']): Generator<readonly Group[]> {
  const ofPage = 'IN (SELECT value FROM json_each(?)) ORDER BY';
  const findMedia = prepareSearch(tables.media, `row ${ofPage} row`, fields && { fields: fields.medium });
  const findOriginals = prepareSearch(tables.originals, `medium ${ofPage} medium, row`, {
    row: 'medium',
    ...(fields && { fields: fields.original }),
  });
  for (let first = 0; first < rows.length; first += mediaInPage) {
    const page = JSON.stringify(rows.slice(first, first + mediaInPage));
    const originals = Map.groupBy(findOriginals(page), ({ row }) => row);
    yield findMedia(page).map(({ row, record }) => ({
      medium: record,
      originals: (originals.get(row) ?? []).map((original) => original.record),
    }));
  }
}

export function inStatus({ sql }: Tables, status: Finding, until: string | null): readonly Found[] {
  const found = sql(`
    SELECT 'medium' AS kind, id FROM media
    WHERE status = :status AND (:until IS NULL OR coalesce(waiting_since, status_since) <= :until)
    UNION ALL
    SELECT 'original' AS kind, id FROM originals WHERE status = :status AND :until IS NULL
    UNION ALL
    SELECT 'original' AS kind, id FROM originals WHERE mark = :status AND :until IS NULL
    UNION ALL
    SELECT 'original' AS kind, id FROM originals WHERE proof = 'disputed' AND :status = 'DISPUTED'`);
  return found.all({ status, until }) as unknown as Found[];
}

export function originalsWith({ originals }: Tables, field: 'intent' | 'upload'): readonly OriginalRecord[] {
  const search = prepareSearch<OriginalRecord>(originals, field === 'intent' ? 'intent = 1' : 'upload IS NOT NULL');
  return search().map(({ record }) => record);
}

export function unseen({ sql }: Tables, account: string, runId: string): readonly string[] {
  const found = sql('SELECT id FROM media WHERE account = :account AND gone_since IS NULL AND seen_run IS NOT :run');
  return found.all({ account, run: runId }).map(({ id }) => String(id));
}
