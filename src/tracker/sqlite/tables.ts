import type { DatabaseSync, SQLInputValue, SQLOutputValue, StatementSync } from 'node:sqlite';
import { columnsOf, type Column } from '../ledger/encoding.ts';
import { mediumFields, originalFields, type Fields, type MediumRecord, type OriginalRecord } from '../ledger/fields.ts';

/** A record and the number of its row. */
export interface Row<Of> {
  readonly row: number;
  readonly record: Of;
}

type Search<Of> = (...parameters: SQLInputValue[]) => Row<Of>[];

/**
 * Access to the records of one table. Values are bound and read by position. Access by name would
 * take longer than SQLite's own work.
 */
export interface Table<Of> {
  readonly database: DatabaseSync;
  readonly name: string;
  readonly columns: readonly Column[];
  readonly find: Search<Of>;
  readonly insertion: StatementSync;
  /** UPDATE statements, by the list of columns that they change. */
  readonly updates: Map<string, StatementSync>;
}

/** Opens a table. `own` names its columns that hold no field of the record. */
function openTable<Of>(database: DatabaseSync, name: string, fields: Fields, own: readonly string[] = []): Table<Of> {
  const columns = columnsOf(fields);
  const names = [...columns.map(({ column }) => column), ...own];
  const values = names.map(() => '?');
  const insertion = database.prepare(`INSERT INTO ${name} (${names.join()}) VALUES (${values.join()}) ON CONFLICT DO NOTHING`);
  const find = prepareSearch<Of>({ database, name, columns }, 'id = ?');
  return { database, name, columns, find, insertion, updates: new Map() };
}

/**
 * Prepares a search with a WHERE clause. `row` is the expression that gives the number of a row.
 */
export function prepareSearch<Of>(
  { database, name, columns }: Pick<Table<Of>, 'database' | 'name' | 'columns'>,
  where: string,
  { fields, row = 'row' }: { readonly fields?: readonly (keyof Of & string)[]; readonly row?: string } = {},
): Search<Of> {
  const some = fields ? columns.filter((column) => (fields as readonly string[]).includes(column.name)) : columns;
  const select = database.prepare(`SELECT ${[row, ...some.map(({ column }) => column)].join()} FROM ${name} WHERE ${where}`);
  select.setReturnArrays(true);
  return (...parameters) => {
    const found = select.all(...parameters) as unknown as SQLOutputValue[][];
    return found.map((values) => ({ row: Number(values[0]), record: toRecord(some, values) as Of }));
  };
}

function toRecord(columns: readonly Column[], values: readonly SQLOutputValue[]): unknown {
  const record: Record<string, unknown> = {};
  for (let index = 0; index < columns.length; index += 1) {
    const { name, decode } = columns[index]!;
    record[name] = decode(values[index + 1] as string | number | null);
  }
  return record;
}

/**
 * Inserts a record. `own` has the values of the table's extra columns, which hold no field of the
 * record. Returns the row's number, or undefined if another row already has the same id or key.
 */
export function insertRow<Of>(table: Table<Of>, record: Of, own: readonly SQLInputValue[] = []): number | undefined {
  const values = table.columns.map(({ name, encode }) => encode(record[name as keyof Of]));
  const { changes, lastInsertRowid } = table.insertion.run(...values, ...own);
  return changes === 0 ? undefined : Number(lastInsertRowid);
}

/**
 * Writes only the columns that differ, because a written column may also have an index to update.
 */
export function updateRow<Of>(
  { database, name, columns, updates }: Table<Of>,
  { row, record: before }: Row<Of>,
  record: Of,
): void {
  const changed: string[] = [];
  const values: SQLInputValue[] = [];
  for (const { name: field, column, encode } of columns) {
    const [known, next] = [before[field as keyof Of], record[field as keyof Of]];
    if (known === next || encode(known) === encode(next)) continue;
    changed.push(`${column} = ?`);
    values.push(encode(next));
  }
  if (changed.length === 0) return;
  const list = changed.join();
  const update = updates.get(list) ?? database.prepare(`UPDATE ${name} SET ${list} WHERE row = ?`);
  updates.set(list, update);
  update.run(...values, row);
}

/** The tables and statements that all parts of the SQLite store share. */
export interface Tables {
  readonly media: Table<MediumRecord>;
  readonly originals: Table<OriginalRecord>;
  readonly mediumAt: Search<MediumRecord>;
  /** Finds the originals of a medium by its id, in the order in which they were recorded. */
  readonly originalsOf: Search<OriginalRecord>;
  /** Returns a statement for the other tables. The same text is prepared only once. */
  readonly sql: (text: string) => StatementSync;
}

/** The columns of an original that hold no field. `superseded` is 1 if a later revision exists. */
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
