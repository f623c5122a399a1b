import { DatabaseSync } from 'node:sqlite';
import { makePrivateFile } from './private-files.ts';

/** A process waits this long for another process, in ms. An action takes a few milliseconds. */
const maxWaitMs = 30_000;

/**
 * Runs an action while no other process runs an action with the same lock file. The lock is
 * SQLite's lock on an empty file, so the system releases it when a process is killed. The file
 * stays. Errors: those of the action, those of the file, and SQLite's error if another process
 * keeps the lock.
 */
export function whileLocked<Result>(path: string, action: () => Result): Result {
  makePrivateFile(path);
  const lock = new DatabaseSync(path, { timeout: maxWaitMs });
  try {
    lock.exec('BEGIN EXCLUSIVE');
    return action();
  } finally {
    lock.close();
  }
}
