import { DatabaseSync } from 'node:sqlite';
import { SyncError } from '../../errors.ts';

/** How long a statement waits for another process's write before it fails, in ms. */
const busyTimeoutMs = 10_000;

/**
 * A cache of this size holds the indexes of a large library. With SQLite's default of 2 MB, an
 * adoption would write the same pages repeatedly.
 */
const cacheKiB = 8 * 1024;

/** Opens a database without checking the content of its file. */
export function openDatabase(path: string): DatabaseSync {
  return new DatabaseSync(path, { timeout: busyTimeoutMs, enableForeignKeyConstraints: true });
}

/**
 * With these settings a commit survives a killed process. A power cut may undo the last commits.
 */
export function configure(database: DatabaseSync): void {
  database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -${cacheKiB}`);
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
const resultCodes = { busy: 5, locked: 6, corrupt: 11, full: 13, notADatabase: 26 } as const;

const damagedHint = 'Run the command again: a damaged tracker is set aside and rebuilt from the archive.';

const hints: Readonly<Record<number, string>> = {
  [resultCodes.full]: 'Free some space on the disk that holds CLOUD_SYNC_HOME.',
  [resultCodes.corrupt]: damagedHint,
  [resultCodes.notADatabase]: damagedHint,
};

function resultCode(thrown: unknown): number | undefined {
  const errcode = thrown instanceof Error && 'errcode' in thrown ? thrown.errcode : undefined;
  return typeof errcode === 'number' ? errcode & 0xff : undefined;
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
    const hint = 'Wait until that process ends, or end it. Its progress is kept.';
    return new SyncError('LOCKED', `another process has locked the tracker ${path}`, { cause: thrown, hint });
  }
  return new SyncError('TRACKER_UNUSABLE', `the tracker ${path} failed: ${thrown.message}`, {
    cause: thrown,
    hint: hints[code ?? 0] ?? 'Check that the folder exists and can be written, or set CLOUD_SYNC_HOME to another folder.',
  });
}
