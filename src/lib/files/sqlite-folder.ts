/** Finds out what SQLite can do in a folder. Network folders differ from local ones. */
import { randomBytes } from 'node:crypto';
import { closeSync, openSync, rmSync, statfsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describeSystemError, systemErrorCode } from './system-error.ts';

/** What SQLite can do in a folder. */
export interface FolderAbilities {
  readonly locksFiles: boolean;
  /** Whether processes can share memory through a file, which the write-ahead log needs. */
  readonly sharesMemory: boolean;
}

/** The result codes of SQLite (sqlite.org/rescode.html) for locks that the system refuses. */
const lockCodes = new Set([3, 5, 6, 15, 2058, 2314, 3594, 3850]);
/** The result codes for a file that cannot be mapped into memory. */
const sharedMemoryCodes = new Set([4618, 4874, 5130, 5386]);

/** The result code of an error of SQLite, or undefined for any other error. */
export function sqliteCode(error: unknown): number | undefined {
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' ? error.errcode : undefined;
}

/** True if SQLite failed because its folder cannot share memory between processes. */
export function lacksSharedMemory(error: unknown): boolean {
  return sharedMemoryCodes.has(sqliteCode(error) ?? 0);
}

/**
 * Tries locks and shared memory with a new file, which is deleted again. No other process knows
 * that file, so a refused lock shows that the file system has no locks. Errors: those of SQLite if
 * no file can be made.
 */
export function probeFolder(folder: string): FolderAbilities {
  const path = join(folder, `probe-${randomBytes(8).toString('hex')}.sqlite`);
  const scratch = new DatabaseSync(path, { timeout: 0 });
  try {
    scratch.exec('PRAGMA synchronous = OFF; PRAGMA journal_mode = WAL; CREATE TABLE probe (id)');
    return { locksFiles: true, sharesMemory: !isNetworkFolder(folder) };
  } catch (error) {
    if (lacksSharedMemory(error)) return { locksFiles: true, sharesMemory: false };
    if (lockCodes.has(sqliteCode(error) ?? 0)) return { locksFiles: false, sharesMemory: false };
    throw error;
  } finally {
    scratch.close();
    for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(path + suffix, { force: true });
  }
}

/**
 * The types of network file systems in Linux (linux/magic.h): NFS, three of SMB, AFS, Ceph, 9P,
 * Lustre, GFS2 and OCFS2.
 */
const networkTypes = new Set([
  0x6969, 0x517b, 0xff534d42, 0xfe534d42, 0x5346414f, 0x00c36400, 0x01021997, 0x0bd00bd0, 0x01161970, 0x7461636f,
]);

/** True if the folder is certainly on another machine. Only Linux tells. */
export function isNetworkFolder(folder: string): boolean {
  if (process.platform !== 'linux') return false;
  try {
    return networkTypes.has(statfsSync(folder).type >>> 0);
  } catch {
    // A folder without an answer is not certainly a network folder. The next call on it fails.
    return false;
  }
}

/**
 * Says in words why SQLite could not use a file. SQLite hides the system's error, so this function
 * repeats the calls that may have failed. Returns SQLite's own message if they succeed.
 */
export function explainFailure(error: unknown, path: string): string {
  const message = error instanceof Error ? error.message : String(error);
  if (sqliteCode(error) === undefined) return describeSystemError(error);
  return failureOf(() => openSync(path, 'r+'), 'ENOENT') ?? failureOf(() => makeFile(dirname(path))) ?? message;
}

function makeFile(folder: string): number {
  const path = join(folder, `probe-${randomBytes(8).toString('hex')}`);
  const file = openSync(path, 'wx', 0o600);
  rmSync(path, { force: true });
  return file;
}

function failureOf(open: () => number, expected?: string): string | undefined {
  try {
    closeSync(open());
    return undefined;
  } catch (error) {
    return systemErrorCode(error) === expected ? undefined : describeSystemError(error);
  }
}
