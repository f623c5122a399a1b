import { closeSync, copyFileSync, fsyncSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { makePrivateFile } from '../../lib/files/private-files.ts';
import { exists } from './clean-close.ts';
import { applicationId, maxSchemaVersion, schemaVersion } from './schema.ts';

/**
 * A copy of the tracker beside it. It keeps what the archive does not know, such as what a person
 * accepted and why files failed.
 */
export function backupOf(path: string): string {
  return `${path}.backup`;
}

/** Copying a large tracker takes a second, so it is copied once a day. */
const backupEveryMs = 24 * 60 * 60_000;

/** When the backup was made, in ms since 1970. Undefined if there is none. */
export function backupTime(path: string): number | undefined {
  return statSync(backupOf(path), { throwIfNoEntry: false })?.mtimeMs;
}

/**
 * Replaces the backup if it is older than a day. A kill leaves the old backup or the new one. The
 * database is open and has no unfinished writes. Errors: those of SQLite and of the file system.
 */
export function keepBackup(database: DatabaseSync, path: string, nowMs: number): void {
  const madeAtMs = backupTime(path);
  if (path === '' || (madeAtMs !== undefined && Math.abs(nowMs - madeAtMs) < backupEveryMs)) return;
  const temporary = `${backupOf(path)}.new`;
  rmSync(temporary, { force: true });
  // SQLite writes into an empty file, so that no other user can read the copy.
  makePrivateFile(temporary);
  database.prepare('VACUUM INTO ?').run(temporary);
  syncFile(temporary);
  renameSync(temporary, backupOf(path));
}

/**
 * Copies a sound backup of the same archive to the path of the tracker, which has no file. Returns
 * whether it did. The next run adopts what is newer in the archive.
 */
export function restoreBackup(path: string, archiveId: string): boolean {
  if (path === '' || !exists(backupOf(path))) return false;
  const temporary = `${path}.restored`;
  try {
    rmSync(temporary, { force: true });
    makePrivateFile(temporary);
    copyFileSync(backupOf(path), temporary);
    if (!isSoundTracker(temporary, archiveId)) return false;
    syncFile(temporary);
    renameSync(temporary, path);
    return true;
  } catch {
    // The tracker is then rebuilt from the archive alone.
    return false;
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** Also notes that the archive may have more files than the backup knows. */
function isSoundTracker(path: string, archiveId: string): boolean {
  const database = new DatabaseSync(path);
  try {
    if (database.prepare('PRAGMA quick_check(1)').get()?.['quick_check'] !== 'ok') return false;
    const isOurs = database.prepare('PRAGMA application_id').get()?.['application_id'] === applicationId;
    if (!isOurs || schemaVersion(database) > maxSchemaVersion) return false;
    if (database.prepare(`SELECT value FROM settings WHERE name = 'archive_id'`).get()?.['value'] !== archiveId) return false;
    database.exec(`DELETE FROM settings WHERE name = 'adopted_at'`);
    return true;
  } finally {
    database.close();
  }
}

function syncFile(path: string): void {
  const file = openSync(path, 'r+');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
