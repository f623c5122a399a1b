import { DatabaseSync } from 'node:sqlite';
import { saysCorrupt } from './database.ts';
import { exists } from './clean-close.ts';
import { mayBeDatabase, readHeader } from './journal-kind.ts';

/**
 * Reads a tracker in full without changing it. Errors: those of SQLite, except that the file is
 * damaged.
 */
export function inspectTracker(path: string): 'absent' | 'sound' | 'damaged' {
  if (!exists(path)) return 'absent';
  if (!mayBeDatabase(readHeader(path))) return 'damaged';
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path, { readOnly: true });
    return database.prepare('PRAGMA quick_check(1)').get()?.['quick_check'] === 'ok' ? 'sound' : 'damaged';
  } catch (error) {
    if (saysCorrupt(error)) return 'damaged';
    throw error;
  } finally {
    database?.close();
  }
}
