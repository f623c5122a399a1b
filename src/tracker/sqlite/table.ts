import type { DatabaseSync, SQLInputValue } from 'node:sqlite';

/** Rows of one table that are read, changed in memory and written back, always inside one transaction. */
export interface Table<Row extends { readonly row: number }> {
  find(id: string): Row | undefined;
  at(row: number): Row | undefined;
  /** Returns the new row's number. */
  insert(values: Omit<Row, 'row'>): number;
  save(row: Row): void;
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
  const update = database.prepare(
    `UPDATE ${name} SET ${columns.map((column) => `${column} = :${column}`).join()} WHERE row = :row`,
  );
  return {
    find: (id) => byId.get(id) as Row | undefined,
    at: (row) => byRow.get(row) as Row | undefined,
    insert: (values) => Number(insert.run(values as Record<string, SQLInputValue>).lastInsertRowid),
    save: (row) => void update.run(row as unknown as Record<string, SQLInputValue>),
  };
}
