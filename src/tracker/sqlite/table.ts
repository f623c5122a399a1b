import type { DatabaseSync, SQLInputValue, SQLOutputValue, StatementSync } from 'node:sqlite';

/** Rows of one table that are read, changed in memory and written back, always inside one transaction. */
export interface Table<Row extends { readonly row: number }> {
  find(id: string): Row | undefined;
  at(row: number): Row | undefined;
  /** Prepares a search by what follows WHERE. */
  where(this: void, condition: string): (...parameters: SQLInputValue[]) => Row[];
  /** Returns the new row's number; undefined, and nothing is done, when another row has its id or key. */
  insert(values: Omit<Row, 'row'>): number | undefined;
  /** With `before`, as it was read in this transaction, only what differs is written: an index costs more than its column. */
  save(row: Row, before?: Row): void;
}

/**
 * A table with an `id`, whose columns are the properties of `Row`. Values go in and out by position: by name, binding and reading them takes longer
 * than what SQLite does with them.
 */
export function openTable<Row extends { readonly row: number }>(database: DatabaseSync, name: string): Table<Row> {
  const columns = database
    .prepare('SELECT name FROM pragma_table_info(?)')
    .all(name)
    .map((column) => String(column['name']));
  const written = columns.filter((column) => column !== 'row');
  const prepareWhere = (condition: string): StatementSync => {
    const select = database.prepare(`SELECT ${columns.join()} FROM ${name} WHERE ${condition}`);
    select.setReturnArrays(true);
    return select;
  };
  const toRow = (values: readonly SQLOutputValue[]): Row => {
    const row: Record<string, SQLOutputValue | undefined> = {};
    for (let index = 0; index < columns.length; index += 1) row[columns[index]!] = values[index];
    return row as unknown as Row;
  };
  const first = (select: StatementSync, parameter: SQLInputValue): Row | undefined => {
    const values = select.get(parameter) as unknown as SQLOutputValue[] | undefined;
    return values && toRow(values);
  };
  const byId = prepareWhere('id = ?');
  const byRow = prepareWhere('row = ?');
  const insert = database.prepare(
    `INSERT INTO ${name} (${written.join()}) VALUES (${written.map(() => '?').join()}) ON CONFLICT DO NOTHING`,
  );
  const updates = new Map<string, StatementSync>();
  const updateOf = (changed: readonly string[]): StatementSync => {
    const list = changed.map((column) => `${column} = ?`).join();
    const update = updates.get(list) ?? database.prepare(`UPDATE ${name} SET ${list} WHERE row = ?`);
    updates.set(list, update);
    return update;
  };
  return {
    find: (id) => first(byId, id),
    at: (row) => first(byRow, row),
    where: (condition) => {
      const select = prepareWhere(condition);
      return (...parameters) => (select.all(...parameters) as unknown as SQLOutputValue[][]).map(toRow);
    },
    insert: (values) => {
      const next = values as Record<string, SQLInputValue>;
      const { changes, lastInsertRowid } = insert.run(...written.map((column) => next[column]!));
      return changes === 0 ? undefined : Number(lastInsertRowid);
    },
    save: (row, before) => {
      const next = row as unknown as Record<string, SQLInputValue>;
      const known = before as unknown as Record<string, SQLInputValue> | undefined;
      const changed = written.filter((column) => !known || next[column] !== known[column]);
      if (changed.length > 0) updateOf(changed).run(...changed.map((column) => next[column]!), row.row);
    },
  };
}
