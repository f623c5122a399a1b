import { statfs } from 'node:fs/promises';
import { SyncError } from '../../errors.ts';
import type { Clock } from '../../lib/clock.ts';
import { ignoring } from './files.ts';

/**
 * If at least this much space would remain, the free space is cached for 1 s, otherwise for 50 ms.
 */
const ampleBytes = 1024 ** 3;
const cachedMs = 1_000;
const cachedWhenTightMs = 50;

/** The free space on an archive's file system. Reserved space counts as used. */
export interface Space {
  /** The path of the archive, for messages. */
  readonly location: string;
  /** Asks the file system for the free space. Returns null if no limit is known. */
  readonly askFreeBytes: () => Promise<number | null>;
  readonly minimumFreeBytes: number;
  readonly clock: Clock;
  answer: { freeBytes: number; readonly askedAtMs: number };
  asking: Promise<void> | undefined;
  comingBytes: number;
}

/** Space that is reserved for bytes that are not written yet. */
export interface Room {
  readonly space: Space;
  leftBytes: number;
}

/**
 * Returns the free space in bytes, or null if the directory does not exist yet or its file system
 * does not report free space.
 */
export async function freeBytesAt(directory: string): Promise<number | null> {
  const system = await statfs(directory).catch(ignoring('ENOENT', 'ENOSYS'));
  return system && system.blocks > 0 ? system.bavail * system.bsize : null;
}

export function createSpace(options: Pick<Space, 'location' | 'askFreeBytes' | 'minimumFreeBytes' | 'clock'>): Space {
  return { ...options, answer: { freeBytes: 0, askedAtMs: -Infinity }, asking: undefined, comingBytes: 0 };
}

/**
 * Throws DESTINATION_FULL if `bytes` more bytes would leave less than the minimum of free space.
 */
export async function requireSpace(space: Space, bytes: number): Promise<void> {
  await refresh(space, bytes);
  assertFits(space, bytes);
}

/** Checks like `requireSpace`, and also reserves the space until it is used or released. */
export async function takeRoom(space: Space, bytes: number): Promise<Room> {
  await refresh(space, bytes);
  // `requireSpace` is not called here: while we awaited it, another file could reserve the space.
  assertFits(space, bytes);
  space.comingBytes += bytes;
  return { space, leftBytes: bytes };
}

/** Records that `writtenBytes` of the reserved bytes are now in the file. */
export function useRoom(room: Room, writtenBytes: number): void {
  room.space.answer.freeBytes -= writtenBytes;
  keepRoom(room, Math.max(0, room.leftBytes - writtenBytes));
}

/** Releases reserved space, because no more bytes will come. */
export function releaseRoom(room: Room): void {
  keepRoom(room, 0);
}

function keepRoom(room: Room, leftBytes: number): void {
  room.space.comingBytes += leftBytes - room.leftBytes;
  room.leftBytes = leftBytes;
}

function spareBytes({ answer, comingBytes, minimumFreeBytes }: Space, bytes: number): number {
  return answer.freeBytes - comingBytes - bytes - minimumFreeBytes;
}

/**
 * Asks the file system again if its last answer is too old. The less space remains, the sooner an
 * answer is too old. Simultaneous calls share one answer.
 */
async function refresh(space: Space, bytes: number): Promise<void> {
  const spare = spareBytes(space, bytes);
  const ageMs = space.clock.elapsed() - space.answer.askedAtMs;
  if (spare >= 0 && ageMs < (spare >= ampleBytes ? cachedMs : cachedWhenTightMs)) return;
  space.asking ??= ask(space).finally(() => (space.asking = undefined));
  await space.asking;
}

async function ask(space: Space): Promise<void> {
  const askedAtMs = space.clock.elapsed();
  space.answer = { freeBytes: (await space.askFreeBytes()) ?? Infinity, askedAtMs };
}

function assertFits(space: Space, bytes: number): void {
  if (spareBytes(space, bytes) >= 0) return;
  const { location, answer, comingBytes, minimumFreeBytes } = space;
  throw new SyncError(
    'DESTINATION_FULL',
    `${location} has ${answer.freeBytes} bytes free, but ${comingBytes + bytes} more are needed and ${minimumFreeBytes} must stay free`,
    { hint: 'Free some space there or choose another destination. Archived files are not affected.' },
  );
}
