import type { Destination } from '../../destination/destination.ts';
import { SyncError } from '../../errors.ts';
import { replacementsOf, type ArchivedFile } from '../../plan/restore/archived-files.ts';

/** What can be wrong with one file of an archive that is only read. */

const hint = '`verify` and `sync` repair what the provider still has.';

export function missingError(key: string, { location }: Destination): SyncError {
  return new SyncError('FILE_MISSING', `${location} describes ${key}, but no longer has it`, { hint });
}

/** `problem` says what the file has, such as `has 3 bytes instead of 4`. */
export function damagedError(key: string, problem: string, { location }: Destination): SyncError {
  return new SyncError('CHECKSUM_MISMATCH', `${location}/${key} is damaged: it ${problem}`, { hint });
}

/** `cause` says which object is in an archive class. */
export function frozenError(cause: SyncError): SyncError {
  const hint = '`cloud-sync thaw` asks the store to make it readable. When that is done, run the same command again.';
  return new SyncError('UNREADABLE', cause.message, { cause, hint });
}

export function deniedError(cause: SyncError): SyncError {
  const hint = `The archive denies this file only. ${cause.hint ?? ''}`.trim();
  return new SyncError('STORE_REFUSED', cause.message, { cause, hint });
}

/** Errors: FILE_MISSING, or CHECKSUM_MISMATCH for a file of another size. */
export function requirePresent({ key, presentBytes, sizeBytes }: ArchivedFile, archive: Destination): void {
  if (presentBytes === null) throw missingError(key, archive);
  if (presentBytes !== sizeBytes) throw damagedError(key, `has ${presentBytes} bytes instead of ${sizeBytes}`, archive);
}

/** Whether a damaged or missing file does not matter, because a later revision has its content. */
export function isReplaced(file: ArchivedFile, { code }: SyncError): boolean {
  return (code === 'CHECKSUM_MISMATCH' || code === 'FILE_MISSING') && hasReplacement(file);
}

/** Whether the archive has a later revision with the same content at the source. */
export function hasReplacement(file: ArchivedFile): boolean {
  return replacementsOf(file).some(({ presentBytes, sizeBytes }) => presentBytes === sizeBytes);
}
