/**
 * Loaded with `node --import` before the program: counts what it asks of SQLite, and says it on standard error when it ends. For the smoke test
 * only; the program itself knows nothing of it.
 */
import { DatabaseSync, StatementSync } from 'node:sqlite';

let statements = 0;
let transactions = 0;

function before<Prototype extends object>(
  prototype: Prototype,
  methods: readonly (keyof Prototype & string)[],
  take: (first: unknown) => void,
): void {
  for (const method of methods) {
    const original = prototype[method] as (...values: unknown[]) => unknown;
    const taking = function (this: unknown, ...values: unknown[]): unknown {
      take(values[0]);
      return Reflect.apply(original, this, values);
    };
    Object.defineProperty(prototype, method, { value: taking });
  }
}

before(StatementSync.prototype, ['run', 'get', 'all', 'iterate'], () => (statements += 1));
before(DatabaseSync.prototype, ['exec'], (sql) => {
  statements += 1;
  if (typeof sql === 'string' && sql.startsWith('BEGIN')) transactions += 1;
});

process.on('exit', () => process.stderr.write(`SQLite: ${statements} statements, ${transactions} transactions\n`));
