import { mkdirSync, renameSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { SyncError } from '../../errors.ts';
import { makePrivateFile } from '../../lib/files/private-files.ts';
import { lacksSharedMemory } from '../../lib/files/sqlite-folder.ts';
import { describeSystemError } from '../../lib/files/system-error.ts';
import { whileLocked } from '../../lib/files/while-locked.ts';
import { isoTime } from '../../lib/clock.ts';
import { backupTime, restoreBackup } from './backup.ts';
import { exists, forgetCleanClose, wasClosedCleanly } from './clean-close.ts';
import {
  asTrackerError,
  configure,
  inTransaction,
  keepOthersOut,
  openDatabase,
  saysCorrupt,
  waitForOthers,
  type JournalKind,
} from './database.ts';
import { chooseJournal, mayBeDatabase, readHeader, usesWal } from './journal-kind.ts';
import { applicationId, maxSchemaVersion, migrate, schemaVersion } from './schema.ts';

interface TrackerFile {
  readonly path: string;
  readonly archiveId: string;
  /** The time in ISO 8601, for the new name of a damaged file. */
  readonly now: string;
  readonly onWarning: (message: string) => void;
}

/**
 * Opens the tracker's file, makes it if it is missing, and brings it up to date. A damaged file is
 * set aside, because the ledger can be rebuilt from the archive. Errors: TRACKER_UNUSABLE, also for
 * a file of another archive, another program or a newer version.
 */
export function openTrackerFile(file: TrackerFile): DatabaseSync {
  const { path } = file;
  try {
    if (path !== '') mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    return openSound(file) ?? replaceDamaged(file);
  } catch (error) {
    const known = asTrackerError(error, path);
    if (known instanceof SyncError) throw known;
    throw new SyncError('TRACKER_UNUSABLE', `the tracker ${path} cannot be opened: ${describeSystemError(error)}`, {
      cause: error,
      hint: 'Check who owns the folder and whether its disk is sound, or set CLOUD_SYNC_HOME to another folder.',
    });
  }
}

/** Returns undefined if the file is damaged. */
function openSound(file: TrackerFile): DatabaseSync | undefined {
  // A temporary tracker has no path. SQLite gives its log files the mode of the file.
  if (file.path !== '') makePrivateFile(file.path);
  const header = readHeader(file.path);
  // This check comes before SQLite opens the file, because SQLite would delete a damaged file's
  // log.
  if (!mayBeDatabase(header)) return undefined;
  const isTrusted = wasClosedCleanly(file.path, Date.parse(file.now));
  try {
    return openWith(file, chooseJournal(file.path, header), isTrusted);
  } catch (error) {
    if (!lacksSharedMemory(error)) throw error;
    return openWith(file, 'rollback', isTrusted);
  }
}

/** Returns undefined if the file is damaged. A trusted file is not read in full. */
function openWith(file: TrackerFile, journal: JournalKind, isTrusted: boolean): DatabaseSync | undefined {
  const database = openDatabase(file.path);
  try {
    if (journal === 'rollback' && usesWal(readHeader(file.path))) keepOthersOut(database);
    waitForOthers(database, file.path);
    refuseForeign(database, file.path);
    if (!isTrusted) forgetCleanClose(file.path);
    if (isTrusted || isSound(database)) return prepared(database, file, journal);
  } catch (error) {
    database.close();
    if (saysCorrupt(error)) return undefined;
    throw error;
  }
  database.close();
  return undefined;
}

function prepared(database: DatabaseSync, file: TrackerFile, journal: JournalKind): DatabaseSync {
  configure(database, journal);
  inTransaction(database, () => migrate(database, file.archiveId));
  refuseOtherArchive(database, file);
  return database;
}

function isSound(database: DatabaseSync): boolean {
  return database.prepare('PRAGMA quick_check(1)').get()?.['quick_check'] === 'ok';
}

/** Checks the file again in a lock, because another process may have replaced the file already. */
function replaceDamaged(file: TrackerFile): DatabaseSync {
  return whileLocked(`${file.path}.lock`, () => openSound(file) ?? replaceByNew(file));
}

function replaceByNew(file: TrackerFile): DatabaseSync {
  const { path, archiveId } = file;
  const movedTo = setAside(path, file.now);
  const madeAtMs = backupTime(path);
  const next = restoreBackup(path, archiveId)
    ? `its backup of ${isoTime(madeAtMs ?? 0)} takes its place and learns from the archive what is newer`
    : 'a new tracker is rebuilt from the archive';
  file.onWarning(`the tracker ${path} was damaged and was renamed to ${movedTo}; ${next}`);
  const database = openSound(file);
  if (!database)
    throw new SyncError('TRACKER_UNUSABLE', `the new tracker ${path} is damaged already`, {
      hint: 'Check the disk.',
    });
  return database;
}

/** Renames the file and the files of its journal. Overwrites nothing. Returns the new path. */
function setAside(path: string, now: string): string {
  const wanted = `${path}.corrupt-${now.replaceAll(':', '-')}`;
  let target = wanted;
  for (let copy = 2; exists(target); copy += 1) target = `${wanted}-${copy}`;
  for (const suffix of ['-wal', '-shm', '-journal', '']) {
    if (exists(path + suffix)) renameSync(path + suffix, target + suffix);
  }
  return target;
}

function refuseForeign(database: DatabaseSync, path: string): void {
  const version = schemaVersion(database);
  if (version > maxSchemaVersion) {
    throw new SyncError('TRACKER_UNUSABLE', `the tracker ${path} was written by a newer Cloud Sync`, {
      hint: 'Update Cloud Sync, or set CLOUD_SYNC_HOME to another folder.',
    });
  }
  const isEmpty = database.prepare('SELECT count(*) AS tables FROM sqlite_schema').get()?.['tables'] === 0;
  const isOurs = database.prepare('PRAGMA application_id').get()?.['application_id'] === applicationId;
  if (!isEmpty && !isOurs) {
    throw new SyncError('TRACKER_UNUSABLE', `${path} is another program's database`, {
      hint: 'Set CLOUD_SYNC_HOME to another folder.',
    });
  }
}

function refuseOtherArchive(database: DatabaseSync, { path, archiveId }: TrackerFile): void {
  const owner = database.prepare(`SELECT value FROM settings WHERE name = 'archive_id'`).get()?.['value'];
  if (owner === archiveId) return;
  throw new SyncError('TRACKER_UNUSABLE', `the tracker ${path} belongs to another archive (${String(owner)}, not ${archiveId})`, {
    hint: 'Check --to, or set CLOUD_SYNC_HOME to the folder that belongs to this archive.',
  });
}
