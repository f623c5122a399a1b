/**
 * Counts the program's SQLite statements and prints the counts to standard error at the end. Only
 * the smoke test loads this file, with `node --import`. The program does not know this file.
 */
import { DatabaseSync, StatementSync } from 'node:sqlite';

let statements = 0;
let transactions = 0;

function callBefore<Prototype extends object>(
  prototype: Prototype,
  methods: readonly (keyof Prototype & string)[],
  callback: (first: unknown) => void,
): void {
  for (const method of methods) {
    const original = prototype[method] as (...values: unknown[]) => unknown;
    const wrapped = function (this: unknown, ...values: unknown[]): unknown {
      callback(values[0]);
      return Reflect.apply(original, this, values);
    };
    Object.defineProperty(prototype, method, { value: wrapped });
  }
}

callBefore(StatementSync.prototype, ['run', 'get', 'all', 'iterate'], () => (statements += 1));
callBefore(DatabaseSync.prototype, ['exec'], (sql) => {
  statements += 1;
  if (typeof sql === 'string' && sql.startsWith('BEGIN')) transactions += 1;
});

process.on('exit', () => process.stderr.write(`SQLite: ${statements} statements, ${transactions} transactions\n`));
