import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { mediumFields, originalFields, type MediumRecord, type OriginalRecord } from '../ledger/fields.ts';
import { openTable, prepareSearch, type Search, type Table } from './table.ts';

/** What all parts of the SQLite store work with. */
export interface Tables {
  readonly media: Table<MediumRecord>;
  readonly originals: Table<OriginalRecord>;
  readonly mediumAt: Search<MediumRecord>;
  /** Originals by the id of their medium, in the order in which they were recorded. */
  readonly originalsOf: Search<OriginalRecord>;
  /** A statement for the other tables, prepared once. */
  readonly sql: (text: string) => StatementSync;
}

/** What an original's row has beside its fields. `superseded`: a later revision exists. */
const ownColumns = ['medium', 'identity', 'folded_key', 'superseded'];

export function openTables(database: DatabaseSync): Tables {
  const media = openTable<MediumRecord>(database, 'media', mediumFields);
  const originals = openTable<OriginalRecord>(database, 'originals', originalFields, ownColumns);
  const statements = new Map<string, StatementSync>();
  const sql = (text: string): StatementSync => {
    const statement = statements.get(text) ?? database.prepare(text);
    statements.set(text, statement);
    return statement;
  };
  return {
    media,
    originals,
    mediumAt: prepareSearch(media, 'row = ?'),
    originalsOf: prepareSearch(originals, 'medium = (SELECT row FROM media WHERE id = ?) ORDER BY row'),
    sql,
  };
}
