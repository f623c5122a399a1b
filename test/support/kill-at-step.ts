/**
 * Kills the process of the command line. `node --import` loads this file into that process. The
 * file counts the calls that change a file or the tracker, and sends SIGKILL just before call
 * number KILL_BEFORE_STEP. It writes the names of the calls to STEP_LOG, one a line. Only the first
 * write to each open file counts, because the number of writes depends on how the bytes arrive.
 * With NO_HARD_LINKS every attempt to make a hard link fails. Each call waits STEP_DELAY_MS, so
 * that processes meet in the middle of their work.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { DatabaseSync, type StatementSync } from 'node:sqlite';

type Call = (...args: never[]) => unknown;

const killBefore = Number(process.env['KILL_BEFORE_STEP'] ?? Infinity);
const log = process.env['STEP_LOG'];
const writeLog = fs.writeSync;
const logFile = log === undefined ? undefined : fs.openSync(log, 'a');
const delayMs = Number(process.env['STEP_DELAY_MS'] ?? 0);
const never = new Int32Array(new SharedArrayBuffer(4));
let steps = 0;

function step(name: string): void {
  steps += 1;
  if (logFile !== undefined) writeLog(logFile, `${steps} ${name}\n`);
  if (steps === killBefore) process.kill(process.pid, 'SIGKILL');
  if (delayMs > 0) Atomics.wait(never, 0, 0, delayMs);
}

/**
 * Counts the calls of a method. `named` returns the name of a call, or undefined if the call does
 * not count.
 */
function watch<Target extends object>(
  target: Target,
  method: keyof Target & string,
  named: (self: object, args: readonly unknown[]) => string | undefined,
): void {
  const original = target[method] as Call;
  const watching = function (this: object, ...args: never[]): unknown {
    const name = named(this, args);
    if (name !== undefined) step(name);
    return original.apply(this, args);
  };
  Object.assign(target, { [method]: watching });
}

function isReading(args: readonly unknown[]): boolean {
  const flags = args[1] ?? 'r';
  return (
    flags === 'r' ||
    (typeof flags === 'number' && (flags & (fs.constants.O_WRONLY | fs.constants.O_RDWR | fs.constants.O_CREAT)) === 0)
  );
}

if (process.env['NO_HARD_LINKS'] !== undefined) {
  fs.promises.link = async () => {
    throw Object.assign(new Error('EPERM: simulated, link'), { code: 'EPERM', syscall: 'link' });
  };
}
const pathMethods = [
  'link',
  'rename',
  'unlink',
  'rm',
  'rmdir',
  'mkdir',
  'utimes',
  'truncate',
  'writeFile',
  'appendFile',
  'copyFile',
] as const;
for (const method of pathMethods) watch(fs.promises, method, (_, args) => `${method} ${String(args[0])}`);
watch(fs.promises, 'open', (_, args) => (isReading(args) ? undefined : `open ${String(args[0])}`));
for (const method of ['linkSync', 'renameSync', 'unlinkSync', 'rmSync', 'mkdirSync', 'writeFileSync'] as const) {
  watch(fs, method, (_, args) => `${method} ${String(args[0])}`);
}

const probe = await fs.promises.open('/dev/null');
const handles = Object.getPrototypeOf(probe) as fs.promises.FileHandle;
await probe.close();
const written = new WeakSet<object>();
for (const method of ['sync', 'datasync', 'utimes', 'truncate'] as const) watch(handles, method, () => `handle.${method}`);
for (const method of ['write', 'writev', 'writeFile', 'appendFile'] as const) {
  watch(handles, method, (handle) => {
    if (written.has(handle)) return undefined;
    written.add(handle);
    return `handle.${method}`;
  });
}

const databaseOf = new WeakMap<object, DatabaseSync>();
const prepare: (this: DatabaseSync, ...args: never[]) => StatementSync = Reflect.get(DatabaseSync.prototype, 'prepare');
Object.assign(DatabaseSync.prototype, {
  prepare(this: DatabaseSync, ...args: never[]): StatementSync {
    const statement = prepare.apply(this, args);
    databaseOf.set(statement, this);
    return statement;
  },
});
watch(DatabaseSync.prototype, 'exec', (database, args) => {
  const sql = String(args[0]).trim();
  const durable = /^commit/i.test(sql) || !(database as DatabaseSync).isTransaction;
  return durable && !/^(?:begin|pragma)/i.test(sql) ? `exec ${sql.slice(0, 40)}` : undefined;
});

const memory = new DatabaseSync(':memory:');
const statements = Object.getPrototypeOf(memory.prepare('SELECT 1')) as StatementSync;
memory.close();
for (const method of ['run', 'get', 'all'] as const) {
  watch(statements, method, (statement) => {
    const sql = (statement as StatementSync).sourceSQL.trim();
    const durable = databaseOf.get(statement)?.isTransaction === false && /^(?:insert|update|delete|replace)/i.test(sql);
    return durable ? `${method} ${sql.replaceAll(/\s+/g, ' ').slice(0, 60)}` : undefined;
  });
}

syncBuiltinESMExports();
