import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { makePrivateFile } from './private-files.ts';
import { explainFailure, probeFolder, sqliteCode } from './sqlite-folder.ts';

/** A process waits this long for another process, in ms. An action takes a few milliseconds. */
const maxWaitMs = 30_000;
/** After this time, in ms, a process checks whether the file system has locks at all. */
const suspiciousWaitMs = 500;

/**
 * Runs an action while no other process runs an action with the same lock file. The lock is
 * SQLite's lock on an empty file, so the system releases it when a process is killed. The file
 * stays. Errors: those of the action, those of the file, and an error that says why there is no
 * lock.
 */
export function whileLocked<Result>(path: string, action: () => Result): Result {
  const lock = openLock(path);
  try {
    takeLock(lock, path);
    return action();
  } finally {
    lock.close();
  }
}

function openLock(path: string): DatabaseSync {
  try {
    makePrivateFile(path);
    return new DatabaseSync(path, { timeout: suspiciousWaitMs });
  } catch (error) {
    throw new Error(`cannot open ${path}: ${explainFailure(error, path)}`, { cause: error });
  }
}

function takeLock(lock: DatabaseSync, path: string): void {
  try {
    lock.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    if (!isBusy(error)) throw new Error(`cannot lock ${path}: ${explainFailure(error, path)}`, { cause: error });
    if (!probeFolder(dirname(path)).locksFiles) {
      throw new Error(`the file system of ${dirname(path)} cannot lock files`, { cause: error });
    }
    waitForLock(lock, path);
  }
}

function waitForLock(lock: DatabaseSync, path: string): void {
  try {
    lock.exec(`PRAGMA busy_timeout = ${maxWaitMs}; BEGIN EXCLUSIVE`);
  } catch (error) {
    if (!isBusy(error)) throw error;
    throw new Error(`another process keeps the lock ${path}`, { cause: error });
  }
}

function isBusy(error: unknown): boolean {
  return ((sqliteCode(error) ?? 0) & 0xff) === 5;
}
