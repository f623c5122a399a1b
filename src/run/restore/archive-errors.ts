import type { Destination } from '../../destination/destination.ts';
import { SyncError } from '../../errors.ts';

/** What can be wrong with one file of an archive that is restored. */

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
  const ask = 'Ask the store to make the object readable, in its console or with `aws s3api restore-object`.';
  return new SyncError('UNREADABLE', cause.message, { cause, hint: `${ask} When that is done, run the same command again.` });
}

export function deniedError(cause: SyncError): SyncError {
  const hint = `The archive denies this file only. ${cause.hint ?? ''}`.trim();
  return new SyncError('STORE_REFUSED', cause.message, { cause, hint });
}
