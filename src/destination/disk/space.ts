import { statfs } from 'node:fs/promises';
import { SyncError } from '../../errors.ts';
import type { Clock } from '../../lib/clock.ts';
import { ignoring } from './files.ts';

/** With so much to spare an answer of the file system is believed for a second, with less only as long as a few small files take. */
const ampleBytes = 1024 ** 3;
const believedMs = 1_000;
const believedWhenTightMs = 50;

/** Room that is kept for bytes on their way. */
export interface Room {
  /** So many of them are in the file now. */
  wrote(bytes: number): void;
  /** No more of them will come. */
  release(): void;
}

/** The room on the file system of an archive. What is on its way to it counts as used. */
export interface Space {
  /** Errors: DESTINATION_FULL when so many bytes more would leave less than the minimum. */
  require(bytes: number): Promise<void>;
  /** Like `require`, and keeps the room until it is used or released. */
  take(bytes: number): Promise<Room>;
}

/** Null where the directory is not there yet, or its file system does not say. */
export async function freeBytesAt(directory: string): Promise<number | null> {
  const system = await statfs(directory).catch(ignoring('ENOENT', 'ENOSYS'));
  return system && system.blocks > 0 ? system.bavail * system.bsize : null;
}

/** `askFreeBytes` answers for `location`; null: there is no limit known. */
export function createSpace(
  location: string,
  askFreeBytes: () => Promise<number | null>,
  minimumFreeBytes: number,
  clock: Clock,
): Space {
  let answer = { freeBytes: 0, askedAtMs: -Infinity };
  let asking: Promise<void> | undefined;
  let comingBytes = 0;

  const ask = async (): Promise<void> => {
    const askedAtMs = clock.elapsed();
    answer = { freeBytes: (await askFreeBytes()) ?? Infinity, askedAtMs };
  };
  const spareBytes = (bytes: number) => answer.freeBytes - comingBytes - bytes - minimumFreeBytes;
  /** Sees to an answer that is fresh enough for how close it is. Many files at once ask once. */
  const refresh = async (bytes: number): Promise<void> => {
    const spare = spareBytes(bytes);
    const ageMs = clock.elapsed() - answer.askedAtMs;
    if (spare >= 0 && ageMs < (spare >= ampleBytes ? believedMs : believedWhenTightMs)) return;
    asking ??= ask().finally(() => (asking = undefined));
    await asking;
  };
  const assertFits = (bytes: number): void => {
    if (spareBytes(bytes) >= 0) return;
    throw new SyncError(
      'DESTINATION_FULL',
      `${location} has ${answer.freeBytes} bytes free, but ${comingBytes + bytes} more are needed and ${minimumFreeBytes} are kept`,
      { hint: 'Free some space there or choose another destination; what is archived stays.' },
    );
  };
  const createRoom = (bytes: number): Room => {
    let left = 0;
    const keep = (newLeft: number) => {
      comingBytes += newLeft - left;
      left = newLeft;
    };
    keep(bytes);
    return {
      wrote: (written) => {
        answer.freeBytes -= written;
        keep(Math.max(0, left - written));
      },
      release: () => keep(0),
    };
  };
  return {
    require: async (bytes) => {
      await refresh(bytes);
      assertFits(bytes);
    },
    take: async (bytes) => {
      await refresh(bytes);
      // Not by way of `require`: nobody else may get a turn between the look and the taking.
      assertFits(bytes);
      return createRoom(bytes);
    },
  };
}
