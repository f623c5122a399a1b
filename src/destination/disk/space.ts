import { statfs } from 'node:fs/promises';
import { SyncError } from '../../errors.ts';
import type { Clock } from '../../lib/clock.ts';
import { ignoring } from './files.ts';

/** How long an answer of the file system is believed, less what was promised since; with less than the reserve it is asked each time. */
const believedMs = 1_000;
const reserveBytes = 1024 ** 3;

export interface Space {
  /** Null where the directory is not there yet, or its file system does not say. */
  freeBytes(): Promise<number | null>;
  /** Errors: DESTINATION_FULL when so many bytes would leave less than the minimum. */
  require(bytes: number): Promise<void>;
}

/** The room on the file system of an archive. */
export function createSpace(location: string, minimumFreeBytes: number, clock: Clock): Space {
  let known = { freeBytes: 0, untilMs: -Infinity };
  const freeBytes = async (): Promise<number | null> => {
    const system = await statfs(location).catch(ignoring('ENOENT', 'ENOSYS'));
    return system && system.blocks > 0 ? system.bavail * system.bsize : null;
  };
  return {
    freeBytes,
    require: async (bytes) => {
      const nowMs = clock.elapsed();
      known.freeBytes -= bytes;
      if (nowMs < known.untilMs && known.freeBytes >= minimumFreeBytes + reserveBytes) return;
      const free = await freeBytes();
      known = { freeBytes: (free ?? 0) - bytes, untilMs: nowMs + believedMs };
      if (free === null || free >= bytes + minimumFreeBytes) return;
      throw new SyncError(
        'DESTINATION_FULL',
        `${location} has ${free} bytes free, but ${bytes} more are needed and ${minimumFreeBytes} are kept`,
        { hint: 'Free some space there or choose another destination; what is archived stays.' },
      );
    },
  };
}
