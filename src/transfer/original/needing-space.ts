import { asSyncError, SyncError } from '../../errors.ts';
import type { Copy } from '../context.ts';
import { dropUpload } from './drop-upload.ts';

interface Need {
  /** The size of the file. Null if it is unknown. */
  readonly sizeBytes: number | null;
  /** False if the destination only compared the size with its free space. */
  readonly isBegun: boolean;
}

const hint = 'Free some space there. The next run tries the file again.';

/**
 * Runs a step that needs space at the destination. If the file does not fit, it fails alone, and
 * its stored parts make room for other files. Errors: those of the step, such as TOO_LARGE;
 * SPACE_RESERVED if the file may fit when other files have ended; NO_SPACE if it does not fit;
 * DESTINATION_FULL if no file fits any more.
 */
export async function needingSpace<Result>(copy: Copy, need: Need, step: () => Promise<Result>): Promise<Result> {
  try {
    return await step();
  } catch (thrown) {
    const error = asSyncError(thrown);
    if (error.code === 'TOO_LARGE') await dropUpload(copy);
    throw error.code === 'DESTINATION_FULL' ? await judge(copy, need, error) : error;
  }
}

async function judge(copy: Copy, { sizeBytes, isBegun }: Need, error: SyncError): Promise<SyncError> {
  const { fullness, postponed } = copy.transfer;
  // The run has already ended, for example because a smaller file found no space either.
  if (copy.signal.aborted) return error;
  const mayWait = !isBegun && postponed !== undefined;
  if (mayWait && fullness.fitsAlone(await missingBytes(copy, sizeBytes), await askFreeBytes(copy)))
    return new SyncError('SPACE_RESERVED', error.message, { cause: error });
  await dropUpload(copy);
  // The dropped bytes count as free, because other files can use their space.
  const freeBytes = await askFreeBytes(copy);
  if (fullness.countRefused({ sizeBytes, freeBytes, isBegun })) return error;
  const about = sizeBytes === null ? 'a file of unknown size' : `a file of ${sizeBytes} bytes`;
  const free = freeBytes === null ? '' : ` (${freeBytes} bytes are free)`;
  return new SyncError('NO_SPACE', `there is no space for ${about}${free}: ${error.message}`, { cause: error, hint });
}

async function askFreeBytes({ transfer }: Copy): Promise<number | null> {
  return (await transfer.destination.freeBytes?.().catch(() => null)) ?? null;
}

async function missingBytes({ transfer, claim }: Copy, sizeBytes: number | null): Promise<number> {
  const parts = (await transfer.tracker.upload(claim.id))?.parts ?? [];
  return (sizeBytes ?? 0) - parts.reduce((sum, part) => sum + part.sizeBytes, 0);
}
