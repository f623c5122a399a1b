import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';

/** Rows of one table that are read, changed in memory and written back, always inside one transaction. */
export interface Table<Row extends { readonly row: number }> {
  find(id: string): Row | undefined;
  at(row: number): Row | undefined;
  /** Returns the new row's number. */
  insert(values: Omit<Row, 'row'>): number;
  /** With `before`, as it was read in this transaction, only what differs is written: an index costs more than its column. */
  save(row: Row, before?: Row): void;
}

/** A table with an `id`, whose columns are the properties of `Row`. */
export function openTable<Row extends { readonly row: number }>(database: DatabaseSync, name: string): Table<Row> {
  const names = database.prepare('SELECT name FROM pragma_table_info(?)').all(name);
  const columns = names.map((column) => String(column['name'])).filter((column) => column !== 'row');
  const byId = database.prepare(`SELECT * FROM ${name} WHERE id = ?`);
  const byRow = database.prepare(`SELECT * FROM ${name} WHERE row = ?`);
  const insert = database.prepare(
    `INSERT INTO ${name} (${columns.join()}) VALUES (${columns.map((column) => `:${column}`).join()})`,
  );
  const updates = new Map<string, StatementSync>();
  const updateOf = (changed: readonly string[]): StatementSync => {
    const list = changed.map((column) => `${column} = :${column}`).join();
    const update = updates.get(list) ?? database.prepare(`UPDATE ${name} SET ${list} WHERE row = :row`);
    updates.set(list, update);
    return update;
  };
  return {
    find: (id) => byId.get(id) as Row | undefined,
    at: (row) => byRow.get(row) as Row | undefined,
    insert: (values) => Number(insert.run(values as Record<string, SQLInputValue>).lastInsertRowid),
    save: (row, before) => {
      const next = row as unknown as Record<string, SQLInputValue>;
      const known = before as unknown as Record<string, SQLInputValue> | undefined;
      const changed = columns.filter((column) => !known || next[column] !== known[column]);
      if (changed.length === 0) return;
      const values = ['row', ...changed].map((column) => [column, next[column]]);
      updateOf(changed).run(Object.fromEntries(values) as Record<string, SQLInputValue>);
    },
  };
}
