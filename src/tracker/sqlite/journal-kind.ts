import { closeSync, openSync, readSync } from 'node:fs';
import { dirname } from 'node:path';
import { isNetworkFolder, probeFolder } from '../../lib/files/sqlite-folder.ts';
import { systemErrorCode } from '../../lib/files/system-error.ts';
import { withoutLocks, type JournalKind } from './database.ts';

/**
 * The first bytes of an SQLite file (sqlite.org/fileformat2.html, 1.3). Empty for an empty file.
 */
export type Header = Buffer;

/** Reads the header. Returns undefined if there is no file. */
export function readHeader(path: string): Header | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(path, 'r');
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const header = Buffer.alloc(20);
    return header.subarray(0, readSync(descriptor, header));
  } finally {
    closeSync(descriptor);
  }
}

/** True if the file is absent or empty, or begins like an SQLite file. */
export function mayBeDatabase(header: Header | undefined): boolean {
  return header === undefined || header.length === 0 || header.toString('latin1', 0, 16) === 'SQLite format 3\0';
}

export function usesWal(header: Header | undefined): boolean {
  return header?.[18] === 2;
}

/**
 * Chooses the journal of a tracker. A network folder never gets a write-ahead log, because two
 * machines could use it at the same time. A file with a write-ahead log keeps it elsewhere. Errors:
 * TRACKER_UNUSABLE if the folder has no locks; those of SQLite.
 */
export function chooseJournal(path: string, header: Header | undefined): JournalKind {
  const folder = dirname(path);
  // A tracker without a path is temporary, and SQLite keeps it in a place of its own.
  if (path === '' || (usesWal(header) && !isNetworkFolder(folder))) return 'wal';
  const { locksFiles, sharesMemory } = probeFolder(folder);
  if (!locksFiles) throw withoutLocks(path);
  return sharesMemory ? 'wal' : 'rollback';
}
