import { DatabaseSync } from 'node:sqlite';
import { dirname } from 'node:path';
import { SyncError } from '../../errors.ts';
import { explainFailure, probeFolder, sqliteCode } from '../../lib/files/sqlite-folder.ts';

/** How long a statement waits for another process's write before it fails, in ms. */
const busyTimeoutMs = 10_000;
/** After this time, in ms, the tracker checks whether its folder has locks at all. */
const suspiciousWaitMs = 500;

/**
 * A cache of this size holds the indexes of a large library. With SQLite's default of 2 MB, an
 * adoption would write the same pages repeatedly.
 */
const cacheKiB = 8 * 1024;

/**
 * How SQLite makes commits safe. `wal` is faster, but its processes share memory through a file,
 * which network folders cannot do.
 */
export type JournalKind = 'wal' | 'rollback';

/** Opens a database without reading its file. */
export function openDatabase(path: string): DatabaseSync {
  return new DatabaseSync(path, { timeout: suspiciousWaitMs, enableForeignKeyConstraints: true });
}

/**
 * Makes statements wait for other processes from now on. Errors: TRACKER_UNUSABLE if the folder has
 * no locks, because then SQLite waits in vain; those of SQLite.
 */
export function waitForOthers(database: DatabaseSync, path: string): void {
  try {
    database.prepare('PRAGMA user_version').get();
  } catch (error) {
    if (resultCode(error) !== resultCodes.busy) throw error;
    if (!locksFiles(path)) throw withoutLocks(path, error);
  }
  database.exec(`PRAGMA busy_timeout = ${busyTimeoutMs}`);
}

/**
 * Keeps all other processes out until `configure`. SQLite then reads a file with a write-ahead log
 * without shared memory.
 */
export function keepOthersOut(database: DatabaseSync): void {
  database.exec('PRAGMA locking_mode = EXCLUSIVE');
}

/**
 * With these settings a commit survives a killed process. With `wal` a power cut may undo the last
 * commits.
 */
export function configure(database: DatabaseSync, journal: JournalKind): void {
  database.exec(`PRAGMA cache_size = -${cacheKiB}`);
  if (journal === 'wal') database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL');
  else database.exec('PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL; PRAGMA locking_mode = NORMAL');
}

/** Runs `work` in one transaction. No other process can write to the database meanwhile. */
export function inTransaction<Result>(database: DatabaseSync, work: () => Result): Result {
  database.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    database.exec('COMMIT');
    return result;
  } catch (error) {
    // SQLite itself rolls back after some errors, such as a full disk.
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

/** The primary result codes of SQLite (sqlite.org/rescode.html) that the tracker distinguishes. */
const resultCodes = { busy: 5, locked: 6, ioError: 10, corrupt: 11, full: 13, notADatabase: 26 } as const;

const damagedHint = 'Run the command again: a damaged tracker is set aside and rebuilt from the archive.';

const usualHint = 'Check that the folder exists and can be written, or set CLOUD_SYNC_HOME to another folder.';
const faultyHint = 'Check the health of the disk or network folder, or set CLOUD_SYNC_HOME to a folder on another disk.';

const hints: Readonly<Record<number, string>> = {
  [resultCodes.full]: 'Free some space on the disk that holds CLOUD_SYNC_HOME.',
  [resultCodes.corrupt]: damagedHint,
  [resultCodes.notADatabase]: damagedHint,
};

function resultCode(thrown: unknown): number | undefined {
  const code = sqliteCode(thrown);
  return code === undefined ? undefined : code & 0xff;
}

/** True if SQLite reports that the content of the file is damaged. */
export function saysCorrupt(thrown: unknown): boolean {
  const code = resultCode(thrown);
  return code === resultCodes.corrupt || code === resultCodes.notADatabase;
}

/**
 * Turns SQLite's errors into TRACKER_UNUSABLE, or into LOCKED while another process keeps SQLite's
 * lock, for example because it was stopped. Other errors stay unchanged.
 */
export function asTrackerError(thrown: unknown, path: string): unknown {
  const failed =
    thrown instanceof Error && 'code' in thrown && (thrown.code === 'ERR_SQLITE_ERROR' || thrown.code === 'ERR_INVALID_STATE');
  if (!failed) return thrown;
  const code = resultCode(thrown);
  if (code === resultCodes.busy || code === resultCodes.locked) {
    if (!locksFiles(path)) return withoutLocks(path, thrown);
    const hint = 'Wait until that process ends, or end it. Its progress is kept.';
    return new SyncError('LOCKED', `another process has locked the tracker ${path}`, { cause: thrown, hint });
  }
  const known = hints[code ?? 0];
  const reason = known === undefined && path !== '' ? explainFailure(thrown, path) : thrown.message;
  const tracker = path === '' ? 'temporary tracker' : `tracker ${path}`;
  return new SyncError('TRACKER_UNUSABLE', `the ${tracker} failed: ${reason}`, {
    cause: thrown,
    hint: known ?? (code === resultCodes.ioError ? faultyHint : usualHint),
  });
}

/** True also if the folder cannot be probed, because then the lock is not the problem. */
function locksFiles(path: string): boolean {
  try {
    return path === '' || probeFolder(dirname(path)).locksFiles;
  } catch {
    return true;
  }
}

/** The error for a tracker in a folder without locks, such as some network folders. */
export function withoutLocks(path: string, cause?: unknown): SyncError {
  return new SyncError('TRACKER_UNUSABLE', `the tracker ${path} is in a folder whose file system cannot lock files`, {
    cause,
    hint: 'Set CLOUD_SYNC_HOME to a folder on a disk of this machine, or mount the network folder with locks.',
  });
}
