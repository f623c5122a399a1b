import { access, constants } from 'node:fs/promises';
import { describeSystemError } from '../../lib/files/system-error.ts';

/** Returns in words why a directory cannot be read and written, or undefined if it can. */
export async function refusalOfWrites(directory: string): Promise<string | undefined> {
  return access(directory, constants.R_OK | constants.W_OK | constants.X_OK).then(() => undefined, describeSystemError);
}
