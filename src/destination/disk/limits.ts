import { lstat } from 'node:fs/promises';
import { SyncError } from '../../errors.ts';
import { ignoring } from './files.ts';
import { describeFileSystem } from './space.ts';

/** What the file system of an archive cannot store. Known before a file is fetched, if possible. */
export interface FileLimits {
  /** The size of the largest file in bytes, as far as it is known. */
  maxFileBytes: number;
}

/** The type of FAT in `statfs` (Linux). */
const fatType = 0x4d44;
const maxFatFileBytes = 2 ** 32 - 1;
/** Every file system takes a name of this length. Some encrypting ones take little more. */
const safeNameBytes = 140;

export function createFileLimits(): FileLimits {
  return { maxFileBytes: Infinity };
}

/** Throws TOO_LARGE if the file system cannot store a file of this size. */
export async function requireFileSize(limits: FileLimits, location: string, sizeBytes: number | null): Promise<void> {
  if (sizeBytes === null || sizeBytes <= maxFatFileBytes) return assertSize(limits, location, sizeBytes ?? 0);
  const system = await describeFileSystem(location);
  if (system?.type === fatType) limits.maxFileBytes = Math.min(limits.maxFileBytes, maxFatFileBytes);
  assertSize(limits, location, sizeBytes);
}

function assertSize({ maxFileBytes }: FileLimits, location: string, sizeBytes: number): void {
  if (sizeBytes <= maxFileBytes) return;
  throw new SyncError('TOO_LARGE', `${location} stores no file of ${sizeBytes} bytes; its limit is ${maxFileBytes} bytes`, {
    hint: 'Use another file system, such as exFAT or ext4. The limit of FAT32 is 4 GiB.',
  });
}

/**
 * Notes that the file system refused a file of this size (EFBIG), so that none is fetched again.
 */
export function noteTooLarge(limits: FileLimits, sizeBytes: number | null): void {
  if (sizeBytes !== null) limits.maxFileBytes = Math.min(limits.maxFileBytes, sizeBytes - 1);
}

/** Throws the error ENAMETOOLONG of the system if the file system cannot have this name. */
export async function requireFileName(path: string): Promise<void> {
  if (Buffer.byteLength(path.slice(path.lastIndexOf('/') + 1)) <= safeNameBytes) return;
  await lstat(path).catch(ignoring('ENOENT', 'ENOTDIR'));
}
