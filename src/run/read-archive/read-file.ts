import type { ContentFacts, Destination, TakeBytes } from '../../destination/destination.ts';
import { asSyncError, type SyncError } from '../../errors.ts';
import { deniedError, frozenError, missingError } from './archive-errors.ts';

/** The files in a row that the archive denied, although it shows its own id. */
export interface Denials {
  inARow: number;
}

export interface ReadPorts {
  /** The archive that is only read. */
  readonly archive: Destination;
  readonly denials: Denials;
  readonly signal: AbortSignal;
}

/** The bytes from `from` to before `to`. Default: to the end of the file. */
export interface Range {
  readonly from: number;
  readonly to?: number;
}

/** After this many denied files in a row, the whole archive counts as denied. */
const maxDenials = 10;

/**
 * Reads bytes of a file in an archive, and gives them to `take` in order. Errors: FILE_MISSING,
 * UNREADABLE, STORE_REFUSED (the archive denies only this file), those of the archive, and those of
 * `take`.
 */
export async function readFile(key: string, range: Range, take: TakeBytes, ports: ReadPorts): Promise<ContentFacts> {
  const { archive, denials, signal } = ports;
  let failure: SyncError | undefined;
  const taking = async (bytes: Uint8Array): Promise<void> => {
    try {
      await take(bytes);
    } catch (error) {
      failure = asSyncError(error);
      throw failure;
    }
  };
  try {
    const read = await archive.stat(key, { deep: true, ...range, take: taking, signal });
    denials.inARow = 0;
    if (read) return { sizeBytes: read.sizeBytes, crc32: read.crc32 ?? 0 };
  } catch (error) {
    signal.throwIfAborted();
    // The archive would report an error of `take` as its own.
    throw failure ?? (await judge(asSyncError(error), ports));
  }
  throw missingError(key, archive);
}

/** If the archive denies a file but shows its own id, only that file fails. */
async function judge(archiveError: SyncError, { archive, denials }: ReadPorts): Promise<SyncError> {
  if (archiveError.code === 'UNREADABLE') return frozenError(archiveError);
  if (archiveError.code !== 'DESTINATION_UNUSABLE') return archiveError;
  denials.inARow += 1;
  if (denials.inARow >= maxDenials) return archiveError;
  const id = await archive.identify().catch(() => undefined);
  return id === undefined ? archiveError : deniedError(archiveError);
}
