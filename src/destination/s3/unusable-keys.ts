import { SyncError } from '../../errors.ts';
import type { Bucket } from './bucket.ts';
import type { Capabilities } from './probe/capabilities.ts';
import { refusalOf } from './errors.ts';

/** After this many files in a row that the store denies or does not show, the store is unusable. */
const maxInARow = 10;

/** Notes that the store took and shows a file. */
export function noteUsable({ unusableKeys }: Bucket): void {
  unusableKeys.clear();
}

/**
 * Notes that the store denies a file or does not show it. Returns true if that happens to every
 * file.
 */
export function noteUnusable({ unusableKeys }: Bucket, key: string): boolean {
  unusableKeys.add(key);
  return unusableKeys.size >= maxInARow;
}

/**
 * Converts the denial (403) of a write into STORE_REFUSED of this file, if the store still takes
 * our own objects. Returns any other error as it is.
 */
export async function asDenialOfFile(bucket: Bucket, capabilities: Capabilities, key: string, error: unknown): Promise<unknown> {
  if (!isDenial(error) || !(await capabilities.areUsable()) || noteUnusable(bucket, key)) return error;
  return refusedFile(error);
}

/** Whether the error is a denial (403) that may be about one key or about all. */
export function isDenial(error: unknown): error is SyncError {
  return error instanceof SyncError && error.code === 'DESTINATION_UNUSABLE' && refusalOf(error)?.status === 403;
}

export function refusedFile(error: SyncError): SyncError {
  const hint = `The store denies this file only. ${error.hint ?? ''}`.trim();
  return new SyncError('STORE_REFUSED', error.message, { hint, cause: error.cause });
}
